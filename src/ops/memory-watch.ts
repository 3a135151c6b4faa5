/** Watches how much memory the process has beside what it may have, and tells of it before the system ends it. */
import { totalmem } from "node:os";
import { performance } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memoryOfAllowedShare, memoryOfMachineShare, memoryTightShare } from "../core/limits.ts";
import { type MemoryPressure, PressureGauge } from "../core/memory-pressure.ts";
import type { Logger, MetricFamily } from "../core/ports.ts";

/** How often it is looked: 16 MiB, which may come in between, are a twentieth of the smallest ceiling. */
const lookEveryMs = 250;

/** While memory is short, garbage is collected as often: what is refused is refused for what is really held. */
const collectEveryMs = 5_000;

export interface MemoryUse {
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Where the JavaScript engine gives up. */
  readonly heapBytesMax: number;
}

export interface MemoryWatchOptions {
  readonly logger: Logger;
  /** The pressure is another one now. */
  readonly onChange: (pressure: MemoryPressure) => void;
  /** Default: see {@link memoryCeilingBytes}. */
  readonly ceilingBytes?: number | undefined;
  /** Default: of this process. */
  readonly use?: () => MemoryUse;
  readonly everyMs?: number;
}

/** What this process may have, by its control group or by the machine. Source: cgroups(7), `memory.max`. */
export function memoryCeilingBytes(): number {
  const allowed = process.constrainedMemory();
  const machine = totalmem();
  // Without a limit the system gives 0, or more than there is.
  const isAllowed = allowed > 0 && allowed < machine;
  return Math.floor(isAllowed ? allowed * memoryOfAllowedShare : machine * memoryOfMachineShare);
}

function useOfProcess(): MemoryUse {
  const { used_heap_size: heapBytes, heap_size_limit: heapBytesMax } = getHeapStatistics();
  return { residentBytes: process.memoryUsage.rss(), heapBytes, heapBytesMax };
}

export class MemoryWatch {
  readonly metrics: readonly MetricFamily[];
  readonly ceilingBytes: number;
  readonly #options: MemoryWatchOptions;
  readonly #use: () => MemoryUse;
  readonly #gauge = new PressureGauge();
  readonly #timer: NodeJS.Timeout;
  readonly #everyMs: number;
  #sinceCollectedMs = collectEveryMs;
  #collect: (() => void) | undefined;
  #begun = 0;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.ceilingBytes = options.ceilingBytes ?? memoryCeilingBytes();
    this.#use = options.use ?? useOfProcess;
    this.#everyMs = options.everyMs ?? lookEveryMs;
    this.#timer = setInterval(() => this.#look(), this.#everyMs).unref();
    this.metrics = [
      family("holdfast_memory_ceiling_bytes", "Resident memory that the process may have.", () => {
        return this.ceilingBytes;
      }),
      family("holdfast_memory_pressure", "0: none, 1: tight, 2: critical.", () => {
        return { none: 0, tight: 1, critical: 2 }[this.pressure];
      }),
      family("holdfast_memory_shortages_total", "Times that memory became short.", () => this.#begun),
    ];
  }

  get pressure(): MemoryPressure {
    return this.#gauge.pressure;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #share(): number {
    const { residentBytes, heapBytes, heapBytesMax } = this.#use();
    return Math.max(residentBytes / this.ceilingBytes, heapBytes / heapBytesMax);
  }

  #look(): void {
    const before = this.pressure;
    this.#sinceCollectedMs += this.#everyMs;
    let share = this.#share();
    const isShort = share >= memoryTightShare || before !== "none";
    if (isShort && this.#sinceCollectedMs >= collectEveryMs) {
      this.#collectGarbage();
      share = this.#share();
    }
    if (!this.#gauge.look(share, performance.now())) return;
    if (before === "none") this.#begun += 1;
    this.#tell(share);
    this.#options.onChange(this.pressure);
  }

  /** The one collection that a program may ask for stands behind a flag. */
  #collectGarbage(): void {
    this.#sinceCollectedMs = 0;
    setFlagsFromString("--expose-gc");
    const collect: () => void = (this.#collect ??= runInNewContext("gc"));
    collect();
  }

  #tell(share: number): void {
    const { logger } = this.#options;
    const { pressure, ceilingBytes } = this;
    const fields = { event: "memory-pressure", pressure, ceilingBytes, share: Number(share.toFixed(3)) };
    if (pressure === "none") logger.info(fields, "Memory is no longer short: everybody is served again.");
    else if (pressure === "tight") {
      logger.warn(fields, "Memory is short: no new connections, and messages of QoS 0 are dropped.");
    } else logger.warn(fields, "Memory is very short: publishers are not read until some is free.");
  }
}

function family(name: string, help: string, read: () => number): MetricFamily {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return { name, help, type, read: () => [{ labels: {}, value: read() }] };
}
