/**
 * Writes lines to a file descriptor without ever waiting for whoever reads them.
 *
 * pino's own destination waits for ever, at the end of the process, for a pipe that nobody empties, and
 * repeats a failed write without end. A gateway has to stop within five seconds whatever becomes of its
 * log, hence this: one write at a time off the event loop, a bounded queue behind it, and what does not
 * fit is dropped and counted.
 */
import { write, writeSync } from "node:fs";

/** Bytes of lines that wait. 1 MiB is some 5,000 lines. */
const waitingBytesMax = 1024 * 1024;

/** Bytes of one write. */
const writeBytesMax = 64 * 1024;

/** How soon a full pipe is tried again. */
const retryAfterMs = 20;

/** See the module. */
export class LineWriter {
  readonly #fileDescriptor: number;
  readonly #onExit: () => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What the write under way has not written yet. */
  #writing: Buffer | undefined;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #broken = false;
  #onIdle: (() => void) | undefined;

  constructor(fileDescriptor: number) {
    this.#fileDescriptor = fileDescriptor;
    this.#onExit = () => this.#writeRest();
    process.on("exit", this.#onExit);
  }

  /** Lines that were dropped because nobody read, or nobody could. */
  get droppedCount(): number {
    return this.#dropped;
  }

  /** Takes a line, its end included. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#broken || this.#waitingBytes + bytes.length > waitingBytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#writing === undefined) this.#next();
  }

  /** Waits until everything is written, at most `forMs`, and takes nothing more into account at exit. */
  async close(forMs: number): Promise<void> {
    if (this.#writing !== undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    clearTimeout(this.#retry);
    process.off("exit", this.#onExit);
  }

  #next(): void {
    if (this.#waiting.length === 0) {
      this.#onIdle?.();
      return;
    }
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < writeBytesMax) {
      bytes += this.#waiting[count]?.length ?? 0;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    this.#send(Buffer.concat(this.#waiting.splice(0, count)));
  }

  #send(bytes: Buffer): void {
    this.#writing = bytes;
    write(this.#fileDescriptor, bytes, (error, written) => {
      if (error?.code === "EAGAIN") {
        this.#retry = setTimeout(() => this.#send(bytes), retryAfterMs);
      } else if (error !== null) {
        this.#giveUp();
      } else if (written < bytes.length) {
        this.#send(bytes.subarray(written));
      } else {
        this.#writing = undefined;
        this.#next();
      }
    });
  }

  /** The reader is gone. The gateway's work does not depend on it, and there is nobody left to tell. */
  #giveUp(): void {
    this.#broken = true;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = undefined;
    this.#onIdle?.();
  }

  /** The process ends with lines waiting: one try, since there is no later one. */
  #writeRest(): void {
    if (this.#broken || this.#waiting.length === 0) return;
    try {
      writeSync(this.#fileDescriptor, Buffer.concat(this.#waiting));
    } catch {
      this.#giveUp();
    }
  }
}
