/** Sessions on a real store: what they promise over restarts, and what they cost. */
import type { Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { KeyKind } from "../../src/broker/session-values.ts";
import { openSessionBroker, type SessionBroker } from "../support/session-broker.ts";
import type { SessionClient } from "../support/session-client.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { until } from "../support/until.ts";

interface Message {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly properties?: object;
}

/** Publishes as a client without a session, and waits until that is acknowledged. */
async function publish(
  broker: SessionBroker,
  topic: string,
  payloads: readonly string[],
  { qos = 1, retain = false, ...rest }: Message = {},
): Promise<void> {
  const publisher = broker.client("publisher", { version: 5, connect: { clean: true } });
  await publisher.connect();
  for (const [index, payload] of payloads.entries()) {
    const messageId = index + 1;
    publisher.send({ cmd: "publish", topic, payload, qos, retain, dup: false, messageId, ...rest });
  }
  if (qos === 1) await publisher.take("puback", payloads.length);
  if (qos === 2) await publisher.take("pubcomp", payloads.length);
  await publisher.leave();
}

/** A session that subscribes to a filter and leaves. */
async function leaveBehind(
  broker: SessionBroker,
  clientId: string,
  filter: string,
  qos: 1 | 2 = 1,
): Promise<void> {
  const client = broker.client(clientId);
  await client.connect();
  await client.subscribe(filter, qos);
  await client.leave();
}

async function received(client: SessionClient, count: number): Promise<readonly string[]> {
  await until(`${count} have come, ${client.arrivals.length} so far`, () => client.arrivals.length >= count);
  return client.payloads;
}

/** Keys of one kind. */
async function keysOf(broker: SessionBroker, kind: number): Promise<readonly string[]> {
  const start = kind.toString(16).padStart(2, "0");
  return (await broker.keys()).filter((key) => key.startsWith(start));
}

test.each([
  { kind: "a clean session of 3.1.1", version: 4, connect: { clean: true } },
  { kind: "an MQTT 5 session without expiry", version: 5, connect: { clean: true } },
  { kind: "an MQTT 5 session that is resumed without expiry", version: 5, connect: { clean: false } },
] as const)("$kind writes nothing", async ({ version, connect }) => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const client = broker.client("passing", { version, connect });
  await client.connect();
  await client.subscribe("t/#", 2);
  client.send({
    cmd: "publish",
    topic: "t/a",
    payload: "1",
    qos: 2,
    retain: false,
    dup: false,
    messageId: 9,
  });
  await client.take("pubrec");
  client.send({ cmd: "pubrel", messageId: 9 });
  await client.take("pubcomp");
  await received(client, 1);
  await client.leave();
  await broker.restart();
  expect(broker.changeCount).toBe(0);
  expect(await broker.keys()).toEqual([]);
});

test("SUBACK, and PUBACK for a message that somebody away waits for, follow the commit that holds it", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const client = broker.client("patient");
  await client.connect();
  const release = broker.store.hold();
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t/#", qos: 1 }] });
  client.send({ cmd: "pingreq" });
  await client.take("pingresp");
  expect(client.packets.map(({ cmd }) => cmd)).not.toContain("suback");
  release();
  await client.take("suback");
  expect(await keysOf(broker, KeyKind.filter)).toHaveLength(1);
  await client.leave();
  await publish(broker, "t/a", ["1"]);
  const holding = broker.store.committed.findLast(({ changes = [] }) =>
    changes.some(({ key }) => key[0] === KeyKind.message),
  );
  expect(holding?.record.counts.receivedMessages).toBe(1);
});

test("a message is stored once however many sessions wait for it, and is gone when the last has it", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const names = ["a", "b", "c"];
  for (const name of names) await leaveBehind(broker, name, "t/#");
  await publish(broker, "t/x", ["1", "2"]);
  expect(await keysOf(broker, KeyKind.message)).toHaveLength(2);
  for (const name of names) {
    await broker.restart();
    const client = broker.client(name);
    await client.connect();
    expect(await received(client, 2)).toEqual(["1", "2"]);
    await client.leave();
  }
  await broker.restart();
  expect(await keysOf(broker, KeyKind.message)).toEqual([]);
  const again = broker.client("a");
  await again.connect();
  await publish(broker, "t/x", ["3"]);
  expect(await received(again, 1)).toEqual(["3"]);
});

/** A session that is connected and subscribed. */
async function present(broker: SessionBroker, clientId: string, answers = true): Promise<SessionClient> {
  const client = broker.client(clientId, { answers });
  await client.connect();
  await client.subscribe("t/#", 1);
  return client;
}

test("what a commit holds for sessions that are connected is one value, which goes with the last acknowledgement", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const quick = await present(broker, "quick");
  const slow = await present(broker, "slow", false);
  const release = broker.store.hold();
  const published = publish(broker, "t/x", ["1", "2", "3", "4", "5"]);
  // Five PUBLISH packets of nine bytes, their fixed headers aside.
  await until("all but the first wait for the disk", () => broker.metric("in_flight_bytes") === 45);
  release();
  await published;
  expect(await received(quick, 5)).toEqual(["1", "2", "3", "4", "5"]);
  await received(slow, 5);
  // The first may have gone to the disk alone.
  expect([1, 2]).toContain((await keysOf(broker, KeyKind.chunk)).length);
  expect(await keysOf(broker, KeyKind.message)).toEqual([]);
  for (const { packetId: messageId } of slow.arrivals) slow.send({ cmd: "puback", messageId: messageId! });
  await until("nothing is kept", async () => (await keysOf(broker, KeyKind.chunk)).length === 0);
});

test("what somebody still waits for after seconds is written by itself, and comes after a restart to nobody else", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const quick = await present(broker, "quick");
  const slow = await present(broker, "slow", false);
  await publish(broker, "t/x", ["1", "2", "3"]);
  await received(quick, 3);
  await received(slow, 3);
  slow.send({ cmd: "puback", messageId: slow.arrivals[1]!.packetId! });
  broker.clock.pass(6_000);
  await until("no chunk is left", async () => (await keysOf(broker, KeyKind.chunk)).length === 0);
  expect(await keysOf(broker, KeyKind.message)).toHaveLength(2);
  await broker.restart();
  const [quickAgain, slowAgain] = [broker.client("quick"), broker.client("slow")];
  await quickAgain.connect();
  await slowAgain.connect();
  expect(await received(slowAgain, 2)).toEqual(["1", "3"]);
  expect(slowAgain.arrivals.every(({ dup }) => dup)).toBe(true);
  await publish(broker, "t/x", ["4"]);
  expect(await received(quickAgain, 1)).toEqual(["4"]);
  await until("nothing is kept", async () => (await keysOf(broker, KeyKind.message)).length === 0);
});

test("what a chunk holds comes after a restart in its place among what came before and after it", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await leaveBehind(broker, "patient", "t/#");
  await publish(broker, "t/x", ["1"]);
  const patient = broker.client("patient", { answers: false });
  await patient.connect();
  await publish(broker, "t/x", ["2", "3"]);
  await received(patient, 3);
  await patient.cut();
  await publish(broker, "t/x", ["4"]);
  expect((await keysOf(broker, KeyKind.chunk)).length).toBeGreaterThan(0);
  await broker.restart();
  const again = broker.client("patient");
  await again.connect();
  expect(await received(again, 4)).toEqual(["1", "2", "3", "4"]);
  broker.clock.pass(6_000);
  await until("nothing is kept", async () => {
    const kept = await Promise.all([KeyKind.chunk, KeyKind.message].map((kind) => keysOf(broker, kind)));
    return kept.flat().length === 0;
  });
});

test("what a subscription says of its messages holds after a restart", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const connect = { properties: { sessionExpiryInterval: 1_000 } };
  const client = broker.client("particular", { version: 5, connect });
  await client.connect();
  const options = { qos: 1, rap: true, nl: true, rh: 2 };
  const subscriptions = [{ topic: "t/#", ...options }];
  const properties = { subscriptionIdentifier: 77 };
  client.send({ cmd: "subscribe", messageId: 1, subscriptions, properties } as Packet);
  await client.take("suback");
  await client.leave();
  await publish(broker, "t/a", ["kept"], { retain: true, properties: { contentType: "text/plain" } });
  await broker.restart();
  const again = broker.client("particular", { version: 5, connect });
  await again.connect();
  expect(again.sessionPresent).toBe(true);
  await received(again, 1);
  again.send({
    cmd: "publish",
    topic: "t/own",
    payload: "own",
    qos: 1,
    retain: false,
    dup: false,
    messageId: 5,
  });
  await again.take("puback");
  await publish(broker, "t/b", ["live"]);
  expect(await received(again, 2)).toEqual(["kept", "live"]);
  expect(again.arrivals[0]).toMatchObject({
    retain: true,
    properties: { subscriptionIdentifier: 77, contentType: "text/plain" },
  });
  expect(again.arrivals[1]).toMatchObject({ retain: false, properties: { subscriptionIdentifier: 77 } });
});

test("sessions that share a filter do so after a restart, and each message waits for one of them", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const names = ["a", "b"];
  for (const name of names) await leaveBehind(broker, name, "$share/g/t/#");
  await publish(broker, "t/x", ["1", "2"]);
  await broker.restart();
  await publish(broker, "t/x", ["3", "4"]);
  expect(await keysOf(broker, KeyKind.message)).toHaveLength(4);
  const clients = names.map((name) => broker.client(name));
  const got: (readonly string[])[] = [];
  for (const client of clients) {
    await client.connect();
    got.push(await received(client, 2));
  }
  expect(got.flat().toSorted()).toEqual(["1", "2", "3", "4"]);
  await publish(broker, "t/x", ["5", "6"]);
  for (const client of clients) await received(client, 3);
  expect(clients.flatMap(({ payloads }) => payloads).toSorted()).toEqual(["1", "2", "3", "4", "5", "6"]);
  for (const client of clients) await client.leave();
  await broker.restart();
  expect(await keysOf(broker, KeyKind.message)).toEqual([]);
});

test("a QoS 2 message whose PUBREC has come is continued with PUBREL after a restart", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const client = broker.client("halfway", { answers: false });
  await client.connect();
  await client.subscribe("t/#", 2);
  await publish(broker, "t/a", ["1", "2"], { qos: 1 });
  const sender = broker.client("sender", { version: 5, connect: { clean: true } });
  await sender.connect();
  sender.send({
    cmd: "publish",
    topic: "t/a",
    payload: "3",
    qos: 2,
    retain: false,
    dup: false,
    messageId: 1,
  });
  await sender.take("pubrec");
  await received(client, 3);
  const { packetId } = client.arrivals[2]!;
  client.send({ cmd: "pubrec", messageId: packetId } as Packet);
  await client.take("pubrel");
  await broker.restart();
  const again = broker.client("halfway");
  await again.connect();
  const [release] = await again.take("pubrel");
  expect(release).toMatchObject({ messageId: packetId });
  expect(await received(again, 2)).toEqual(["1", "2"]);
  expect(again.arrivals.map(({ dup }) => dup)).toEqual([true, true]);
  await until("all is acknowledged", async () => (await keysOf(broker, KeyKind.message)).length === 0);
});

test("a QoS 2 message that is sent again after a restart has no second effect", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await leaveBehind(broker, "away", "t/#", 2);
  const message = {
    cmd: "publish",
    topic: "t/a",
    payload: "1",
    qos: 2,
    retain: false,
    messageId: 4,
  } as const;
  const client = broker.client("sender");
  await client.connect();
  client.send({ ...message, dup: false });
  await client.take("pubrec");
  await broker.restart();
  const again = broker.client("sender");
  await again.connect();
  expect(again.sessionPresent).toBe(true);
  again.send({ ...message, dup: true });
  await again.take("pubrec");
  again.send({ cmd: "pubrel", messageId: 4 });
  await again.take("pubcomp");
  // The identifier is free again: another message under it is another message.
  again.send({ ...message, payload: "2", dup: false });
  await again.take("pubrec", 2);
  const away = broker.client("away");
  await away.connect();
  expect(await received(away, 2)).toEqual(["1", "2"]);
});

test.each([
  { kind: "running time", expiry: 100, runMs: 120_000, offMs: 0, isThere: false },
  { kind: "known downtime", expiry: 100, runMs: 0, offMs: 120_000, isThere: false },
  { kind: "both together, and not yet over", expiry: 100, runMs: 40_000, offMs: 40_000, isThere: true },
  { kind: "nothing, since it is for ever", expiry: 0xffff_ffff, runMs: 1e9, offMs: 1e10, isThere: true },
])("the expiry of an MQTT 5 session goes by $kind", async ({ expiry, runMs, offMs, isThere }) => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const options = { version: 5, connect: { properties: { sessionExpiryInterval: expiry } } } as const;
  const client = broker.client("v5", options);
  await client.connect();
  await client.subscribe("t/#", 1);
  await client.leave();
  await publish(broker, "t/a", ["1"]);
  broker.clock.pass(runMs / 2);
  // A record, so that the log knows that time has passed.
  await publish(broker, "other", ["1"]);
  await broker.restart(offMs);
  broker.clock.pass(runMs / 2);
  if (!isThere) await until("it has ended", () => broker.metric("sessions") === 0);
  const again = broker.client("v5", options);
  await again.connect();
  expect(again.sessionPresent).toBe(isThere);
  await received(again, isThere ? 1 : 0);
  expect(again.payloads).toEqual(isThere ? ["1"] : []);
});

test("retained messages survive, those that were removed do not, and the gateway's own are not written", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await publish(broker, "kept", ["old", "new"], { retain: true });
  await publish(broker, "gone", ["x"], { retain: true });
  await publish(broker, "gone", [""], { retain: true });
  broker.broker.publish({ topic: "holdfast/status", payload: "up", qos: 1, retain: true });
  await broker.restart();
  expect(await keysOf(broker, KeyKind.retained)).toHaveLength(1);
  expect(broker.metric("retained_messages")).toBe(1);
  const client = broker.client("late", { connect: { clean: true } });
  await client.connect();
  await client.subscribe("#", 1);
  expect(await received(client, 1)).toEqual(["new"]);
  expect(client.arrivals[0]).toMatchObject({ topic: "kept", retain: true });
});

test.each([
  { who: "the gateway", topic: "own", publish: (broker: SessionBroker) => publishOwn(broker) },
  { who: "a client at QoS 0", topic: "own", publish: (broker: SessionBroker) => publishUnheard(broker) },
])(
  "a retained message of $who is there for who subscribes before it is on disk",
  async ({ topic, publish: act }) => {
    const broker = await openSessionBroker(await temporaryDirectory());
    const client = broker.client("early", { connect: { clean: true } });
    await client.connect();
    const release = broker.store.hold();
    await act(broker);
    await client.subscribe(topic, 1);
    expect(await received(client, 1)).toEqual(["x"]);
    release();
  },
);

async function publishOwn(broker: SessionBroker): Promise<void> {
  broker.broker.publish({ topic: "own", payload: "x", qos: 1, retain: true });
}

async function publishUnheard(broker: SessionBroker): Promise<void> {
  const publisher = broker.client("unheard", { connect: { clean: true } });
  await publisher.connect();
  publisher.send({ cmd: "publish", topic: "own", payload: "x", qos: 0, retain: true, dup: false });
  publisher.send({ cmd: "pingreq" });
  await publisher.take("pingresp");
}

const will = { topic: "t/will", payload: "lost", qos: 1, retain: false };

test.each([
  { kind: "without a delay is published once after a restart", delay: 0, back: false, count: 1 },
  { kind: "with a delay that is over is published once", delay: 30, back: false, count: 1 },
  {
    kind: "is not published when its client is back before the delay is over",
    delay: 30,
    back: true,
    count: 0,
  },
])("the will of a session $kind", async ({ delay, back, count }) => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await leaveBehind(broker, "witness", "t/#");
  const properties = { sessionExpiryInterval: 1_000 };
  const connect = { properties, will: { ...will, properties: { willDelayInterval: delay } } };
  const client = broker.client("mortal", { version: 5, connect });
  await client.connect();
  await broker.restart();
  if (back) {
    const again = broker.client("mortal", { version: 5, connect: { properties } });
    await again.connect();
  }
  broker.clock.pass(31_000);
  if (count > 0)
    await until("it is published", async () => (await keysOf(broker, KeyKind.message)).length === 1);
  // Once more: it does not come again.
  await broker.restart();
  broker.clock.pass(31_000);
  await publish(broker, "t/end", ["end"]);
  const witness = broker.client("witness");
  await witness.connect();
  expect(await received(witness, count + 1)).toEqual([...Array.from({ length: count }, () => "lost"), "end"]);
  expect(await keysOf(broker, KeyKind.will)).toEqual([]);
});

test("a will is given up by DISCONNECT, and that of a takeover belongs to the newcomer (A16)", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const first = broker.client("taken", { connect: { will: { ...will, payload: "first" } } });
  await first.connect();
  const second = broker.client("taken", { connect: { will: { ...will, payload: "second" } } });
  await second.connect();
  await until("the first is gone", () => !first.connected);
  await publish(broker, "other", ["1"]);
  expect(await keysOf(broker, KeyKind.will)).toHaveLength(1);
  await second.leave();
  await until("it is removed", async () => (await keysOf(broker, KeyKind.will)).length === 0);
});

test("a session that never returns takes bounded memory and disk", async () => {
  const queueBounds = { messagesMax: 10 };
  const broker = await openSessionBroker(await temporaryDirectory(), { queueBounds });
  await leaveBehind(broker, "never", "t/#");
  await leaveBehind(broker, "sometimes", "t/#");
  for (let round = 0; round < 5; round += 1) {
    await publish(
      broker,
      "t/a",
      Array.from({ length: 50 }, (_, index) => `${round}-${index}`),
    );
    const client = broker.client("sometimes");
    await client.connect();
    expect(await received(client, 10)).toHaveLength(10);
    await client.leave();
  }
  await broker.restart();
  expect(await keysOf(broker, KeyKind.message)).toHaveLength(10);
  expect((await broker.keys()).length).toBeLessThan(20);
  const never = broker.client("never");
  await never.connect();
  expect(await received(never, 10)).toEqual(Array.from({ length: 10 }, (_, index) => `4-${40 + index}`));
});

test("when the store fails, sessions are made from what is stored, and nothing acknowledged is lost or doubled", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await leaveBehind(broker, "away", "t/#");
  const here = broker.client("here");
  await here.connect();
  await here.subscribe("t/#", 1);
  await publish(broker, "t/a", ["1"]);
  await received(here, 1);
  broker.store.refuse = true;
  const publisher = broker.client("unlucky", { connect: { clean: true } });
  await publisher.connect();
  publisher.send({
    cmd: "publish",
    topic: "t/a",
    payload: "2",
    qos: 1,
    retain: false,
    dup: false,
    messageId: 1,
  });
  // Not acknowledged, and whoever has a session is to come again.
  await until("the publisher is cut", () => !publisher.connected);
  await until("the session is cut", () => !here.connected);
  expect(publisher.packets.map(({ cmd }) => cmd)).not.toContain("puback");
  await here.reconnect();
  expect(here.sessionPresent).toBe(true);
  await publish(broker, "t/a", ["2"]);
  await until("the last has come", () => here.payloads.includes("2"));
  // An acknowledgement that was not written yet may be followed by its message again.
  expect([...new Set(here.payloads)]).toEqual(["1", "2"]);
  const away = broker.client("away");
  await away.connect();
  expect(await received(away, 2)).toEqual(["1", "2"]);
  const expected = (await broker.keys()).length;
  await broker.restart();
  expect((await broker.keys()).length).toBeLessThanOrEqual(expected);
  expect(broker.metric("session_queue_bytes")).toBe(0);
});
