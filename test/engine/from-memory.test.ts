/** What another broker had kept, and what it sent that is too large, as they come to rest in the log. */
import { expect, test } from "vitest";
import { RowFlag } from "../../src/core/sample.ts";
import { packetBytesMax } from "../../src/core/limits.ts";
import { levelsOf, ruleOf, windowOf } from "../support/records.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { openTestEngine } from "../support/test-engine.ts";

const settings = {
  rules: [
    ruleOf({
      window: windowOf({ type: "none" }),
      levels: levelsOf({ field: "value", op: ">", value: 8 }),
      annotations: {},
    }),
  ],
  rollups: [],
  devices: [],
};

test.each([
  ["without a stamp", '{"temperature":9}', RowFlag.retained],
  ["with a stamp", '{"ts":1761999000000,"temperature":9}', RowFlag.retained | RowFlag.stamped],
])(
  "a message %s that a broker had kept is stored, flagged, and sets off no rule",
  async (_, payload, flags) => {
    await using directory = await temporaryDirectory("from-memory");
    const gateway = await openTestEngine(directory.path, settings);
    await gateway.send("room", payload, { fromMemory: true }).decided;
    const rows = gateway.store.committed.at(-1)?.record.rows;
    expect([...(rows?.flags.subarray(0, rows.count) ?? [])]).toEqual([flags]);
    expect(gateway.engine.alerts.count("firing")).toBe(0);
    await gateway.send("room", '{"ts":1761999001000,"temperature":9}').decided;
    expect(gateway.engine.alerts.count("firing")).toBe(1);
    await gateway.stop();
  },
);

test("a message of which only the beginning was read is acknowledged, and kept as too large", async () => {
  await using directory = await temporaryDirectory("too-large");
  const gateway = await openTestEngine(directory.path, settings);
  const sent = gateway.send("room", '{"temperature":9', { missingBytes: packetBytesMax });
  await sent.decided;
  expect(sent.outcome).toBe("committed");
  expect(gateway.deadLetters).toMatchObject([{ cause: "too-large", length: 16 + packetBytesMax }]);
  expect(gateway.engine.books.messages.rejected).toEqual({ "too-large": 1 });
  await gateway.stop();
});
