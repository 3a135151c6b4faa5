/** Qualities of service in both directions, flow control, and packets that are too large. */
import { expect, test } from "vitest";
import { connectPacket, openTestBroker, RawClient } from "../../broker/harness.ts";
import { connected, messages, payloads, publish, subscribed } from "./client.ts";

/** Acknowledgements that a client has been sent, as `kind identifier reason`. */
function answers(client: RawClient): readonly string[] {
  return client.packets.flatMap((one) =>
    one.cmd === "puback" || one.cmd === "pubrec" || one.cmd === "pubcomp" || one.cmd === "pubrel"
      ? [`${one.cmd} ${one.messageId} ${one.reasonCode?.toString(16)}`]
      : [],
  );
}

test("[MQTT-2.2.1-5] [MQTT-3.3.4-1] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.7.2-1] [MQTT-4.3.2-4] [MQTT-4.3.2-5] [MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] each quality has its answers, and a QoS 2 message is taken once until it is released", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(publish("a", "zero"));
  client.send(publish("a", "one", { qos: 1, messageId: 5 }));
  client.send(publish("a", "two", { qos: 2, messageId: 6 }));
  await client.take("pubrec");
  client.send(publish("a", "two", { qos: 2, messageId: 6, dup: true }));
  await client.take("pubrec", 2);
  client.send({ cmd: "pubrel", messageId: 6 });
  await client.take("pubcomp");
  client.send(publish("a", "one again", { qos: 1, messageId: 5, dup: true }));
  client.send(publish("a", "two again", { qos: 2, messageId: 6 }));
  await client.take("pubrec", 3);
  expect(answers(client)).toEqual([
    "puback 5 0",
    "pubrec 6 0",
    "pubrec 6 0",
    "pubcomp 6 0",
    "puback 5 0",
    "pubrec 6 0",
  ]);
  expect(broker.sink.payloads).toEqual(["zero", "one", "two", "one again", "two again"]);
});

test("[MQTT-4.3.3-9] a message that is not allowed is answered with 0x87; after that its identifier is that of another", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(publish("holdfast/status", "x", { qos: 1, messageId: 3 }));
  client.send(publish("holdfast/status", "x", { qos: 2, messageId: 4 }));
  await client.take("pubrec");
  client.send(publish("a", "allowed", { qos: 2, messageId: 4 }));
  await client.take("pubrec", 2);
  expect(answers(client)).toEqual(["puback 3 87", "pubrec 4 87", "pubrec 4 0"]);
  expect(client.packets[0]).toMatchObject({ properties: { reasonString: "topic is reserved" } });
  expect(broker.sink.payloads).toEqual(["allowed"]);
});

test("[MQTT-3.6.2-1] [MQTT-3.7.2-1] an identifier that nothing has is answered with 0x92, and no answer to nothing makes room in the window", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker, { properties: { receiveMaximum: 1 } });
  await subscribed(client, "a", { qos: 1 });
  client.send({ cmd: "pubrel", messageId: 7 });
  client.send({ cmd: "pubrec", messageId: 8 });
  client.send({ cmd: "pubrec", messageId: 9, reasonCode: 0x80 });
  await client.take("pubrel");
  expect(answers(client)).toEqual(["pubcomp 7 92", "pubrel 8 92"]);
  client.send(publish("a", "first", { qos: 1, messageId: 1 }));
  await client.take("publish");
  client.send({ cmd: "puback", messageId: 40_000 });
  client.send({ cmd: "pubcomp", messageId: 40_001 });
  client.send(publish("a", "second", { qos: 1, messageId: 2 }));
  await client.take("puback", 2);
  await client.ping();
  expect(payloads(client)).toEqual(["first"]);
});

test.each([
  {
    what: "[MQTT-3.1.2-29] who does not want problem information",
    properties: { requestProblemInformation: false },
  },
  {
    what: "[MQTT-3.4.2-2] [MQTT-3.5.2-2] who takes no packet of its size",
    properties: { maximumPacketSize: 28 },
  },
])("$what is sent the reason code without a reason string", async ({ properties }) => {
  await using broker = await openTestBroker();
  using client = await connected(broker, { properties });
  client.send(publish("holdfast/status", "x", { qos: 1, messageId: 3 }));
  client.send(publish("holdfast/status", "x", { qos: 2, messageId: 4 }));
  await client.take("pubrec");
  expect(answers(client)).toEqual(["puback 3 87", "pubrec 4 87"]);
  expect(client.packets.some((one) => "properties" in one && one.properties !== undefined)).toBe(false);
});

test("[MQTT-2.2.1-4] [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT-3.6.2-1] the broker sends with identifiers that are not in use and DUP 0, and PUBREL after PUBREC", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker);
  await subscribed(subscriber, "a", { qos: 2 });
  using publisher = await connected(broker);
  for (let messageId = 1; messageId <= 3; messageId += 1) {
    publisher.send(publish("a", "two", { qos: 2, messageId }));
    await publisher.take("pubrec", messageId);
    publisher.send({ cmd: "pubrel", messageId });
  }
  publisher.send(publish("a", "one", { qos: 1, messageId: 9 }));
  const sent = await subscriber.take("publish", 4);
  const ids = sent.map(({ messageId }) => messageId ?? 0);
  expect(new Set(ids).size).toBe(4);
  expect(ids).not.toContain(0);
  expect(sent.map(({ qos, dup }) => [qos, dup])).toEqual([
    [2, false],
    [2, false],
    [2, false],
    [1, false],
  ]);
  for (const messageId of ids.slice(0, 3)) subscriber.send({ cmd: "pubrec", messageId });
  await subscriber.take("pubrel", 3);
  expect(answers(subscriber)).toEqual(ids.slice(0, 3).map((messageId) => `pubrel ${messageId} 0`));
});

test("[MQTT-3.3.4-9] [MQTT-3.3.4-10] no more than the receive maximum is unacknowledged; QoS 0, answers and a PUBREL go on meanwhile", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker, { properties: { receiveMaximum: 2 } });
  await subscribed(subscriber, "a", { qos: 2 });
  using publisher = await connected(broker);
  const send = async (payload: string, messageId: number, qos: 1 | 2): Promise<void> => {
    publisher.send(publish("a", payload, { qos, messageId }));
    if (qos === 1) return void (await publisher.take("puback", messageId));
    await publisher.take("pubrec", messageId);
    publisher.send({ cmd: "pubrel", messageId });
    await publisher.take("pubcomp", messageId);
  };
  await send("first", 1, 2);
  await send("second", 2, 2);
  await send("third", 3, 2);
  await send("fourth", 4, 2);
  const [first, second] = await subscriber.take("publish", 2);
  publisher.send(publish("a", "quality 0"));
  await subscriber.take("publish", 3);
  await subscriber.ping();
  await subscribed(subscriber, "b");
  // PUBREC does not end a message, a PUBREC with an error does.
  subscriber.send({ cmd: "pubrec", messageId: first?.messageId ?? 0 });
  await subscriber.take("pubrel");
  await subscriber.ping();
  expect(payloads(subscriber)).toEqual(["first", "second", "quality 0"]);
  subscriber.send({ cmd: "pubcomp", messageId: first?.messageId ?? 0 });
  await subscriber.take("publish", 4);
  await subscriber.ping();
  expect(payloads(subscriber)).toEqual(["first", "second", "quality 0", "third"]);
  subscriber.send({ cmd: "pubrec", messageId: second?.messageId ?? 0, reasonCode: 0x97 });
  await subscriber.take("publish", 5);
  expect(payloads(subscriber)).toEqual(["first", "second", "quality 0", "third", "fourth"]);
});

test("[MQTT-3.1.2-24] [MQTT-3.1.2-25] what is larger than the client takes is left out and counted, at every quality, and counts as sent; what is just as large comes", async () => {
  await using broker = await openTestBroker();
  const maximumPacketSize = 100;
  using subscriber = await connected(broker, { properties: { maximumPacketSize, receiveMaximum: 1 } });
  await subscribed(subscriber, "a", { qos: 2 });
  using publisher = await connected(broker);
  // Two bytes of header, three of topic, two of identifier, one of properties.
  const largest = "x".repeat(maximumPacketSize - 8);
  const properties = { userProperties: { [largest]: "y" } };
  publisher.send(publish("a", `${largest}x`, { qos: 1, messageId: 1 }));
  publisher.send(publish("a", `${largest}xxx`));
  publisher.send(publish("a", "small", { qos: 1, messageId: 2, properties }));
  publisher.send(publish("a", largest, { qos: 1, messageId: 3 }));
  await subscriber.take("publish");
  await subscriber.ping();
  expect(payloads(subscriber)).toEqual([largest]);
  expect(broker.metric("deliveries_dropped_total", "packet-too-large")).toBe(3);
});

test("[MQTT-3.1.2-24] where CONNACK or SUBACK is larger than the client takes the connection ends", async () => {
  await using broker = await openTestBroker();
  using tiny = new RawClient(broker.port, 5);
  tiny.send(connectPacket(5, "tiny", { properties: { maximumPacketSize: 10 } }));
  await tiny.gone();
  expect(tiny.bytes).toHaveLength(0);
  using client = await connected(broker, { properties: { maximumPacketSize: 30 } });
  const subscriptions = Array.from({ length: 30 }, (_, index) => ({ topic: `t/${index}`, qos: 0 as const }));
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x95 }]);
});

test("[MQTT-4.3.3-13] a QoS 2 message is acknowledged to its end although it has expired", async () => {
  let passedMs = 0;
  const monotonicMs = (): number => performance.now() + passedMs;
  const clock = { now: () => Date.now(), monotonicMs, synced: () => true };
  await using broker = await openTestBroker({ clock });
  broker.sink.commitsAtOnce = false;
  using subscriber = await connected(broker, { properties: { receiveMaximum: 1 } });
  await subscribed(subscriber, "a", { qos: 1 });
  using client = await connected(broker);
  client.send(publish("a", "holds the window", { qos: 1, messageId: 1 }));
  client.send(publish("a", "x", { qos: 2, messageId: 2, properties: { messageExpiryInterval: 1 } }));
  await client.ping();
  broker.sink.commit();
  await client.take("pubrec");
  const [held] = await subscriber.take("publish");
  passedMs += 1_100;
  client.send({ cmd: "pubrel", messageId: 2 });
  await client.take("pubcomp");
  subscriber.send({ cmd: "puback", messageId: held?.messageId ?? 0 });
  await subscriber.ping();
  expect(messages(subscriber)).toHaveLength(1);
  expect(broker.metric("deliveries_dropped_total", "expired")).toBe(1);
});
