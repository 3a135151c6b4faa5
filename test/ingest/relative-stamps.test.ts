import { expect, test } from "vitest";
import { senmlJsonPlan } from "../../src/codecs/senml-json.ts";
import { Batch, type BatchSource } from "../../src/core/batch.ts";
import type { Clock } from "../../src/core/ports.ts";
import { RowFlag } from "../../src/core/sample.ts";
import { Intake } from "../../src/ingest/intake.ts";

/** An intake whose topics carry SenML; every look at the clock is a second later than the one before. */
function openIntake(): {
  batch: Batch;
  looks: () => number;
  send: (records: unknown, resent?: boolean) => void;
} {
  const batch = new Batch();
  const digests = new Set<string>();
  let looks = 0;
  const source: BatchSource = {
    batch,
    pendingBytes: 0,
    overloaded: false,
    accepting: true,
    appended: () => {},
    unheard: () => {},
    knowsDigest: (high, low) => digests.has(`${high}/${low}`),
    rememberDigest: (high, low) => digests.add(`${high}/${low}`),
  };
  const clock: Clock = {
    now: () => 1_762_000_000_000 + 1_000 * looks++,
    monotonicMs: () => 0,
    synced: () => true,
  };
  const plan = senmlJsonPlan({ topic: "t", codec: "auto" });
  const intake = new Intake({ source, clock, resolveSeries: () => 0, planOf: () => plan });
  const send = (records: unknown, resent = false): void => {
    const bytes = Buffer.from(JSON.stringify(records));
    const receipt = { committed: () => {}, refused: () => {} };
    const flags = { qos: 1, retain: false, resent, fromMemory: false } as const;
    const payload = { bytes, start: 0, end: bytes.length, missingBytes: 0 };
    intake.accept({ clientId: "c", topic: "t", ...payload, ...flags, packetId: 1, receipt });
  };
  return { batch, looks: () => looks, send };
}

test("all samples of one message count their times from one look at the clock", () => {
  const { batch, looks, send } = openIntake();
  send([
    { n: "a", v: 1, t: -10 },
    { n: "a", v: 2, t: -5 },
    { n: "a", v: 3 },
  ]);
  expect(looks()).toBe(1);
  expect([...batch.rows.at.subarray(0, 3)].map((at) => at - 1_762_000_000_000)).toStrictEqual([
    -10_000, -5_000, 0,
  ]);
  expect(batch.rows.flags[2]! & RowFlag.stamped).toBe(0);
});

test("a message whose times are all absolute needs no look at the clock", () => {
  const { batch, looks, send } = openIntake();
  send([{ n: "a", v: 1, t: 1_762_000_000 }]);
  expect(looks()).toBe(0);
  expect(batch.rows.at[0]).toBe(1_762_000_000_000);
  expect(batch.rows.flags[0]! & RowFlag.stamped).toBe(RowFlag.stamped);
});

test("a message of relative times that is sent again is recognised, though its times would be others", () => {
  const { batch, send } = openIntake();
  const records = [{ n: "a", v: 1, t: -10 }];
  send(records);
  send(records, true);
  expect(batch.rows.count).toBe(1);
  expect(batch.counts.duplicateMessages).toBe(1);
});
