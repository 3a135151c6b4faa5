/** `holdfast simulate` as users run it, replaying a recorded series. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface ReplayOptions {
  readonly url: string;
  readonly csv: string;
  readonly topic: string;
  readonly metric: string;
  readonly inFlight: number;
}

export interface ReplayCounts {
  readonly sent: number;
  readonly acknowledged: number;
  readonly resent: number;
}

/** Replays as fast as the broker acknowledges; resolves when every reading has its PUBACK. */
export async function replaySeries(options: ReplayOptions): Promise<ReplayCounts> {
  const { url, csv, topic, metric, inFlight } = options;
  const words = { url, csv, topic, metric, "in-flight": inFlight };
  const args = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [main, "simulate", "--json", ...args]);
  return JSON.parse(stdout) as ReplayCounts;
}
