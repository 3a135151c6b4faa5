/** PUBLISH: what is passed on of it, unchanged and in order, and what is retained. */
import { expect, test } from "vitest";
import { topicAliasMax } from "../../../src/core/limits.ts";
import { openTestBroker, RawClient } from "../../broker/harness.ts";
import { openSessionBroker } from "../../support/session-broker.ts";
import { temporaryDirectory } from "../../support/stores.ts";
import { block, field, identifier, packet } from "../bytes.ts";
import { connected, messages, payloads, publish, subscribe, subscribed } from "./client.ts";

const text = (number: number, value: string): Buffer => Buffer.concat([Buffer.of(number), field(value)]);
const pair = (name: string, value: string): Buffer => Buffer.concat([text(0x26, name), field(value)]);

/** A PUBLISH of QoS 0 to `a` without properties. */
const after = (flags: number, payload: string): number[] => [flags, 5, 0, 1, 0x61, 0, payload.charCodeAt(0)];
const aliased = (topic: string, payload: string, topicAlias: number): Buffer =>
  publish(topic, payload, { properties: { topicAlias } });

/** Properties that are passed on, in an order that neither names nor numbers have. */
const properties = block(
  Buffer.of(0x01, 1),
  text(0x03, "text/plain"),
  text(0x08, "answers/7"),
  Buffer.concat([Buffer.of(0x09), field(Buffer.of(0, 255, 7))]),
  pair("b", "1"),
  pair("7", "2"),
  pair("b", "3"),
  pair("__proto__", ""),
  pair("7", "4"),
);
const withEmptyOnes = block(
  Buffer.of(0x01, 0),
  text(0x03, ""),
  text(0x08, "r"),
  text(0x09, ""),
  pair("", ""),
);

test.each([
  { what: "all of them", sent: properties },
  { what: "empty ones", sent: withEmptyOnes },
])(
  "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] properties are passed on byte for byte: $what",
  async ({ sent }) => {
    await using broker = await openTestBroker();
    using publisher = await connected(broker);
    using subscriber = await connected(broker);
    await subscribed(subscriber, "a");
    subscriber.bytes = Buffer.alloc(0);
    publisher.send(packet(0x31, field("a"), sent, Buffer.from("x")));
    await subscriber.take("publish");
    const body = Buffer.concat([field("a"), sent, Buffer.from("x")]);
    expect(subscriber.bytes).toEqual(Buffer.concat([Buffer.of(0x30, body.length), body]));
    // And to who comes later, for it was to be retained.
    using late = await connected(broker);
    await subscribed(late, "a");
    await late.take("publish");
    expect(late.bytes.subarray(-body.length - 2)).toEqual(
      Buffer.concat([Buffer.of(0x31, body.length), body]),
    );
  },
);

test("[MQTT-3.3.2-18] user properties keep their order in a queue on disk, over a restart", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const options = { version: 5, connect: { properties: { sessionExpiryInterval: 1_000 } } } as const;
  const away = broker.client("away", options);
  await away.connect();
  await away.subscribe("a", 1);
  await away.leave();
  using publisher = await RawClient.connected(broker.port, { version: 5 });
  publisher.send(packet(0x32, field("a"), identifier(1), properties, Buffer.from("x")));
  await publisher.take("puback");
  await broker.restart();
  using again = new RawClient(broker.port, 5);
  const expiry = Buffer.of(0x11, 0, 0, 3, 0xe8);
  again.send(packet(0x10, field("MQTT"), Buffer.of(5, 0, 0, 0), block(expiry), field("away")));
  await again.take("publish");
  expect(again.bytes.indexOf(properties)).toBeGreaterThan(0);
});

test("[MQTT-3.1.3-10] properties of a will are passed on, its user properties in their order, and not its delay", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker);
  await subscribed(subscriber, "will");
  subscriber.bytes = Buffer.alloc(0);
  const ordered = [pair("b", "1"), pair("7", "2"), pair("b", "3")];
  const willProperties = block(Buffer.of(0x18, 0, 0, 0, 0), text(0x03, "t"), ...ordered);
  using client = new RawClient(broker.port, 5);
  client.send(
    packet(
      0x10,
      field("MQTT"),
      Buffer.of(5, 6, 0, 0),
      block(),
      field("w"),
      willProperties,
      field("will"),
      field("gone"),
    ),
  );
  await client.take("connack");
  client.socket.destroy();
  await subscriber.take("publish");
  const body = Buffer.concat([field("will"), block(text(0x03, "t"), ...ordered), Buffer.from("gone")]);
  expect(subscriber.bytes).toEqual(Buffer.concat([Buffer.of(0x30, body.length), body]));
});

test("[MQTT-1.5.4-3] [MQTT-4.7.3-4] U+FEFF stays, and characters are compared as they are", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(
    subscribe(1, [
      { topic: "\uFEFFa", qos: 0 },
      { topic: "\u00e9", qos: 0 },
    ]),
  );
  await client.take("suback");
  for (const topic of ["a", "\uFEFFa", "e\u0301", "\u00e9"]) client.send(publish(topic, "x"));
  await client.take("publish", 2);
  await client.ping();
  expect(messages(client).map(({ topic }) => topic)).toEqual(["\uFEFFa", "\u00e9"]);
});

test("[MQTT-2.2.1-2] [MQTT-3.3.1-3] [MQTT-3.3.1-12] [MQTT-3.3.1-13] what is passed on has DUP 0, RETAIN as the subscription wants it, and at QoS 0 no identifier", async () => {
  await using broker = await openTestBroker();
  using plain = await connected(broker);
  using asPublished = await connected(broker);
  await subscribed(plain, "a");
  await subscribed(asPublished, "a", { rap: true });
  using publisher = await connected(broker);
  publisher.send(publish("a", "x", { qos: 1, messageId: 7, dup: true, retain: true }));
  publisher.send(publish("a", "y"));
  await Promise.all([plain.take("publish", 2), asPublished.take("publish", 2)]);
  expect([...plain.bytes.subarray(-14)]).toEqual([...after(0x30, "x"), ...after(0x30, "y")]);
  expect([...asPublished.bytes.subarray(-14)]).toEqual([...after(0x31, "x"), ...after(0x30, "y")]);
});

test("[MQTT-3.3.2-12] [MQTT-3.3.2-7] every alias up to the maximum is accepted, may be given anew, is not passed on, and ends with the connection", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker);
  await subscribed(subscriber, "#");
  using publisher = await connected(broker, { clientId: "aliases" });
  for (let alias = 1; alias <= topicAliasMax; alias += 1)
    publisher.send(aliased(`t/${alias}`, "named", alias));
  for (let alias = 1; alias <= topicAliasMax; alias += 1) publisher.send(aliased("", "aliased", alias));
  publisher.send(aliased("other", "named anew", 1));
  publisher.send(aliased("", "aliased anew", 1));
  const count = 2 * topicAliasMax + 2;
  const sent = await subscriber.take("publish", count);
  const names = Array.from({ length: topicAliasMax }, (_, index) => `t/${index + 1}`);
  expect(sent.map(({ topic }) => topic)).toEqual([...names, ...names, "other", "other"]);
  expect(sent.every(({ properties: more }) => more?.topicAlias === undefined)).toBe(true);
  expect(broker.sink.received.map(({ topic }) => topic)).toEqual(sent.map(({ topic }) => topic));
  using again = await connected(broker, { clientId: "aliases" });
  again.send(aliased("", "unknown", 1));
  await again.gone();
  expect(again.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x94 }]);
});

test.each([0, undefined])(
  "[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] a client with a topic alias maximum of %s is sent names, never an alias",
  async (topicAliasMaximum) => {
    await using broker = await openTestBroker();
    const more = topicAliasMaximum === undefined ? {} : { properties: { topicAliasMaximum } };
    using client = await connected(broker, more);
    await subscribed(client, "a/topic", { qos: 1 });
    for (let count = 1; count <= 3; count += 1) {
      client.send(publish("a/topic", "x", { qos: 1, messageId: count }));
    }
    const sent = await client.take("publish", 3);
    expect(sent.map(({ topic, properties: own }) => [topic, own?.topicAlias])).toEqual(
      Array.from({ length: 3 }, () => ["a/topic", undefined]),
    );
  },
);

test("[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] the last retained message of a topic is kept, until an empty one removes it", async () => {
  await using broker = await openTestBroker();
  using publisher = await connected(broker);
  const retained = async (count: number): Promise<readonly string[]> => {
    using client = await connected(broker);
    await subscribed(client, "r/+");
    await client.take("publish", count);
    await client.ping();
    return payloads(client).toSorted();
  };
  const send = async (topic: string, payload: string, messageId: number, retain: boolean): Promise<void> => {
    publisher.send(publish(topic, payload, { qos: 1, messageId, retain }));
    await publisher.take("puback", messageId);
  };
  await send("r/a", "old", 1, true);
  await send("r/a", "new", 2, true);
  await send("r/a", "passing", 3, false);
  await send("r/b", "other", 4, true);
  expect(await retained(2)).toEqual(["new", "other"]);
  await send("r/a", "", 5, false);
  expect(await retained(2)).toEqual(["new", "other"]);
  using standing = await connected(broker);
  await subscribed(standing, "r/a", { rh: 2 });
  await send("r/a", "", 6, true);
  const [removal] = await standing.take("publish");
  expect([removal?.payload.length, removal?.retain]).toEqual([0, false]);
  expect(await retained(1)).toEqual(["other"]);
});

test("[MQTT-3.3.2-3] [MQTT-4.7.2-1] a message goes to whom a filter matches, and no wildcard begins with $", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(
    subscribe(1, [
      { topic: "#", qos: 0 },
      { topic: "+/x", qos: 0 },
      { topic: "b/y", qos: 0 },
    ]),
  );
  await client.take("suback");
  broker.broker.publish({ topic: "$own/x", payload: "m", qos: 0, retain: false });
  client.send(publish("a/x", "m"));
  await client.take("publish");
  await client.ping();
  expect(messages(client).map(({ topic }) => topic)).toEqual(["a/x"]);
});

test("[MQTT-4.6.0-5] messages of a topic come in order, whatever of them goes through the engine", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker);
  await subscribed(subscriber, "a", { qos: 1 });
  using publisher = await connected(broker);
  const ids = Array.from({ length: 40 }, (_, index) => index + 1);
  for (const messageId of ids) {
    const more = messageId % 3 === 0 ? { properties: { contentType: "t" } } : {};
    publisher.send(publish("a", String(messageId), { qos: 1, messageId, ...more }));
  }
  const sent = await subscriber.take("publish", 40);
  expect(sent.map(({ payload }) => Number(payload))).toEqual(ids);
});
