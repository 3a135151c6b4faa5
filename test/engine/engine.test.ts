import { expect, onTestFinished, test } from "vitest";
import { unheardBytesMax } from "../../src/core/limits.ts";
import type { Settings } from "../../src/core/record.ts";
import { levelsOf, ruleOf, windowOf } from "../support/records.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { openTestEngine, type TestEngine } from "../support/test-engine.ts";

const settings: Settings = {
  rules: [
    ruleOf({
      window: windowOf({ type: "none" }),
      levels: levelsOf({ field: "value", op: ">", value: 8 }),
      annotations: {},
    }),
  ],
  rollups: ["1m"],
  devices: [],
};

/** A stamped reading, `second` seconds after a fixed time. */
function reading(second: number, value: number): string {
  return JSON.stringify({ ts: 1_761_999_000_000 + second * 1_000, temperature: value });
}

/** A directory that outlives an engine, for the next one. */
async function fresh(): Promise<string> {
  const directory = await temporaryDirectory("engine");
  onTestFinished(() => directory[Symbol.asyncDispose]());
  return directory.path;
}

/** Alerts that gateways have told of, one after the other. */
function alertsOf(...gateways: TestEngine[]): unknown {
  return gateways.flatMap(({ effects }) => effects.flatMap(({ alerts }) => alerts));
}

async function opened(directory?: string, boot?: string, commitDelayMs?: number): Promise<TestEngine> {
  return openTestEngine(directory ?? (await fresh()), settings, boot, { commitDelayMs });
}

test("a message is acknowledged when the record that holds it is durable, and not before", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const before = gateway.store.lastSeq;
  const sent = gateway.send("room", reading(1, 5));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent.outcome).toBe("waiting");
  letGo();
  await sent.decided;
  expect(sent.outcome).toBe("committed");
  expect(gateway.store.lastSeq).toBe(before + 1);
  await gateway.stop();
});

test("who waits until all is caught up waits for what was taken in before, and for nothing when all is durable", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const under = gateway.send("room", reading(1, 5));
  await new Promise((resolve) => setImmediate(resolve));
  const waiting = gateway.send("room", reading(2, 5));
  const order: string[] = [];
  const caughtUp = gateway.engine.caughtUp().then(() => order.push(under.outcome, waiting.outcome));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  letGo();
  await caughtUp;
  expect(order).toEqual(["committed", "committed"]);
  const { lastSeq } = gateway.store;
  await waiting.decided;
  await new Promise((resolve) => setImmediate(resolve));
  await gateway.engine.caughtUp();
  expect(gateway.store.lastSeq).toBe(lastSeq);
  await gateway.stop();
});

test("what arrives while a commit is under way shares the next one", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const first = gateway.send("room", reading(1, 5));
  await new Promise((resolve) => setImmediate(resolve));
  const others = [2, 3, 4].map((second) => gateway.send("room", reading(second, 5)));
  letGo();
  await Promise.all([first, ...others].map(({ decided }) => decided));
  const rows = gateway.store.committed.map(({ record }) => record.counts.storedMessages);
  expect(rows.slice(-2)).toEqual([1, 3]);
  await gateway.stop();
});

test("an alert is durable in the same commit as the message that caused it", async () => {
  const gateway = await opened();
  await gateway.send("room", reading(1, 9)).decided;
  const commit = gateway.store.committed.at(-1);
  expect(commit?.record.counts.storedMessages).toBe(1);
  expect(commit?.effects.alerts).toMatchObject([{ state: "firing", key: { device: "room" } }]);
  expect(gateway.engine.alerts.count("firing")).toBe(1);
  await gateway.stop();
});

test("a stamped message that is sent again, with or without DUP, is acknowledged and counted once", async () => {
  const gateway = await opened();
  await gateway.send("room", reading(1, 5)).decided;
  const again = [
    gateway.send("room", reading(1, 5), { resent: true }),
    gateway.send("room", reading(1, 5), { packetId: 9 }),
    gateway.send("room", reading(1, 6)),
  ];
  await Promise.all(again.map(({ decided }) => decided));
  expect(again.map(({ outcome }) => outcome)).toEqual(["committed", "committed", "committed"]);
  expect(gateway.engine.books).toMatchObject({
    messages: { received: 4, stored: 2, dropped: { duplicate: 2 } },
    samples: { decoded: 4, stored: 2, duplicate: 2 },
  });
  await gateway.stop();
});

test("a message without a stamp is a duplicate only when DUP says so and it is the same packet", async () => {
  const gateway = await opened();
  await gateway.send("room/door", "1", { packetId: 5 }).decided;
  await gateway.send("room/door", "1", { packetId: 5 }).decided;
  await gateway.send("room/door", "1", { packetId: 5, resent: true }).decided;
  await gateway.send("room/door", "1", { packetId: 6, resent: true }).decided;
  await gateway.send("room/door", "1", { packetId: 5, resent: true, clientId: "client-2" }).decided;
  expect(gateway.engine.books.messages).toEqual({
    received: 5,
    stored: 4,
    rejected: {},
    dropped: { duplicate: 1 },
  });
  await gateway.stop();
});

test("a duplicate is recognised after a restart too", async () => {
  const directory = await fresh();
  const first = await opened(directory);
  await first.send("room", reading(1, 5)).decided;
  await first.send("room/door", "1", { packetId: 5 }).decided;
  await first.stop();
  const second = await opened(directory, "boot-2");
  await second.send("room", reading(1, 5)).decided;
  await second.send("room/door", "1", { packetId: 5, resent: true }).decided;
  expect(second.engine.books.messages.dropped).toEqual({ duplicate: 2 });
  await second.stop();
});

test("a payload that cannot be decoded is acknowledged, kept as a dead letter and counted by cause", async () => {
  const gateway = await opened();
  const sent = gateway.send("room", '{"temperature": NaN}');
  await sent.decided;
  expect(sent.outcome).toBe("committed");
  expect(gateway.deadLetters).toMatchObject([{ topic: "room", clientId: "client-1", length: 20 }]);
  const { received, stored, rejected } = gateway.engine.books.messages;
  expect({ received, stored, total: Object.values(rejected) }).toEqual({
    received: 1,
    stored: 0,
    total: [1],
  });
  await gateway.stop();
});

test("a stamp ahead of the gateway's clock is replaced by the time of receipt, and counted", async () => {
  const gateway = await opened();
  const ahead = gateway.clock.now() + 365 * 86_400_000;
  await gateway.send("room", JSON.stringify({ ts: ahead, temperature: 5 })).decided;
  const { record } = gateway.store.committed.at(-1) ?? {};
  expect(gateway.engine.books.samples.corrected).toBe(1);
  expect(record?.counts.correctedSamples).toBe(1);
  await gateway.stop();
});

test("when the disk refuses, nothing is acknowledged, and what was on disk goes on afterwards", async () => {
  const gateway = await opened();
  await gateway.send("room", reading(1, 5)).decided;
  gateway.store.refuse = true;
  gateway.store.reopenRefusals = 1;
  const refused = [gateway.send("room", reading(2, 5)), gateway.send("room", reading(3, 5))];
  await Promise.all(refused.map(({ decided }) => decided));
  expect(refused.map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
  const meanwhile = gateway.send("room", reading(4, 5));
  expect(meanwhile.outcome).toBe("refused");
  await expect.poll(() => gateway.engine.accepting, { timeout: 5_000 }).toBe(true);
  await gateway.send("room", reading(2, 5), { resent: true }).decided;
  expect(gateway.engine.books.messages).toMatchObject({ received: 2, stored: 2 });
  expect(gateway.engine.seriesCount).toBe(1);
  await gateway.stop();
});

test("a restart gives the state that an uninterrupted run would have", async () => {
  const directory = await fresh();
  const values = [5, 9, 9, 3, 12, 2];
  const first = await opened(directory);
  for (const [second, value] of values.slice(0, 3).entries()) {
    await first.send("room", reading(second * 30, value)).decided;
  }
  await first.stop();
  const second = await opened(directory, "boot-2");
  expect(second.engine.report).toMatchObject({ differences: 0, gaps: [], replayedRecords: 0 });
  expect(second.engine.alerts.count("firing")).toBe(1);
  for (const [index, value] of values.slice(3).entries()) {
    await second.send("room", reading((index + 3) * 30, value)).decided;
  }
  const straight = await opened();
  for (const [index, value] of values.entries()) {
    await straight.send("room", reading(index * 30, value)).decided;
  }
  expect(alertsOf(first, second)).toEqual(alertsOf(straight));
  await Promise.all([second.stop(), straight.stop()]);
});

test("QoS 0 rides in the same commits, and nobody waits for it", async () => {
  const gateway = await opened();
  gateway.send("room", reading(1, 5), { qos: 0, packetId: 0 });
  await gateway.send("room", reading(2, 5)).decided;
  expect(gateway.engine.books.messages.stored).toBe(2);
  await gateway.stop();
});

test("other rules take effect with the next record, and survive a restart", async () => {
  const directory = await fresh();
  const first = await opened(directory);
  await first.engine.apply({ ...settings, rules: [] });
  await first.send("room", reading(1, 9)).decided;
  expect(first.effects.flatMap(({ alerts }) => alerts)).toEqual([]);
  await first.stop();
  const second = await openTestEngine(directory, { ...settings, rules: [] }, "boot-2");
  expect(second.store.committed.every(({ record }) => record.settings === undefined)).toBe(true);
  await second.stop();
});

test("what was decoded before settings came into use is in the log before them, and what came after is not", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const sent = [gateway.send("room", reading(1, 5))];
  await new Promise((resolve) => setImmediate(resolve));
  sent.push(gateway.send("room", reading(2, 5)));
  let used = 0;
  const applied = gateway.engine.apply({ ...settings, rollups: [] }, () => {
    used = gateway.engine.batch.counts.receivedMessages + 1;
  });
  await until("the settings are in use", () => used > 0);
  sent.push(gateway.send("room", reading(3, 5)));
  letGo();
  await Promise.all([applied, ...sent.map(({ decided }) => decided)]);
  const [, first, second, third] = gateway.store.committed.map(({ record }) => record);
  expect([first, second, third].map((record) => record?.counts.receivedMessages)).toEqual([1, 1, 1]);
  expect([first, second, third].map((record) => record?.settings?.rollups)).toEqual([
    undefined,
    undefined,
    [],
  ]);
  expect(used).toBe(1);
  await gateway.stop();
});

test("with a delay between commits, batches that are full are written all the same", async () => {
  const gateway = await opened(undefined, undefined, 50);
  const letGo = gateway.store.hold();
  const sent = Array.from({ length: 9_000 }, (_, index) => gateway.send("room", reading(index, 5)));
  letGo();
  await Promise.all(sent.map(({ decided }) => decided));
  expect(gateway.engine.pendingBytes).toBe(0);
  await gateway.stop();
});

test("what was taken in before a close is written before it, and what comes later is refused", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const before = Array.from({ length: 9_000 }, (_, index) => gateway.send("room", reading(index, 5)));
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = gateway.stop();
  const after = gateway.send("room", reading(10_000, 5));
  letGo();
  await stopped;
  expect(new Set(before.map(({ outcome }) => outcome))).toEqual(new Set(["committed"]));
  expect(after.outcome).toBe("refused");
  expect(gateway.store.committed.at(-1)?.record.status?.state).toBe("stopped");
});

test.each(["while it writes", "while it is being opened again"])(
  "a close ends although the store is broken, %s",
  async (when) => {
    const gateway = await opened();
    gateway.store.refuse = true;
    gateway.store.reopenRefusals = 1_000_000;
    const sent = gateway.send("room", reading(1, 5));
    if (when !== "while it writes") await sent.decided;
    await gateway.stop();
    expect(sent.outcome).toBe("refused");
  },
);

test("an engine that cannot write its first record does not open", async () => {
  const directory = await fresh();
  await expect(openTestEngine(directory, settings, "boot-1", { refuse: true })).rejects.toMatchObject({
    code: "STORE_FAILED",
  });
});

test("the same packet on another topic is not a duplicate", async () => {
  const gateway = await opened();
  await gateway.send("room/a", "1", { packetId: 1 }).decided;
  await gateway.send("room/b", "1", { packetId: 1, resent: true }).decided;
  expect(gateway.engine.books.messages.stored).toBe(2);
  await gateway.stop();
});

test("a message kept without its stamp is recognised when the stamp has become acceptable", async () => {
  const gateway = await opened();
  const payload = JSON.stringify({ ts: gateway.clock.now() + 310_000, temperature: 5 });
  await gateway.send("room", payload).decided;
  gateway.clock.pass(15_000);
  await gateway.send("room", payload, { resent: true }).decided;
  expect(gateway.engine.books.messages).toMatchObject({ received: 2, stored: 1, dropped: { duplicate: 1 } });
  await gateway.stop();
});

test("a message with the RETAIN flag is as live as any other", async () => {
  const gateway = await opened();
  await gateway.send("room", reading(1, 9), { retain: true }).decided;
  expect(gateway.engine.alerts.count("firing")).toBe(1);
  await gateway.stop();
});

test("messages that nobody waits for are dropped when too much waits, and counted", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  // Each client has sent less than its share.
  for (let index = 0; index < 200_000; index += 1) {
    gateway.send("room", "", { qos: 0, packetId: 0, clientId: `client-${index % 2_000}` });
  }
  expect(gateway.engine.overloaded).toBe(true);
  letGo();
  await gateway.send("room", reading(1, 5)).decided;
  const { received, stored, rejected, dropped } = gateway.engine.books.messages;
  expect(received).toBe(200_001);
  expect(stored).toBe(1);
  expect((rejected["empty"] ?? 0) + (dropped["overload"] ?? 0)).toBe(200_000);
  await gateway.stop();
});

test("one client that floods has no more wait than its share, and keeps nobody else out", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  for (let index = 0; index < 200_000; index += 1) {
    gateway.send("flood", "", { qos: 0, packetId: 0, clientId: "flood" });
  }
  expect(gateway.engine.pendingBytes).toBeLessThan(2 * unheardBytesMax);
  expect(gateway.engine.overloaded).toBe(false);
  for (let index = 0; index < 100; index += 1) {
    gateway.send("room", reading(index, index), { qos: 0, packetId: 0, clientId: "sensor" });
  }
  letGo();
  await gateway.send("room", reading(100, 5)).decided;
  const { received, stored, rejected, dropped } = gateway.engine.books.messages;
  expect(stored).toBe(101);
  expect(received).toBe(stored + (rejected["empty"] ?? 0) + (dropped["overload"] ?? 0));
  expect(dropped["overload"]).toBeGreaterThan(150_000);
  await gateway.stop();
});

test("messages that nobody waits for, lost with a broken store, are in the books", async () => {
  const gateway = await opened();
  gateway.store.refuse = true;
  gateway.store.reopenRefusals = 1;
  for (let index = 0; index < 3; index += 1) gateway.send("room", reading(index, 5), { qos: 0 });
  await gateway.send("room", reading(9, 5)).decided;
  gateway.send("room", reading(10, 5), { qos: 0 });
  await expect.poll(() => gateway.engine.accepting, { timeout: 5_000 }).toBe(true);
  await gateway.send("room", reading(11, 5)).decided;
  expect(gateway.engine.books.messages).toMatchObject({ received: 5, stored: 1, dropped: { overload: 4 } });
  await gateway.stop();
});

/** Times and repairs of the records that hold rows, as they stand in the log. */
async function timesOf({ store }: TestEngine): Promise<{ at: number[]; byMs: number | undefined }[]> {
  const times: { at: number[]; byMs: number | undefined }[] = [];
  for await (const entry of store.records(1)) {
    if (entry.kind === "gap" || entry.record.rows.count === 0) continue;
    const { rows, repair } = entry.record;
    const at = Array.from(rows.at.subarray(0, rows.count), (time) => time - 1_762_000_000_000);
    times.push({ at, byMs: repair?.byMs });
  }
  return times;
}

const year = 365 * 86_400_000;

function setClock(gateway: TestEngine): void {
  gateway.clock.wallMs += year;
  gateway.clock.repair = { boot: "boot-1", byMs: year, from: "unsynced", to: "synced" };
}

test("what was received before the clock was set, and is not written yet, is written in the right time", async () => {
  const gateway = await opened();
  const letGo = gateway.store.hold();
  const first = gateway.send("room/t", "1");
  await new Promise((resolve) => setImmediate(resolve));
  const second = gateway.send("room/t", "2");
  gateway.clock.pass(100);
  setClock(gateway);
  const third = gateway.send("room/t", "3");
  letGo();
  await Promise.all([first, second, third].map(({ decided }) => decided));
  expect(await timesOf(gateway)).toEqual([
    { at: [0], byMs: undefined },
    { at: [year, year + 100], byMs: year },
  ]);
  await gateway.stop();
});

test("a repair of the clock that could not be written is written when the store is sound again", async () => {
  const gateway = await opened();
  setClock(gateway);
  gateway.store.refuse = true;
  await gateway.send("room/t", "1").decided;
  gateway.store.refuse = false;
  await until("the store is sound again", () => gateway.engine.accepting);
  await gateway.send("room/t", "2").decided;
  expect(gateway.store.committed.at(-1)?.record.repair).toEqual(expect.objectContaining({ byMs: year }));
  await gateway.stop();
});

test("a command is part of the log before it is confirmed, and its effect survives a restart", async () => {
  const directory = await fresh();
  const gateway = await opened(directory);
  await gateway.send("room", reading(1, 9)).decided;
  const target = { rule: "warm", key: { device: "room" } };
  await gateway.engine.command({ kind: "acknowledge", target, by: "mia", reason: "" });
  expect(gateway.store.committed.at(-1)?.record.commands).toHaveLength(1);
  await gateway.stop();
  const again = await opened(directory, "boot-2");
  expect(again.engine.alerts.records()).toMatchObject([{ state: "firing", acknowledgedBy: "mia" }]);
  await again.stop();
});

/** What is stored of sessions, key by value. */
async function sessionsOf(gateway: TestEngine): Promise<unknown> {
  const entries = await Array.fromAsync(gateway.store.sessions());
  return entries.map(({ key, value }) => [...key, ...value]);
}

test("a change of a session is in the commit of the message that is accepted next", async () => {
  const gateway = await opened();
  gateway.engine.journal.put(Uint8Array.of(1), Uint8Array.of(10));
  await gateway.send("room", reading(1, 5)).decided;
  const commit = gateway.store.committed.at(-1);
  expect(commit?.record.counts.receivedMessages).toBe(1);
  expect(commit?.changes).toEqual([{ key: Uint8Array.of(1), value: Uint8Array.of(10) }]);
  expect(gateway.engine.journal.durablePosition).toBe(1);
  await gateway.stop();
});

test("changes are written without a message, at once when they are asked for, and in the order they came", async () => {
  const directory = await fresh();
  const gateway = await opened(directory);
  const { journal } = gateway.engine;
  journal.put(Uint8Array.of(2), Uint8Array.of(20));
  journal.put(Uint8Array.of(1), Uint8Array.of(10));
  journal.remove(Uint8Array.of(2));
  await journal.flush();
  expect(await sessionsOf(gateway)).toEqual([[1, 10]]);
  journal.put(Uint8Array.of(3), Uint8Array.of(30));
  await until("it is written by itself", () => journal.durablePosition === journal.position);
  journal.put(Uint8Array.of(4), Uint8Array.of(40));
  await gateway.stop();
  const next = await opened(directory, "boot-2");
  expect(await sessionsOf(next)).toEqual([
    [1, 10],
    [3, 30],
    [4, 40],
  ]);
  await next.stop();
});

test("changes of a refused batch are refused with it, and so is what comes before the store is sound", async () => {
  const told: string[] = [];
  let known: TestEngine | undefined;
  const gateway = await openTestEngine(await fresh(), settings, "boot-1", {
    onRefused: () => told.push("refused"),
    onRebuilt: async () => {
      told.push("rebuilt");
      known?.engine.journal.put(Uint8Array.of(9), Uint8Array.of(90));
    },
  });
  known = gateway;
  const { journal } = gateway.engine;
  await journal.flush();
  gateway.store.refuse = true;
  journal.put(Uint8Array.of(1), Uint8Array.of(10));
  await expect(journal.flush()).rejects.toMatchObject({ code: "STORE_FAILED" });
  await until("it is sound again", () => gateway.engine.accepting);
  expect(told).toEqual(["rebuilt", "refused", "rebuilt"]);
  await gateway.send("room", reading(1, 5)).decided;
  expect(await sessionsOf(gateway)).toEqual([]);
  await gateway.stop();
});
