import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ConnectLine } from "../../src/broker/connect-line.ts";
import { connectsPerTurnMax } from "../../src/core/limits.ts";

test("in one turn of the event loop a few are dealt with, and all in the end, in order", async () => {
  const line = new ConnectLine();
  const done: number[] = [];
  for (let index = 0; index < 3 * connectsPerTurnMax + 1; index += 1)
    line.enter("a", () => void done.push(index));
  const counts = [done.length];
  for (let turn = 0; turn < 4; turn += 1) {
    await setImmediate();
    counts.push(done.length);
  }
  const few = connectsPerTurnMax;
  expect(counts).toEqual([few, 2 * few, 3 * few, 3 * few + 1, 3 * few + 1]);
  expect(done).toEqual(done.toSorted((one, other) => one - other));
  line.enter("a", () => void done.push(99));
  expect(done.at(-1)).toBe(99);
});

test("an address that connects a thousand times holds up others for one CONNECT each", async () => {
  const line = new ConnectLine();
  const done: string[] = [];
  for (let index = 0; index < 1_000; index += 1) line.enter("flood", () => void done.push("flood"));
  for (const address of ["a", "b", "c"]) line.enter(address, () => void done.push(address));
  await setImmediate();
  await setImmediate();
  expect(done.slice(connectsPerTurnMax, connectsPerTurnMax + 4)).toEqual(["flood", "a", "b", "c"]);
});
