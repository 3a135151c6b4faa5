/** Reads recorded samples from a file, a megabyte at a time: JSON objects, one a line, or CSV. */
import { open } from "node:fs/promises";
import { basename, extname } from "node:path";
import { isObject } from "../../config/jsonc.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { RecordedValue } from "../../core/rule/sample-replay.ts";
import { stampOf } from "./instants.ts";
import { csvReader } from "./recording-csv.ts";

const chunkBytes = 1024 * 1024;

/** A line longer than this is none: the file is something else. */
const lineCharactersMax = 1024 * 1024;

/** One recorded sample; lines that hold none are given as `undefined`. */
export interface RecordedSample {
  readonly device: string;
  readonly metric: string;
  readonly at: EpochMs;
  /** `null`: nothing was measured. */
  readonly value: RecordedValue | null;
}

/** Reads one line; gives `"header"` for a line that is not meant to be a sample. */
export type LineReader = (line: string) => RecordedSample | "header" | undefined;

/** What is read, and who takes it. */
export interface Recording {
  readonly path: string;
  /** Of rows of a CSV file that do not say it themselves; without it the file's name. */
  readonly device?: string;
  readonly metric: string;
  /** Takes each sample in the order of the file. */
  readonly onSample: (sample: RecordedSample) => void;
  /** Called after each megabyte. @returns Whether to go on. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => boolean;
}

/** Lines that are not samples. */
export interface SkippedLines {
  readonly count: number;
  /** The first of them: its number from 1, and how it begins. */
  readonly first: { readonly line: number; readonly text: string } | undefined;
}

/**
 * Reads a recording to its end. Memory does not grow with the file.
 *
 * A line that is not a sample is passed over and told of: recordings are often cut off in the middle of one.
 *
 * @throws AppError `BACKTEST_INPUT`, kind operator, when the file cannot be read or is no text in lines.
 */
export async function readRecording(recording: Recording): Promise<SkippedLines> {
  const { path, metric } = recording;
  const device = recording.device ?? basename(path, extname(path));
  const readLine = extname(path).toLowerCase() === ".csv" ? csvReader({ device, metric }) : readJsonLine;
  const lines = new Lines(readLine, recording.onSample);
  let file;
  try {
    file = await open(path);
    const { size } = await file.stat();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const decoder = new TextDecoder();
    let done = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes);
      if (bytesRead === 0) break;
      done += bytesRead;
      lines.take(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }));
      if (!recording.onProgress(done, size)) break;
    }
    lines.finish();
    return lines.skipped();
  } catch (error) {
    throw new AppError("BACKTEST_INPUT", "operator", `${path} cannot be read: ${messageOf(error)}.`, {
      hint: 'Each line is {"device":"a","metric":"m","at":1767571200000,"value":1}; or the file is a .csv.',
      cause: error,
    });
  } finally {
    await file?.close();
  }
}

/** Cuts text into lines. */
class Lines {
  readonly #readLine: LineReader;
  readonly #onSample: (sample: RecordedSample) => void;
  #rest = "";
  #number = 0;
  #skippedCount = 0;
  #firstSkipped: SkippedLines["first"];

  constructor(readLine: LineReader, onSample: (sample: RecordedSample) => void) {
    this.#readLine = readLine;
    this.#onSample = onSample;
  }

  take(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      this.#line(from === 0 && this.#rest !== "" ? this.#rest + text.slice(0, end) : text.slice(from, end));
      if (from === 0) this.#rest = "";
      from = end + 1;
    }
    this.#rest += text.slice(from);
    if (this.#rest.length > lineCharactersMax) throw new RangeError(`line ${this.#number + 1} does not end`);
  }

  finish(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }

  #line(line: string): void {
    this.#number += 1;
    const sample = this.#readLine(line);
    if (sample === "header") return;
    if (sample !== undefined) {
      this.#onSample(sample);
      return;
    }
    this.#skippedCount += 1;
    this.#firstSkipped ??= { line: this.#number, text: line.slice(0, 60) };
  }

  skipped(): SkippedLines {
    return { count: this.#skippedCount, first: this.#firstSkipped };
  }
}

function readJsonLine(line: string): RecordedSample | "header" | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return line.trim() === "" ? "header" : undefined;
  }
  if (!isObject(record)) return undefined;
  const { device, metric, value } = record;
  const at = stampOf(record["at"] ?? record["ts"] ?? record["time"] ?? record["timestamp"]);
  if (typeof device !== "string" || typeof metric !== "string" || Number.isNaN(at)) return undefined;
  const isValue = typeof value === "number" || typeof value === "boolean" || typeof value === "string";
  return isValue || value === null ? { device, metric, at, value } : undefined;
}
