import { afterEach, beforeEach, expect, test } from "vitest";
import { Publisher, type PublisherOptions } from "../../src/cli/simulate/publisher.ts";
import { systemClock } from "../../src/ops/clock.ts";
import { ScriptedBroker, type SeenPublish } from "./scripted-broker.ts";

let broker: ScriptedBroker;
let publisher: Publisher;

beforeEach(async () => {
  broker = new ScriptedBroker();
  await broker.listen();
});
afterEach(async () => {
  await publisher.close();
  await broker.vanish();
});

function open(options: Partial<PublisherOptions> = {}): void {
  publisher = new Publisher({
    host: "127.0.0.1",
    port: broker.port,
    clientId: "sensor-1",
    inFlightMax: 10,
    unreachableForMs: 10_000,
    clock: systemClock,
    random: () => 0.1,
    ...options,
  });
}

async function publishAll(count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await publisher.room();
    publisher.publish("plant/a", `n${number}`);
  }
  await publisher.drained();
}

function firstAppearances(seen: readonly SeenPublish[]): string[] {
  return [...new Set(seen.map((publish) => publish.payload))];
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, number) => `n${number}`);

test("every message is published once and in order to a broker that behaves", async () => {
  open();
  await publishAll(500);
  expect(broker.seen.map((seen) => seen.payload)).toEqual(numbers(500));
  expect(broker.seen.some((seen) => seen.duplicate)).toBe(false);
  expect(publisher.counts).toEqual({ sent: 500, acknowledged: 500, resent: 0 });
});

test("answers split into single bytes are understood", async () => {
  broker.script.drip = true;
  open();
  await publishAll(50);
  expect(publisher.counts.acknowledged).toBe(50);
});

test("never more messages are under way than allowed", async () => {
  const held: SeenPublish[] = [];
  let most = 0;
  broker.script.onPublish = (seen, socket) => {
    held.push(seen);
    most = Math.max(most, held.length);
    if (held.length === 4) {
      for (const one of held.splice(0))
        socket.write(Buffer.of(0x40, 2, one.packetId >> 8, one.packetId & 255));
    }
    return "swallow";
  };
  open({ inFlightMax: 4 });
  await publishAll(40);
  expect(most).toBe(4);
});

test("what had no PUBACK is sent again in order, with DUP and its packet id, before anything new", async () => {
  broker.script.onPublish = ({ connection, payload }) => {
    if (connection > 1) return "acknowledge";
    if (payload === "n7") return "cut";
    return payload === "n3" || payload === "n5" ? "swallow" : "acknowledge";
  };
  open();
  await publishAll(20);
  const before = broker.seen.filter((seen) => seen.connection === 1);
  const after = broker.seen.filter((seen) => seen.connection === 2);
  const resent = after.filter((seen) => seen.duplicate);
  expect(resent.map((seen) => seen.payload).slice(0, 2)).toEqual(["n3", "n5"]);
  expect(after.slice(0, resent.length)).toEqual(resent);
  expect(after.map((seen) => Number(seen.payload.slice(1)))).toEqual(
    after.map((seen) => Number(seen.payload.slice(1))).toSorted((a, b) => a - b),
  );
  const ids = new Map(before.map((seen) => [seen.payload, seen.packetId]));
  expect(resent.filter((seen) => ids.has(seen.payload) && ids.get(seen.payload) !== seen.packetId)).toEqual(
    [],
  );
  expect(firstAppearances(broker.seen)).toEqual(numbers(20));
  expect(publisher.counts).toMatchObject({ sent: 20, acknowledged: 20, resent: resent.length });
});

test("no message is skipped when the broker is killed again and again", async () => {
  broker.script.onPublish = ({ connection }) =>
    connection < 8 && broker.seen.length % 13 === 0 ? "cut" : "acknowledge";
  open();
  await publishAll(200);
  expect(firstAppearances(broker.seen)).toEqual(numbers(200));
  expect(publisher.counts).toMatchObject({ sent: 200, acknowledged: 200 });
  expect(broker.connects.length).toBeGreaterThan(5);
});

test("a broker that comes back later is found again", async () => {
  const reasons: string[] = [];
  broker.script.onPublish = ({ payload }) => (payload === "n5" ? "swallow" : "acknowledge");
  open({ onRetry: (reason) => reasons.push(reason) });
  const done = publishAll(10);
  await expect.poll(() => publisher.counts.acknowledged).toBe(9);
  await broker.vanish();
  await expect.poll(() => reasons.some((reason) => reason.includes("ECONNREFUSED"))).toBe(true);
  broker.script.onPublish = () => "acknowledge";
  await broker.listen();
  await done;
  expect(broker.seen.filter((seen) => seen.duplicate).map((seen) => seen.payload)).toEqual(["n5"]);
  expect(publisher.counts).toEqual({ sent: 10, acknowledged: 10, resent: 1 });
});

test("a broker that stays silent counts as lost, and the message is sent again", async () => {
  broker.script.onPublish = ({ connection }) => (connection === 1 ? "swallow" : "acknowledge");
  open({ silentForMs: 200 });
  await publishAll(1);
  expect(broker.seen.map(({ payload, duplicate }) => [payload, duplicate])).toEqual([
    ["n0", false],
    ["n0", true],
  ]);
});

test("a broker that answers something else than MQTT counts as lost", async () => {
  const reasons: string[] = [];
  broker.script.onPublish = ({ connection }, socket) => {
    if (connection > 1) return "acknowledge";
    socket.write("HTTP/1.1 400 Bad Request\r\n\r\n\xff\xff\xff\xff\xff\xff");
    return "swallow";
  };
  open({ onRetry: (reason) => reasons.push(reason), silentForMs: 300 });
  await publishAll(1);
  expect(reasons).toHaveLength(1);
  expect(publisher.counts.acknowledged).toBe(1);
});

test("a broker that is away for too long fails who waits, and says where it looked", async () => {
  const port = broker.port;
  await broker.vanish();
  open({ unreachableForMs: 150 });
  await expect(publisher.room()).rejects.toMatchObject({
    code: "SIMULATE_UNREACHABLE",
    kind: "transient",
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  await broker.listen();
});

test.each([1, 2, 4, 5])("a client refused with code %i is told at once", async (code) => {
  broker.script.connack = () => code;
  open();
  await expect(publisher.room()).rejects.toMatchObject({ code: "SIMULATE_REFUSED", kind: "operator" });
  expect(broker.connects).toHaveLength(1);
});

test("a broker that is not available yet (code 3) is asked again", async () => {
  broker.script.connack = (connection) => (connection < 3 ? 3 : 0);
  open();
  await publishAll(3);
  expect(broker.connects).toHaveLength(3);
});

test("CONNECT carries level 4, a kept session, the client id and the credentials", async () => {
  open({ username: "me", password: "pw" });
  await publishAll(1);
  const text = "\0\u0004MQTT\u0004\u00c0\0\u001e\0\bsensor-1\0\u0002me\0\u0002pw";
  expect(broker.connects[0]?.toString("latin1")).toBe(text);
});

test("close says DISCONNECT and lets go who waits", async () => {
  broker.script.onPublish = () => "swallow";
  open();
  await publisher.room();
  publisher.publish("plant/a", "x");
  const waiting = publisher.drained();
  await expect.poll(() => broker.seen.length).toBe(1);
  await publisher.close();
  await waiting;
  await expect.poll(() => broker.otherTypes).toEqual([14]);
  expect(publisher.counts).toEqual({ sent: 1, acknowledged: 0, resent: 0 });
});
