/** A backtest of ten million recorded samples under one rule with a window. */
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";
import { median, record } from "./history.ts";

const samples = 10_000_000;
const devices = 100;

/** As in a cold store: the mean of five minutes, looked at every half minute, for ten minutes. */
const rule = {
  id: "cold-room-warm",
  source: { device: "fridge-*", metric: "temperature" },
  window: { type: "sliding", size: "5m", every: "30s", lateness: "10s" },
  aggregate: { avg: "mean", n: "count" },
  when: { field: "avg", op: ">", value: 8, clear: 6 },
  for: "10m",
  keepFiringFor: "5m",
};

/** Measures the whole command, from its start to its end, on a file of 770 MB. */
export async function measureBacktest(options: {
  readonly program: string;
  readonly rounds: number;
}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-backtest-"));
  try {
    await writeFile(join(directory, "rule.jsonc"), JSON.stringify(rule));
    await writeSamples(join(directory, "samples.ndjson"));
    const seconds: number[] = [];
    let alerts = 0;
    for (let round = 0; round < options.rounds; round += 1) {
      const started = performance.now();
      alerts = await backtest(options.program, directory);
      seconds.push((performance.now() - started) / 1_000);
    }
    const program = options.program.endsWith(".ts") ? "src" : "dist";
    const detail = { program, devices, alerts, seconds: seconds.map((value) => Number(value.toFixed(1))) };
    await record({ metric: "backtest-s-10000000-samples", value: median(seconds), target: "<= 60", detail });
    await record({ metric: "backtest-samples-per-s", value: samples / median(seconds), detail: { program } });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @returns How often something fired, which says that the rule was at work. */
async function backtest(program: string, directory: string): Promise<number> {
  const words = ["rules", "backtest", "rule.jsonc", "--input", "samples.ndjson", "--json"];
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [resolve(program), ...words], {
    cwd: directory,
    maxBuffer: 2 ** 26,
  });
  const { alerts } = JSON.parse(stdout) as { readonly alerts: readonly { readonly fired: number }[] };
  return alerts.reduce((sum, { fired }) => sum + fired, 0);
}

/** A reading of every device each second: slow waves, and chance. */
async function writeSamples(path: string): Promise<void> {
  const random = seededRandom(1);
  const out = createWriteStream(path, { highWaterMark: 1 << 20 });
  for (let second = 0; second < samples / devices; second += 1) {
    const lines: string[] = [];
    for (let device = 0; device < devices; device += 1) {
      const at = Date.UTC(2026, 0, 5) + second * 1_000 + device;
      const value = (6 + 3 * Math.sin(second / 3_000 + device) + random()).toFixed(2);
      lines.push(`{"device":"fridge-${device}","metric":"temperature","at":${at},"value":${value}}\n`);
    }
    if (!out.write(lines.join(""))) await new Promise<void>((go) => void out.once("drain", () => go()));
  }
  out.end();
  await finished(out);
}
