import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { keptLog, logOf, range, temporaryDirectory } from "../support/stores.ts";
import { until } from "../support/until.ts";

const kills = Number(process.env["HOLDFAST_STORE_KILLS"] ?? 10);
const child = join(import.meta.dirname, "committing-child.ts");

/** Runs the child until it has acknowledged this many records, and kills it. @returns The last of them. */
async function acknowledgedBeforeKill(directory: string, atLeast: number): Promise<number> {
  const running: ChildProcess = spawn(process.execPath, [child, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  running.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => {
    running.once("close", () => resolve());
  });
  try {
    await until("records were acknowledged", () => text.split("\n").length > atLeast, {
      withinMs: 20_000,
      everyMs: 1,
    });
  } finally {
    running.kill("SIGKILL");
    await closed;
  }
  const complete = text.slice(0, text.lastIndexOf("\n"));
  return Number(complete.slice(complete.lastIndexOf("\n") + 1));
}

test("after a kill everything acknowledged is there, with its effects and without a gap", {
  timeout: 20_000 + kills * 5_000,
}, async () => {
  const directory = await temporaryDirectory();
  for (const round of range(1, kills)) {
    const acknowledged = await acknowledgedBeforeKill(directory, 20 + ((round * 37) % 90));
    const store = await openStore({ directory, durability: "sync", logger: keptLog() });
    expect(store.lastSeq).toBeGreaterThanOrEqual(acknowledged);
    expect(store.lastSeq).toBeLessThanOrEqual(acknowledged + 1);
    expect(await logOf(store)).toStrictEqual({ present: range(1, store.lastSeq), gaps: [] });
    expect(store.openReport).toMatchObject({ gaps: [], findings: [], dropped: [], repaired: false });
    expect(store.head("summaries")).toBe(store.lastSeq * 2);
    expect(store.head("alerts")).toBe(Math.floor(store.lastSeq / 3));
    expect(store.cursor("cloud", "summaries")).toBe((store.lastSeq - 1) * 2);
    expect((await store.checkpoint())?.seq).toBe(Math.floor(store.lastSeq / 50) * 50 || undefined);
    await store.close();
  }
  expect(await verifyStore(directory)).toMatchObject({ ok: true, findings: [] });
});
