/** From the start of the process to the ready line: an empty store, and a million events to fold again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, record } from "./history.ts";
import { runLoad, tenRules } from "./load.ts";
import { startHoldfast } from "./peers.ts";

const events = 1_000_000;

export async function measureStartUp(options: {
  readonly program: string;
  readonly rounds: number;
}): Promise<void> {
  const { program, rounds } = options;
  const starts: number[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const peer = await startHoldfast({ program, rules: tenRules });
    starts.push(peer.readyAfterMs);
    await peer.stop();
  }
  await record({
    metric: "start-ms",
    value: median(starts),
    target: "<= 500",
    detail: { program: program.endsWith(".ts") ? "src" : "dist", starts: starts.map(Math.round) },
  });
}

/** Takes in a million events after a clean stop, dies, and is started again. */
export async function measureRecovery(options: { readonly program: string }): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-recovery-"));
  const start = { program: options.program, rules: tenRules, directory };
  await (await startHoldfast(start)).stop();
  const peer = await startHoldfast(start);
  let acknowledged = 0;
  while (acknowledged < events) {
    acknowledged += (await runLoad({ port: peer.port, clients: 100, inFlight: 20, seconds: 2 })).acknowledged;
  }
  await peer.kill();
  const again = await startHoldfast(start);
  await again.stop();
  await rm(directory, { recursive: true, force: true });
  await record({
    metric: "recovery-ms-after-1000000-events",
    value: again.readyAfterMs,
    target: "<= 2000",
    detail: { acknowledged, devices: 100, program: options.program.endsWith(".ts") ? "src" : "dist" },
  });
}
