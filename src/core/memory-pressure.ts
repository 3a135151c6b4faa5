/** How short of memory the gateway is, so that it refuses work before the system ends it. */
import { memoryCriticalShare, memoryTightShare } from "./limits.ts";

/**
 * `tight`: no new connections, and messages of QoS 0 are dropped. `critical`: publishers are not read either.
 */
export type MemoryPressure = "none" | "tight" | "critical";

/** How far below the mark where a state began it ends: a tenth of the ceiling is a collection or two. */
const hysteresis = 0.1;

/** Tells the pressure from what is used, and does not waver. */
export class PressureGauge {
  pressure: MemoryPressure = "none";

  /**
   * Looks again.
   *
   * @param share - What is used, of the ceiling.
   * @returns Whether the pressure is another one now.
   */
  look(share: number): boolean {
    const before = this.pressure;
    const isCritical = share >= memoryCriticalShare - (before === "critical" ? hysteresis : 0);
    const isTight = share >= memoryTightShare - (before === "none" ? 0 : hysteresis);
    if (isCritical) this.pressure = "critical";
    else this.pressure = isTight ? "tight" : "none";
    return this.pressure !== before;
  }
}
