/** Each test carries the numbers of the statements that it is about; `mqtt-3.1.1-statements.ts` names them all. */
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectPacket, openTestBroker, publishPacket, RawClient, until } from "../broker/harness.ts";
import { field, identifier, packet } from "./bytes.ts";
import { statements } from "./mqtt-3.1.1-statements.ts";
import { testedStatements } from "./tested-statements.ts";

const tested = testedStatements(import.meta.url);

test.each(statements)("$id has a test, or a reason why it has none", ({ id, untested }) => {
  // Either, and not both: a reason beside a test is out of date.
  expect(tested.has(id)).toBe(untested === undefined);
});

test("no test carries a number that there is not", () => {
  const known = new Set(statements.map(({ id }) => id));
  expect([...tested].filter((id) => !known.has(id))).toEqual([]);
});

const subscribe = (messageId: number, ...filters: readonly (readonly [string, 0 | 1 | 2])[]) => ({
  cmd: "subscribe" as const,
  messageId,
  subscriptions: filters.map(([topic, qos]) => ({ topic, qos })),
});

/** Sends bytes on an open connection and tells whether the broker ends it. */
async function endsBy(bytes: Uint8Array): Promise<boolean> {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(bytes);
  // Nobody answers a ping on a connection that has ended; whichever comes first decides.
  client.send(Uint8Array.of(0xc0, 0));
  await until(
    () => client.closed || client.packets.some(({ cmd }) => cmd === "pingresp"),
    "an end or an answer",
  );
  return client.closed;
}

const invalidTexts: readonly (readonly [string, Uint8Array])[] = [
  ["a lone byte", Buffer.from([0x61, 0xff])],
  ["a surrogate", Buffer.from([0xed, 0xa0, 0x80])],
  ["an overlong form", Buffer.from([0xc0, 0xaf])],
  ["U+0000", Buffer.from("a\0b")],
];

test.each(invalidTexts)(
  "[MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-3.8.3-1] [MQTT-3.10.3-1] %s in a topic or filter ends the connection",
  async (_what, text) => {
    expect(await endsBy(packet(0x30, field(text)))).toBe(true);
    expect(await endsBy(packet(0x82, identifier(1), field(text), Buffer.of(0)))).toBe(true);
    expect(await endsBy(packet(0xa2, identifier(1), field(text)))).toBe(true);
  },
);

test("[MQTT-1.5.3-3] [MQTT-4.7.3-4] U+FEFF stays, and characters are compared as they are", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(subscribe(1, ["\uFEFFa", 0], ["\u00e9", 0]));
  await client.take("suback");
  for (const topic of ["a", "\uFEFFa", "e\u0301", "\u00e9"]) client.send(publishPacket(topic, "x"));
  await client.ping();
  const messages = await client.take("publish", 2);
  expect(messages.map(({ topic }) => topic)).toEqual(["\uFEFFa", "\u00e9"]);
});

test.each([
  ["[MQTT-2.2.2-2] PINGREQ with flags", Buffer.of(0xc1, 0)],
  ["[MQTT-3.6.1-1] PUBREL without its flag", Buffer.of(0x60, 2, 0, 1)],
  ["[MQTT-3.8.1-1] SUBSCRIBE without its flag", packet(0x80, identifier(1), field("a"), Buffer.of(0))],
  ["[MQTT-3.10.1-1] UNSUBSCRIBE without its flag", packet(0xa0, identifier(1), field("a"))],
  ["[MQTT-3.14.1-1] DISCONNECT with flags", Buffer.of(0xe1, 0)],
  ["[MQTT-2.3.1-1] a SUBSCRIBE of identifier 0", packet(0x82, identifier(0), field("a"), Buffer.of(0))],
  ["[MQTT-2.3.1-1] an UNSUBSCRIBE of identifier 0", packet(0xa2, identifier(0), field("a"))],
  ["[MQTT-2.3.1-1] a PUBLISH of QoS 1 and identifier 0", packet(0x32, field("a"), identifier(0))],
  ["[MQTT-3.1.0-2] a second CONNECT", connectPacket(4, "again")],
  ["[MQTT-3.3.1-4] a PUBLISH of QoS 3", packet(0x36, field("a"), identifier(1))],
  ["[MQTT-3.3.2-2] a topic with #", packet(0x30, field("a/#"))],
  ["[MQTT-3.3.2-2] a topic with +", packet(0x30, field("+/a"))],
  ["[MQTT-3.8.3-3] a SUBSCRIBE without a filter", packet(0x82, identifier(1))],
  ["[MQTT-3.8.3-4] a SUBSCRIBE with reserved bits", packet(0x82, identifier(1), field("a"), Buffer.of(0x04))],
  ["[MQTT-3.10.3-2] an UNSUBSCRIBE without a filter", packet(0xa2, identifier(1))],
  ["[MQTT-4.7.1-2] # beside other characters", packet(0x82, identifier(1), field("a#"), Buffer.of(0))],
  ["[MQTT-4.7.1-2] # that is not last", packet(0x82, identifier(1), field("#/a"), Buffer.of(0))],
  ["[MQTT-4.7.1-3] + beside other characters", packet(0x82, identifier(1), field("a+/b"), Buffer.of(0))],
  ["[MQTT-4.7.3-1] an empty topic", packet(0x30, field(""))],
  ["[MQTT-4.7.3-1] an empty filter", packet(0x82, identifier(1), field(""), Buffer.of(0))],
  ["[MQTT-4.8.0-1] a packet of type 15", Buffer.of(0xf0, 0)],
  ["[MQTT-4.8.0-1] a CONNACK from a client", Buffer.of(0x20, 2, 0, 0)],
])("%s ends the connection", async (_what, bytes) => {
  expect(await endsBy(bytes)).toBe(true);
});

/** A CONNECT with one byte changed: 2 to 7 is the protocol name, 8 the level, 9 the flags. */
function patchedConnect(at: number, byte: number): Buffer {
  const bytes = Buffer.from(connectPacket(4, "patched"));
  bytes[at] = byte;
  return bytes;
}

test.each([
  ["[MQTT-3.1.0-1] a PUBLISH first", packet(0x30, field("a"))],
  ["[MQTT-3.1.2-1] a wrong protocol name", patchedConnect(4, 0x58)],
  ["[MQTT-3.1.2-3] [MQTT-3.1.4-1] the reserved flag", patchedConnect(9, 0x03)],
  ["[MQTT-3.1.2-11] a will QoS without a will", patchedConnect(9, 0x0a)],
  ["[MQTT-3.1.2-11] a will to be retained without a will", patchedConnect(9, 0x22)],
  ["[MQTT-3.1.2-14] a will of QoS 3", patchedConnect(9, 0x1e)],
  ["[MQTT-3.1.2-19] a user name that is not there", patchedConnect(9, 0x82)],
  ["[MQTT-3.1.2-21] [MQTT-3.1.2-22] a password that is not there", patchedConnect(9, 0xc2)],
  ["[MQTT-3.1.2-22] a password without a user name", patchedConnect(9, 0x42)],
])("%s ends the connection without CONNACK", async (_what, bytes) => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port);
  client.send(bytes);
  await client.gone();
  expect(client.packets).toEqual([]);
});

test("[MQTT-3.1.2-2] [MQTT-3.2.2-4] [MQTT-3.2.2-5] an unknown level is answered with 1, and the connection ends", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port);
  client.send(patchedConnect(8, 6));
  await client.gone();
  expect(client.bytes.subarray(0, 4)).toEqual(Buffer.of(0x20, 2, 0, 1));
});

test("[MQTT-3.1.3-8] [MQTT-3.2.2-4] [MQTT-3.2.2-5] [MQTT-3.1.4-5] an empty id without a clean session is refused, and what follows is not processed", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port);
  const unclean = packet(0x10, field("MQTT"), Buffer.of(4, 0, 0, 0), field(""));
  client.send(Buffer.concat([unclean, packet(0x30, field("a"))]));
  await client.gone();
  expect(client.bytes).toEqual(Buffer.of(0x20, 2, 0, 2));
  expect(broker.sink.received).toEqual([]);
});

test("[MQTT-3.1.3-5] [MQTT-3.1.4-4] [MQTT-3.2.0-1] an id of 23 letters and digits is accepted, and CONNACK comes first", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port);
  client.send(
    Buffer.concat([
      connectPacket(4, "0123456789abcdefghijABC"),
      packet(0x82, identifier(1), field("a"), Buffer.of(0)),
    ]),
  );
  await client.take("suback");
  expect(client.bytes).toEqual(Buffer.of(0x20, 2, 0, 0, 0x90, 3, 0, 1, 0));
});

test("[MQTT-3.1.3-6] clients without an id are told apart", async () => {
  await using broker = await openTestBroker();
  using one = await RawClient.connected(broker.port, { clientId: "" });
  using other = await RawClient.connected(broker.port, { clientId: "" });
  await Promise.all([one.ping(), other.ping()]);
  for (const client of [one, other]) client.send(publishPacket("a", "x", { qos: 1, messageId: 1 }));
  await Promise.all([one.take("puback"), other.take("puback")]);
  expect(new Set(broker.sink.received.map(({ clientId }) => clientId)).size).toBe(2);
});

test("[MQTT-3.1.3-2] [MQTT-3.1.4-2] a second client with an id disconnects the first", async () => {
  await using broker = await openTestBroker();
  using first = await RawClient.connected(broker.port, { clientId: "one" });
  using second = await RawClient.connected(broker.port, { clientId: "one" });
  await first.gone();
  await second.ping();
  expect(second.closed).toBe(false);
});

/** Connects and gives session present. */
async function sessionPresent(client: RawClient, clientId: string, clean: boolean): Promise<boolean> {
  client.send(connectPacket(4, clientId, { clean }));
  const [connack] = await client.take("connack");
  return connack?.sessionPresent === true;
}

test("[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.2.2-1] [MQTT-3.2.2-3] a session is resumed with what came meanwhile, and discarded when a clean one is asked for", async () => {
  await using broker = await openTestBroker();
  const first = new RawClient(broker.port);
  expect(await sessionPresent(first, "s", false)).toBe(false);
  first.send(subscribe(1, ["a", 2]));
  await first.take("suback");
  first.send({ cmd: "disconnect" });
  await first.gone();
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a", "one", { qos: 1, messageId: 1 }));
  publisher.send(publishPacket("a", "zero"));
  await publisher.take("puback");
  const second = new RawClient(broker.port);
  expect(await sessionPresent(second, "s", false)).toBe(true);
  const [message] = await second.take("publish");
  expect(String(message?.payload)).toBe("one");
  second.socket.destroy();
  await second.gone();
  const third = new RawClient(broker.port);
  expect(await sessionPresent(third, "s", true)).toBe(false);
  publisher.send(publishPacket("a", "two", { qos: 1, messageId: 2 }));
  await publisher.take("puback", 2);
  await third.ping();
  expect(third.packets.filter(({ cmd }) => cmd === "publish")).toEqual([]);
  third.socket.destroy();
});

test("[MQTT-3.1.2-7] retained messages stay when a session ends", async () => {
  await using broker = await openTestBroker();
  const first = await RawClient.connected(broker.port, { clientId: "s", clean: true });
  first.send(publishPacket("a", "kept", { qos: 1, messageId: 1, retain: true }));
  await first.take("puback");
  first.send({ cmd: "disconnect" });
  await first.gone();
  using second = await RawClient.connected(broker.port);
  second.send(subscribe(1, ["a", 0]));
  const [message] = await second.take("publish");
  expect([String(message?.payload), message?.retain]).toEqual(["kept", true]);
});

/** What a subscriber of `will` is sent when a client with a will ends in a way. */
async function willOf(
  end: (client: RawClient) => void,
  options: Readonly<Record<string, unknown>>,
): Promise<readonly [string, boolean][]> {
  await using broker = await openTestBroker();
  using watcher = await RawClient.connected(broker.port);
  watcher.send(subscribe(1, ["will", 1]));
  await watcher.take("suback");
  const client = await RawClient.connected(broker.port, options);
  await client.ping();
  end(client);
  await client.gone();
  using marker = await RawClient.connected(broker.port);
  marker.send(publishPacket("will", "end", { qos: 1, messageId: 1 }));
  await until(
    () => watcher.packets.some((one) => one.cmd === "publish" && String(one.payload) === "end"),
    "the marker comes",
  );
  // A will of a connection that was cut is published when the broker has noticed; a second look is a later one.
  using late = await RawClient.connected(broker.port);
  late.send(subscribe(1, ["will", 1]));
  await late.take("suback");
  await late.ping();
  const sent = watcher.packets.filter((one) => one.cmd === "publish");
  const kept = late.packets.filter((one) => one.cmd === "publish");
  return [...sent, ...kept]
    .map((one): [string, boolean] => [String(one.payload), one.retain])
    .toSorted(([one, first], [other, second]) => one.localeCompare(other) || Number(first) - Number(second));
}

const will = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: false };

test("[MQTT-3.1.2-8] [MQTT-3.1.2-16] the will of a connection that breaks is published, not retained", async () => {
  const messages = await willOf((client) => client.socket.destroy(), { will });
  expect(messages).toEqual([
    ["end", false],
    ["gone", false],
  ]);
});

test("[MQTT-3.1.2-17] a will that is to be retained is", async () => {
  const messages = await willOf((client) => client.socket.destroy(), { will: { ...will, retain: true } });
  expect(messages).toEqual([
    ["end", false],
    ["gone", false],
    ["gone", true],
  ]);
});

test("[MQTT-3.1.2-10] [MQTT-3.1.2-12] no will is published after DISCONNECT, nor where there is none", async () => {
  const left = await willOf((client) => client.send({ cmd: "disconnect" }), { will });
  const without = await willOf((client) => client.socket.destroy(), {});
  expect([left, without]).toEqual([[["end", false]], [["end", false]]]);
});

test("[MQTT-3.1.2-24] after one and a half keep-alives of silence the connection ends", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { keepalive: 1 });
  const startedMs = performance.now();
  await client.gone();
  const silentMs = performance.now() - startedMs;
  expect(silentMs).toBeGreaterThanOrEqual(1_000);
  expect(silentMs).toBeLessThan(4_000);
});

test("[MQTT-3.12.4-1] PINGREQ is answered", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(Buffer.of(0xc0, 0));
  await client.take("pingresp");
  expect(client.bytes).toEqual(Buffer.of(0xd0, 0));
});

test("[MQTT-3.3.1-2] a PUBLISH of QoS 0 with DUP ends the connection", async () => {
  expect(await endsBy(packet(0x38, field("a")))).toBe(true);
});

test("[MQTT-2.3.1-5] [MQTT-3.3.1-3] [MQTT-3.3.1-9] what is passed on has DUP 0 and RETAIN 0, and QoS 0 no identifier", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send(subscribe(1, ["a", 0]));
  await subscriber.take("suback");
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a", "x", { qos: 1, messageId: 7, dup: true, retain: true }));
  await subscriber.take("publish");
  expect(subscriber.bytes.subarray(-6)).toEqual(Buffer.from([0x30, 4, 0, 1, 0x61, 0x78]));
});

test("[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] [MQTT-3.3.1-12] a new subscription gets the last retained message of each topic, as retained", async () => {
  await using broker = await openTestBroker();
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("r/a", "old", { qos: 1, messageId: 1, retain: true }));
  publisher.send(publishPacket("r/b", "first", { qos: 1, messageId: 2, retain: true }));
  publisher.send(publishPacket("r/b", "zero", { retain: true }));
  publisher.send(publishPacket("r/a", "passing", { qos: 1, messageId: 3 }));
  await publisher.take("puback", 3);
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send(subscribe(1, ["r/+", 1]));
  const messages = await subscriber.take("publish", 2);
  const shown = messages.map(({ topic, payload, qos, retain }) => [topic, String(payload), qos, retain]);
  expect(shown.toSorted(([one = ""], [other = ""]) => String(one).localeCompare(String(other)))).toEqual([
    ["r/a", "old", 1, true],
    ["r/b", "zero", 0, true],
  ]);
});

test("[MQTT-3.3.1-10] [MQTT-3.3.1-11] an empty retained message is delivered, removes what was kept, and is not kept", async () => {
  await using broker = await openTestBroker();
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a", "kept", { qos: 1, messageId: 1, retain: true }));
  await publisher.take("puback");
  using standing = await RawClient.connected(broker.port);
  standing.send(subscribe(1, ["a", 0]));
  await standing.take("publish");
  publisher.send(publishPacket("a", "", { qos: 1, messageId: 2, retain: true }));
  const [, removal] = await standing.take("publish", 2);
  expect([removal?.payload.length, removal?.retain]).toEqual([0, false]);
  using late = await RawClient.connected(broker.port);
  late.send(subscribe(1, ["a", 0]));
  await late.ping();
  expect(late.packets.filter(({ cmd }) => cmd === "publish")).toEqual([]);
});

test("[MQTT-2.3.1-6] [MQTT-3.3.4-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] each quality has its answers, and a QoS 2 message is taken once until it is released", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(publishPacket("a", "zero"));
  client.send(publishPacket("a", "one", { qos: 1, messageId: 5 }));
  client.send(publishPacket("a", "two", { qos: 2, messageId: 6 }));
  await client.take("pubrec");
  client.send(publishPacket("a", "two", { qos: 2, messageId: 6, dup: true }));
  await client.take("pubrec", 2);
  client.send({ cmd: "pubrel", messageId: 6 });
  await client.take("pubcomp");
  client.send(publishPacket("a", "one again", { qos: 1, messageId: 5 }));
  client.send(publishPacket("a", "two again", { qos: 2, messageId: 6 }));
  await client.take("pubrec", 3);
  const answers = client.packets.flatMap((one) =>
    one.cmd === "puback" || one.cmd === "pubrec" || one.cmd === "pubcomp"
      ? [`${one.cmd} ${one.messageId}`]
      : [],
  );
  expect(answers).toEqual(["puback 5", "pubrec 6", "pubrec 6", "pubcomp 6", "puback 5", "pubrec 6"]);
  expect(broker.sink.payloads).toEqual(["zero", "one", "two", "one again", "two again"]);
});

test("[MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-5] answers and deliveries are in the order of the messages", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send(subscribe(1, ["a", 1]));
  await subscriber.take("suback");
  using publisher = await RawClient.connected(broker.port);
  const ids = Array.from({ length: 40 }, (_, index) => index + 1);
  for (const messageId of ids) publisher.send(publishPacket("a", String(messageId), { qos: 1, messageId }));
  const acknowledged = await publisher.take("puback", 40);
  expect(acknowledged.map(({ messageId }) => messageId)).toEqual(ids);
  const delivered = await subscriber.take("publish", 40);
  expect(delivered.map(({ payload }) => Number(payload))).toEqual(ids);
  for (const messageId of ids)
    publisher.send(publishPacket("b", "x", { qos: 2, messageId: messageId + 100 }));
  const received = await publisher.take("pubrec", 40);
  expect(received.map(({ messageId }) => messageId)).toEqual(ids.map((one) => one + 100));
});

test("[MQTT-2.3.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-4.6.0-4] the broker sends with identifiers that are not in use, DUP 0, and PUBRELs in the order of the PUBRECs", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send(subscribe(1, ["a", 2]));
  await subscriber.take("suback");
  using publisher = await RawClient.connected(broker.port);
  for (let messageId = 1; messageId <= 3; messageId += 1) {
    publisher.send(publishPacket("a", "x", { qos: 2, messageId }));
    await publisher.take("pubrec", messageId);
    publisher.send({ cmd: "pubrel", messageId });
  }
  const sent = await subscriber.take("publish", 3);
  const ids = sent.map(({ messageId }) => messageId ?? 0);
  expect(new Set(ids).size).toBe(3);
  expect(ids).not.toContain(0);
  expect(sent.map(({ dup }) => dup)).toEqual([false, false, false]);
  for (const messageId of ids) subscriber.send({ cmd: "pubrec", messageId });
  const released = await subscriber.take("pubrel", 3);
  expect(released.map(({ messageId }) => messageId)).toEqual(ids);
});

test("[MQTT-3.3.1-1] [MQTT-4.4.0-1] a resumed session gets what it has not acknowledged again, with DUP and the same identifiers", async () => {
  await using broker = await openTestBroker();
  const first = await RawClient.connected(broker.port, { clientId: "s", clean: false });
  first.send(subscribe(1, ["a", 2]));
  await first.take("suback");
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a", "one", { qos: 1, messageId: 1 }));
  publisher.send(publishPacket("a", "two", { qos: 2, messageId: 2 }));
  await publisher.take("pubrec");
  publisher.send({ cmd: "pubrel", messageId: 2 });
  const [one, two] = await first.take("publish", 2);
  first.send({ cmd: "pubrec", messageId: two?.messageId ?? 0 });
  await first.take("pubrel");
  first.socket.destroy();
  await first.gone();
  using second = new RawClient(broker.port);
  second.send(connectPacket(4, "s", { clean: false }));
  const [again] = await second.take("publish");
  const [released] = await second.take("pubrel");
  expect([again?.dup, again?.messageId, String(again?.payload)]).toEqual([true, one?.messageId, "one"]);
  expect(released?.messageId).toBe(two?.messageId);
});

test("[MQTT-3.3.2-3] [MQTT-4.7.2-1] a message goes to whom a filter matches, and no wildcard begins with $", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(subscribe(1, ["#", 0], ["+/x", 0]));
  await client.take("suback");
  broker.broker.publish({ topic: "$own/x", payload: "m", qos: 0, retain: false });
  for (const topic of ["a/x", "a/y"]) client.send(publishPacket(topic, "m"));
  await client.ping();
  const topics = client.packets.flatMap((one) => (one.cmd === "publish" ? [one.topic] : []));
  expect(new Set(topics)).toEqual(new Set(["a/x", "a/y"]));
});

test("[MQTT-3.3.5-1] of overlapping subscriptions the highest quality is delivered", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port);
  subscriber.send(subscribe(1, ["a/#", 0], ["a/+", 2], ["+/b", 1]));
  await subscriber.take("suback");
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a/b", "x", { qos: 2, messageId: 1 }));
  await publisher.take("pubrec");
  const sent = await subscriber.take("publish");
  await subscriber.ping();
  expect(Math.max(...sent.map(({ qos }) => qos))).toBe(2);
});

test("[MQTT-3.3.5-1] each subscriber gets the quality that it was granted, whatever others get", async () => {
  await using broker = await openTestBroker();
  const subscribers = await Promise.all(
    ([0, 1, 2, 1, 2] as const).map(async (qos) => {
      const client = await RawClient.connected(broker.port);
      client.send(subscribe(1, [qos === 1 ? "a/+" : "a/b", qos]));
      await client.take("suback");
      return client;
    }),
  );
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a/b", "x", { qos: 2, messageId: 1 }));
  const sent = await Promise.all(subscribers.map((client) => client.take("publish")));
  expect(sent.map(([message]) => message?.qos)).toEqual([0, 1, 2, 1, 2]);
  for (const client of subscribers) client.socket.destroy();
});

test("[MQTT-3.3.5-2] a PUBLISH to a topic of the gateway's own ends the connection", async () => {
  expect(await endsBy(publishPacket("holdfast/status", "x", { qos: 1, messageId: 1 }))).toBe(true);
});

test("[MQTT-2.3.1-7] [MQTT-3.8.4-1] [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-3.9.3-2] SUBACK has the identifier, and a code for each filter in their order", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(subscribe(0x1234, ["a", 0], ["$SYS/#", 1], ["b", 1], ["c", 2]));
  await client.take("suback");
  expect(client.bytes).toEqual(Buffer.of(0x90, 6, 0x12, 0x34, 0, 0x80, 1, 2));
});

test("[MQTT-3.8.4-3] the same filter again replaces the subscription, and retained messages come again", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(publishPacket("a", "kept", { qos: 1, messageId: 1, retain: true }));
  await client.take("puback");
  client.send(subscribe(1, ["a", 1]));
  await client.take("publish", 1);
  client.send(subscribe(2, ["a", 0]));
  const again = await client.take("publish", 2);
  expect(again.map(({ qos, retain }) => [qos, retain])).toEqual([
    [1, true],
    [0, true],
  ]);
  client.send(publishPacket("a", "live", { qos: 1, messageId: 2 }));
  const all = await client.take("publish", 3);
  await client.ping();
  expect(all.slice(2).map(({ qos }) => qos)).toEqual([0]);
});

test("[MQTT-2.3.1-7] [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-5] [MQTT-3.10.4-6] UNSUBSCRIBE takes just the filters that it names, and is answered in any case", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send(subscribe(1, ["a/+", 0], ["b", 0], ["c", 0]));
  await client.take("suback");
  client.send({ cmd: "unsubscribe", messageId: 0x0203, unsubscriptions: ["a/x", "b", "never"] });
  client.send({ cmd: "unsubscribe", messageId: 4, unsubscriptions: ["c"] });
  const answers = await client.take("unsuback", 2);
  expect(answers.map(({ messageId }) => messageId)).toEqual([0x0203, 4]);
  for (const topic of ["a/x", "b", "c"]) client.send(publishPacket(topic, "m"));
  await client.ping();
  expect(client.packets.flatMap((one) => (one.cmd === "publish" ? [one.topic] : []))).toEqual(["a/x"]);
});

test("[MQTT-6.0.0-1] [MQTT-6.0.0-2] [MQTT-6.0.0-4] over WebSocket packets may be split and joined, and text ends the connection", async () => {
  await using broker = await openTestBroker({ listeners: [{ protocol: "ws", host: "127.0.0.1", port: 0 }] });
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port}`, "mqtt");
  const answers: Buffer[] = [];
  let closed = false;
  socket.on("message", (bytes: Buffer) => answers.push(bytes));
  socket.on("close", () => (closed = true));
  await until(() => socket.readyState === WebSocket.OPEN, "the socket opens");
  expect(socket.protocol).toBe("mqtt");
  const both = Buffer.concat([connectPacket(4, "w"), Buffer.of(0xc0, 0)]);
  socket.send(both.subarray(0, 5));
  socket.send(both.subarray(5));
  await until(() => Buffer.concat(answers).length === 6, "CONNACK and PINGRESP");
  expect(Buffer.concat(answers)).toEqual(Buffer.of(0x20, 2, 0, 0, 0xd0, 0));
  socket.send("text");
  await until(() => closed, "the connection ends");
});
