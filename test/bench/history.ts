/** One line of JSON per figure, appended to `history.jsonl` and printed. */
import { execFileSync } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

export interface Figure {
  readonly metric: string;
  readonly value: number;
  /** What the figure is to be, as a comparison: `>= 1.0`. */
  readonly target?: string;
  /** Rounds, peers and whatever else tells how it came about. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

const file = fileURLToPath(new URL("history.jsonl", import.meta.url));

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** Writes a figure down, with the commit, the machine and the Node version that it belongs to. */
export async function record(figure: Figure): Promise<void> {
  const line = JSON.stringify({
    commit: git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") === "" ? "" : "+"),
    at: new Date().toISOString(),
    hardware: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    node: process.version,
    ...figure,
    value: Number(figure.value.toPrecision(4)),
  });
  process.stdout.write(`${line}\n`);
  await appendFile(file, `${line}\n`);
}

/** The middle one; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
