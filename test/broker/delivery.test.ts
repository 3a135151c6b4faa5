import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { expect, test } from "vitest";
import { outboundBytesMax } from "../../src/core/limits.ts";
import { openTestBroker, publishPacket, RawClient, until } from "./harness.ts";

async function mqttClient(port: number, options: IClientOptions = {}): Promise<MqttClient & AsyncDisposable> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.endAsync(true) });
}

/** Everything a subscriber is sent, as `topic payload`. */
function inbox(client: MqttClient): string[] {
  const messages: string[] = [];
  client.on("message", (topic, payload) =>
    messages.push(`${topic} ${payload.toString("latin1").slice(0, 40)}`),
  );
  return messages;
}

const combinations = ([4, 5] as const).flatMap((version) =>
  ([0, 1, 2] as const).map((qos) => ({ version, qos })),
);

test.each(combinations)(
  "QoS $qos reaches a subscriber once, on version $version",
  async ({ version, qos }) => {
    await using broker = await openTestBroker();
    await using subscriber = await mqttClient(broker.port, { protocolVersion: version });
    const messages = inbox(subscriber);
    await subscriber.subscribeAsync("plant/+/t", { qos });
    await using publisher = await mqttClient(broker.port, { protocolVersion: version });
    for (let index = 0; index < 20; index += 1)
      await publisher.publishAsync("plant/1/t", String(index), { qos });
    await until(() => messages.length >= 20, "delivered");
    await publisher.publishAsync("plant/1/t", "last", { qos });
    await until(() => messages.length >= 21, "delivered");
    expect(messages).toEqual([
      ...Array.from({ length: 20 }, (_, index) => `plant/1/t ${index}`),
      "plant/1/t last",
    ]);
    expect(broker.sink.received).toHaveLength(21);
  },
);

test("a message is delivered only after its commit", async () => {
  await using broker = await openTestBroker();
  broker.sink.commitsAtOnce = false;
  await using subscriber = await mqttClient(broker.port);
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync("#");
  using publisher = await RawClient.connected(broker.port);
  publisher.send(publishPacket("a", "1", { qos: 1, messageId: 1 }));
  publisher.send(publishPacket("a", "2"));
  await publisher.ping();
  expect(messages).toEqual([]);
  broker.sink.commit();
  await until(() => messages.length === 2, "delivered");
  expect(messages).toEqual(["a 1", "a 2"]);
});

test("one publisher's messages are delivered in order, whatever their quality and path", async () => {
  await using broker = await openTestBroker();
  await using subscriber = await mqttClient(broker.port, { protocolVersion: 5 });
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync("t", { qos: 1 });
  using publisher = await RawClient.connected(broker.port, { version: 5 });
  const ids = Array.from({ length: 300 }, (_, index) => index + 1);
  const properties = { userProperties: { a: "b" } };
  for (const messageId of ids) {
    const extra = messageId % 7 === 0 ? { properties } : {};
    publisher.send(publishPacket("t", String(messageId), { qos: 1, messageId, version: 5, ...extra }));
  }
  await until(() => messages.length === ids.length, "delivered");
  expect(messages).toEqual(ids.map((id) => `t ${id}`));
});

test("retained messages and plain ones in between all arrive (A1)", async () => {
  await using broker = await openTestBroker();
  await using subscriber = await mqttClient(broker.port);
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync("#", { qos: 1 });
  using publisher = await RawClient.connected(broker.port);
  for (let index = 0; index < 300; index += 1) {
    publisher.send(publishPacket(`kept/${index}`, "r", { retain: true, qos: 1, messageId: index + 1 }));
    publisher.send(publishPacket(`plain/${index}`, "p"));
  }
  await until(() => messages.length >= 600, `all delivered, have ${messages.length}`);
  expect(new Set(messages).size).toBe(600);
  expect(messages).toHaveLength(600);
});

test("packet identifiers of a connection without a session begin with 1", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  client.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "t", qos: 2 }] });
  await client.take("suback");
  for (const messageId of [70, 80]) client.send(publishPacket("t", "x", { qos: 1, messageId }));
  expect((await client.take("publish", 2)).map(({ messageId }) => messageId)).toEqual([1, 2]);
});

test("overlapping filters deliver a message once", async () => {
  await using broker = await openTestBroker();
  await using subscriber = await mqttClient(broker.port);
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync(["a/#", "a/+", "a/b"], { qos: 1 });
  await using publisher = await mqttClient(broker.port);
  for (let index = 0; index < 50; index += 1) await publisher.publishAsync("a/b", String(index), { qos: 1 });
  await until(() => messages.length >= 50, "delivered");
  await publisher.publishAsync("a/b", "end", { qos: 0 });
  await until(() => messages.includes("a/b end"), "the end");
  expect(messages).toHaveLength(51);
});

test("a retained message is sent to later subscribers and removed by an empty one", async () => {
  await using broker = await openTestBroker();
  await using publisher = await mqttClient(broker.port);
  await publisher.publishAsync("state/a", "on", { retain: true, qos: 1 });
  broker.broker.publish({ topic: "holdfast/status", payload: '{"state":"online"}', qos: 0, retain: true });
  await using subscriber = await mqttClient(broker.port);
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync(["state/+", "holdfast/#"]);
  await until(() => messages.length === 2, "retained");
  expect(messages).toEqual(["state/a on", 'holdfast/status {"state":"online"}']);
  await publisher.publishAsync("state/a", "", { retain: true, qos: 1 });
  expect(broker.metric("retained_messages")).toBe(1);
});

test("more retained messages than fit into one connection's buffers all arrive", async () => {
  await using broker = await openTestBroker();
  const payload = "r".repeat(10_000);
  for (let index = 0; index < 300; index += 1) {
    broker.broker.publish({ topic: `holdfast/x/${index}`, payload, qos: 0, retain: true });
  }
  await until(() => broker.metric("retained_messages") === 300, "kept");
  await using subscriber = await mqttClient(broker.port);
  const messages = inbox(subscriber);
  await subscriber.subscribeAsync("#", { qos: 1 });
  await until(() => messages.length === 300, "all retained");
  expect(300 * payload.length).toBeGreaterThan(2 * outboundBytesMax);
});

test.each([4, 5] as const)(
  "a will is ingested and delivered when its client is cut off, on version %i",
  async (version) => {
    await using broker = await openTestBroker();
    await using subscriber = await mqttClient(broker.port, { protocolVersion: 5 });
    const messages = inbox(subscriber);
    await subscriber.subscribeAsync("wills/#", { qos: 1 });
    const properties = version === 5 ? { properties: { willDelayInterval: 1 } } : {};
    const will = { topic: "wills/a", payload: Buffer.from("gone"), qos: 1, retain: false, ...properties };
    using client = await RawClient.connected(broker.port, { version, will, clientId: "mortal" });
    client.socket.destroy();
    await until(() => messages.length === 1, "will delivered");
    expect(messages).toEqual(["wills/a gone"]);
    expect(broker.sink.received).toMatchObject([
      { clientId: "mortal", topic: "wills/a", payload: "gone", packetId: 0 },
    ]);
  },
);

test("a client that takes its leave leaves no will", async () => {
  await using broker = await openTestBroker();
  const will = { topic: "wills/a", payload: Buffer.from("gone"), qos: 0, retain: false };
  using client = await RawClient.connected(broker.port, { will });
  client.send({ cmd: "disconnect" });
  await client.gone();
  expect(broker.sink.received).toEqual([]);
});

test("a session that was away gets what it missed, in order, those sent before marked DUP (A8)", async () => {
  await using broker = await openTestBroker();
  const session = { clientId: "away", clean: false };
  const first = await RawClient.connected(broker.port, session);
  first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t/#", qos: 1 }] });
  await first.take("suback");
  await using publisher = await mqttClient(broker.port);
  await publisher.publishAsync("t/0", "0", { qos: 1 });
  await first.take("publish");
  first.socket.destroy();
  await until(() => broker.metric("connections") === 1, "gone");
  for (let index = 1; index <= 5; index += 1) await publisher.publishAsync("t/1", String(index), { qos: 1 });
  using again = await RawClient.connected(broker.port, session);
  const publishes = await again.take("publish", 6);
  expect(publishes.map((packet) => [String(packet.payload), packet.dup])).toEqual([
    ["0", true],
    ...["1", "2", "3", "4", "5"].map((payload) => [payload, false]),
  ]);
  for (const packet of publishes) again.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
  await until(() => broker.metric("session_queue_bytes") === 0, "queue cleared");
});

test("an MQTT 5 session resumed without an expiry still gets its queue (B5)", async () => {
  await using broker = await openTestBroker();
  const first = await RawClient.connected(broker.port, {
    version: 5,
    clientId: "away",
    properties: { sessionExpiryInterval: 100 },
  });
  first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
  await first.take("suback");
  first.socket.destroy();
  await until(() => broker.metric("connections") === 0, "gone");
  await using publisher = await mqttClient(broker.port);
  for (const payload of ["1", "2", "3"]) await publisher.publishAsync("t", payload, { qos: 1 });
  using again = await RawClient.connected(broker.port, { version: 5, clientId: "away", clean: false });
  expect((await again.take("publish", 3)).map((packet) => String(packet.payload))).toEqual(["1", "2", "3"]);
});

test("no more than a subscriber's Receive Maximum is unacknowledged (B7)", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port, {
    version: 5,
    properties: { receiveMaximum: 5 },
  });
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
  await subscriber.take("suback");
  await using publisher = await mqttClient(broker.port);
  for (let index = 0; index < 50; index += 1) await publisher.publishAsync("t", String(index), { qos: 1 });
  await subscriber.ping();
  await subscriber.ping();
  expect(subscriber.packets.filter((packet) => packet.cmd === "publish")).toHaveLength(5);
  const acknowledged = new Set<number>();
  while (acknowledged.size < 50) {
    for (const packet of await subscriber.take("publish", Math.min(50, acknowledged.size + 5))) {
      const id = packet.messageId ?? 0;
      if (acknowledged.has(id)) continue;
      acknowledged.add(id);
      subscriber.send({ cmd: "puback", messageId: id });
    }
  }
  const payloads = subscriber.packets
    .filter((packet) => packet.cmd === "publish")
    .map((one) => String(one.payload));
  expect(payloads).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
});

test("a message larger than a subscriber's Maximum Packet Size is not sent to it (B7)", async () => {
  await using broker = await openTestBroker();
  using subscriber = await RawClient.connected(broker.port, {
    version: 5,
    properties: { maximumPacketSize: 100 },
  });
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 0 }] });
  await subscriber.take("suback");
  await using publisher = await mqttClient(broker.port);
  await publisher.publishAsync("t", "x".repeat(95));
  await publisher.publishAsync("t", "y".repeat(94));
  await publisher.publishAsync("t", "z");
  const got = await subscriber.take("publish", 2);
  expect(got.map((packet) => String(packet.payload)[0])).toEqual(["y", "z"]);
  expect(broker.metric("deliveries_dropped_total", "packet-too-large")).toBe(1);
});

test("a QoS 1 subscription gets QoS 2 messages as QoS 1, wildcards too", async () => {
  await using broker = await openTestBroker();
  await using subscriber = await mqttClient(broker.port);
  const qualities: number[] = [];
  subscriber.on("message", (_topic, _payload, packet) => qualities.push(packet.qos));
  await subscriber.subscribeAsync("t/+", { qos: 1 });
  await using publisher = await mqttClient(broker.port);
  await publisher.publishAsync("t/x", "1", { qos: 2 });
  await until(() => qualities.length === 1, "delivered");
  expect(qualities).toEqual([1]);
});

test("each filter of a SUBSCRIBE gets its own answer, numbers and repeated ones too (C1)", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  const subscriptions = [
    { topic: "b", qos: 0 as const },
    { topic: "1", qos: 2 as const },
    { topic: "$SYS/#", qos: 0 as const },
    { topic: "b", qos: 1 as const },
  ];
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  expect((await client.take("suback")).map((packet) => packet.granted)).toEqual([[0, 2, 128, 1]]);
  client.send(publishPacket("b", "x", { qos: 1, messageId: 1 }));
  const [delivered] = await client.take("publish");
  expect(delivered).toMatchObject({ topic: "b", qos: 1 });
  await client.ping();
  expect(client.packets.filter((packet) => packet.cmd === "publish")).toHaveLength(1);
});

test("a refused filter of a SUBSCRIBE delivers nothing, after a reconnect neither (A2, A12, B8)", async () => {
  await using broker = await openTestBroker();
  const session = { clientId: "curious", clean: false };
  const client = await RawClient.connected(broker.port, session);
  const subscriptions = ["ok", "$SYS/#", "$share/g/$SYS/#", "$share/t"].map((topic) => ({
    topic,
    qos: 1 as const,
  }));
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  expect((await client.take("suback")).map((packet) => packet.granted)).toEqual([[1, 128, 128, 128]]);
  client.socket.destroy();
  await until(() => broker.metric("connections") === 0, "gone");
  using again = await RawClient.connected(broker.port, session);
  using other = await RawClient.connected(broker.port);
  other.send(publishPacket("ok", "1"));
  await again.take("publish");
  expect(again.packets.map((packet) => packet.cmd === "publish" && packet.topic)).toEqual(["ok"]);
});

test("a subscriber that reads nothing is cut, and slows neither ingest nor others", async () => {
  await using broker = await openTestBroker();
  using frozen = await RawClient.connected(broker.port);
  frozen.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 1 }] });
  await frozen.take("suback");
  frozen.socket.pause();
  await using healthy = await mqttClient(broker.port);
  const messages = inbox(healthy);
  await healthy.subscribeAsync("#", { qos: 1 });
  using publisher = await RawClient.connected(broker.port);
  const payload = "x".repeat(10_000);
  for (let id = 1; id <= 1_000; id += 1) {
    publisher.send(publishPacket("t", payload, { qos: 1, messageId: id }));
    if (id % 50 === 0) await publisher.take("puback", id);
  }
  await until(() => messages.length === 1_000, "the healthy one got everything");
  await until(
    () => broker.metric("connections_closed_total", "slow-subscriber") === 1,
    "the frozen one is cut",
  );
  expect(broker.sink.received).toHaveLength(1_000);
});

test("a subscriber that leaves bytes unread for too long is cut", async () => {
  await using broker = await openTestBroker({ timings: { drainMs: 200 } });
  using frozen = await RawClient.connected(broker.port);
  frozen.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 0 }] });
  await frozen.take("suback");
  frozen.socket.pause();
  using publisher = await RawClient.connected(broker.port);
  const payload = "x".repeat(60_000);
  let sent = 0;
  await until(() => {
    publisher.send(publishPacket("t", payload));
    sent += 1;
    return broker.metric("deliveries_dropped_total", "slow-subscriber") > 0;
  }, "QoS 0 is dropped first");
  await until(() => broker.metric("connections_closed_total", "slow-subscriber") === 1, "cut");
  await until(() => broker.sink.received.length === sent, "ingest went on");
  await until(() => broker.metric("connections") === 1, "gone");
  expect(publisher.closed).toBe(false);
});

test("a takeover ends the older connection with 0x8E", async () => {
  await using broker = await openTestBroker();
  using older = await RawClient.connected(broker.port, { version: 5, clientId: "same" });
  using newer = await RawClient.connected(broker.port, { version: 5, clientId: "same" });
  await older.gone();
  expect(older.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x8e }]);
  newer.send(publishPacket("t", "1", { qos: 1, messageId: 1, version: 5 }));
  await newer.take("puback");
});

test("closing tells MQTT 5 clients why, publishes no wills, and takes less than a second", async () => {
  const broker = await openTestBroker();
  const will = { topic: "wills/a", payload: Buffer.from("gone"), qos: 0, retain: false };
  using modern = await RawClient.connected(broker.port, { version: 5, will });
  using legacy = await RawClient.connected(broker.port, { will });
  modern.socket.pause();
  const startedAt = performance.now();
  await broker.broker.close();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  modern.socket.resume();
  await Promise.all([modern.gone(), legacy.gone()]);
  expect(modern.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x8b }]);
  expect(broker.sink.received).toEqual([]);
});

test("after stopAccepting nobody new gets in, and those inside are still served", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  await broker.broker.stopAccepting();
  await expect(RawClient.connected(broker.port)).rejects.toThrow("refused");
  client.send(publishPacket("t", "1", { qos: 1, messageId: 1 }));
  await client.take("puback");
});

const answers = [
  { sent: 1, answer: "pubrec", first: [] },
  { sent: 1, answer: "pubcomp", first: [] },
  { sent: 2, answer: "puback", first: [] },
  { sent: 2, answer: "pubcomp", first: [] },
  { sent: 2, answer: "puback", first: ["pubrec"] },
] as const;

test.each([4, 5] as const)(
  "an answer that a message does not call for ends the connection, MQTT %i",
  async (version) => {
    await using broker = await openTestBroker();
    for (const { sent, answer, first } of answers) {
      using client = await RawClient.connected(broker.port, { version });
      client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 2 }] });
      await client.take("suback");
      client.send(publishPacket("t", "x", { qos: sent, messageId: 5, version }));
      const [message] = await client.take("publish");
      for (const cmd of first) client.send({ cmd, messageId: message!.messageId! });
      if (first.length > 0) await client.take("pubrel");
      client.send({ cmd: answer, messageId: message!.messageId! });
      await client.gone();
      const farewells = client.packets.filter(({ cmd }) => cmd === "disconnect");
      expect(farewells).toMatchObject(version === 5 ? [{ reasonCode: 0x82 }] : []);
    }
  },
);

test("an answer for an identifier that is not in use is passed over", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port);
  for (const cmd of ["puback", "pubrec", "pubcomp"] as const) client.send({ cmd, messageId: 77 });
  await client.ping();
  expect(client.closed).toBe(false);
});

test("messages larger than a subscriber takes hold no place in its window", async () => {
  await using broker = await openTestBroker();
  const properties = { receiveMaximum: 2, maximumPacketSize: 100 };
  using client = await RawClient.connected(broker.port, { version: 5, properties });
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
  await client.take("suback");
  using publisher = await RawClient.connected(broker.port);
  for (const messageId of [1, 2, 3]) {
    publisher.send(publishPacket("t", "x".repeat(100), { qos: 1, messageId }));
  }
  publisher.send(publishPacket("t", "small", { qos: 1, messageId: 4 }));
  const [message] = await client.take("publish");
  expect(String(message!.payload)).toBe("small");
  expect(broker.metric("deliveries_dropped_total", "packet-too-large")).toBe(3);
});

test.each([0, 1, 2] as const)(
  "before MQTT 5 a QoS %i message below $ is acknowledged, counted and goes nowhere",
  async (qos) => {
    await using broker = await openTestBroker();
    using client = await RawClient.connected(broker.port);
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 2 }] });
    await client.take("suback");
    for (const dup of [false, qos > 0]) {
      client.send(publishPacket("$a", "x", { qos, dup, ...(qos > 0 ? { messageId: 3 } : {}) }));
    }
    if (qos === 2) await client.take("pubrec", 2);
    if (qos === 2) client.send({ cmd: "pubrel", messageId: 3 });
    if (qos === 2) await client.take("pubcomp");
    // The connection goes on as before, in order and on the lane.
    client.send(publishPacket("a", "y", { qos: 1, messageId: 4 }));
    const acknowledged = await client.take("puback", qos === 1 ? 3 : 1);
    expect(acknowledged.map(({ messageId }) => messageId)).toEqual(qos === 1 ? [3, 3, 4] : [4]);
    const [message] = await client.take("publish");
    expect(message).toMatchObject({ topic: "a" });
    expect(broker.sink.received.map(({ topic }) => topic)).toEqual(["a"]);
    expect(broker.metric("publish_denied_total")).toBe(2);
  },
);
