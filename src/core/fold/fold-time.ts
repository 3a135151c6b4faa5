/** The gateway's own time as the log tells it: how long it has been running, and in which boot. */
import type { GatewayTime } from "../alert/shelf.ts";
import type { LogRecord } from "../record.ts";
import type { EpochMs } from "../sample.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** A stretch of wall-clock time, `[from, to)`. */
export interface TimeSpan {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export class FoldTime implements GatewayTime {
  /** Milliseconds that the gateway has been running, over all boots. */
  runningMs = 0;
  at: EpochMs = 0;
  synced = false;
  boot = "";
  /** Boots so far. */
  bootCount = 0;
  #monotonicMs = 0;

  /**
   * Goes on to a record. Between two boots an unknown time has passed; as for running time it did not.
   *
   * @returns When the gateway was off, where both clocks were right and that is known.
   */
  passTo({
    boot,
    at,
    synced,
    monotonicMs,
  }: Pick<LogRecord, "boot" | "at" | "synced" | "monotonicMs">): TimeSpan | undefined {
    let off: TimeSpan | undefined;
    if (boot === this.boot) {
      this.runningMs += Math.max(0, monotonicMs - this.#monotonicMs);
    } else {
      if (this.bootCount > 0 && this.synced && synced && at > this.at) off = { from: this.at, to: at };
      this.boot = boot;
      this.bootCount += 1;
    }
    this.#monotonicMs = monotonicMs;
    this.at = at;
    this.synced = synced;
    return off;
  }

  /** Running time at a moment of the present boot. */
  runningMsAt(monotonicMs: number): number {
    return this.runningMs + Math.max(0, monotonicMs - this.#monotonicMs);
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.runningMs);
    writer.number(this.at);
    writer.count(this.synced ? 1 : 0);
    writer.text(this.boot);
    writer.count(this.bootCount);
    writer.number(this.#monotonicMs);
  }

  read(reader: SnapshotReader): void {
    this.runningMs = reader.number();
    this.at = reader.number();
    this.synced = reader.count() === 1;
    this.boot = reader.text();
    this.bootCount = reader.count();
    this.#monotonicMs = reader.number();
  }
}
