/** Runs the load generator as a process of its own, and reads what it measured. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Login } from "./load-subscriber.ts";

export interface LoadOptions {
  readonly port: number;
  readonly clients: number;
  readonly inFlight: number;
  readonly seconds: number;
  /** Messages per second of all clients together; without it as fast as PUBACKs come. */
  readonly rate?: number;
  /** Each takes what ten publishers send, at QoS 1, in a session that outlasts its connection. */
  readonly subscribers?: number;
  /** What all clients log in with; without it they are anonymous. */
  readonly login?: Login;
}

export interface LoadResult {
  readonly pubackPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly acknowledged: number;
}

const generator = fileURLToPath(new URL("load-generator.ts", import.meta.url));

/** @throws Error when the generator failed; what it said is in the message. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, clients, inFlight, seconds, rate, subscribers, login } = options;
  const words = { port, clients, "in-flight": inFlight, seconds, rate, subscribers, ...login };
  const given = Object.entries(words).filter(([, value]) => value !== undefined);
  const args = given.flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [generator, ...args]);
  return JSON.parse(stdout) as LoadResult;
}

/**
 * Ten windowed rules that every message of the load generator matches: five tumbling and five hopping
 * windows over its two metrics. None of them ever fires.
 */
export const tenRules: readonly object[] = Array.from({ length: 10 }, (_, index) => ({
  id: `bench-${index}`,
  source: { device: "*", metric: index % 2 === 0 ? "temperature" : "vibration_velocity" },
  window:
    index < 5
      ? { type: "tumbling", size: `${10 * (index + 1)}s` }
      : { type: "hopping", size: "60s", every: `${[5, 10, 15, 20, 30][index - 5]}s` },
  aggregate: { avg: "mean", top: "max", n: "count" },
  when: { field: "avg", op: ">", value: 1_000_000 },
}));
