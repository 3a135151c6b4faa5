/** How short of memory the gateway is, so that it refuses work before the system ends it. */
import {
  memoryCriticalShare,
  memoryCriticalShareMax,
  memoryPatienceMs,
  memoryTightShare,
  memoryTightShareMax,
} from "./limits.ts";

/**
 * `tight`: no new connections, and messages of QoS 0 are dropped. `critical`: publishers are not read either.
 */
export type MemoryPressure = "none" | "tight" | "critical";

/** How far below the mark where a state began it ends: a tenth of the ceiling is a collection or two. */
const hysteresis = 0.1;

/** Growth below this is none; and how far the marks move above what stays. */
const growth = 0.01;
const step = 0.05;

/**
 * Tells the pressure from what is used, and does not waver.
 *
 * What an allocator has taken it does not always give back, however little of it is used again. So when the use has not
 * grown for a while, the marks move a step above it, up to their limits: if there is room inside, everybody is served,
 * and if there is none, the use grows, and the pressure is back at once.
 */
export class PressureGauge {
  pressure: MemoryPressure = "none";
  #tightShare = memoryTightShare;
  #criticalShare = memoryCriticalShare;
  #peak = 0;
  #peakAtMs = 0;

  /**
   * Looks again.
   *
   * @param share - What is used, of the ceiling.
   * @returns Whether the pressure is another one now.
   */
  look(share: number, nowMs: number): boolean {
    const before = this.pressure;
    if (before === "none" || share > this.#peak + growth) {
      this.#peak = share;
      this.#peakAtMs = nowMs;
    }
    const isCalm = nowMs - this.#peakAtMs >= memoryPatienceMs;
    if (share < memoryTightShare - hysteresis) this.#setMarks(0);
    else if (isCalm) {
      this.#setMarks(share + step);
      this.#peak = share;
      this.#peakAtMs = nowMs;
    }
    const isCritical = share >= this.#criticalShare - (before === "critical" && !isCalm ? hysteresis : 0);
    const isTight = share >= this.#tightShare - (before === "none" || isCalm ? 0 : hysteresis);
    if (isCritical) this.pressure = "critical";
    else this.pressure = isTight ? "tight" : "none";
    return this.pressure !== before;
  }

  #setMarks(share: number): void {
    this.#tightShare = Math.min(memoryTightShareMax, Math.max(memoryTightShare, share));
    this.#criticalShare = Math.min(memoryCriticalShareMax, Math.max(memoryCriticalShare, share));
  }
}
