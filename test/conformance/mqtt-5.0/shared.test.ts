/** Shared subscriptions: MQTT 5.0 § 4.8.2. */
import { expect, test } from "vitest";
import {
  openTestBroker,
  publishPacket,
  type RawClient,
  type TestBroker,
  until,
} from "../../broker/harness.ts";
import { block, field, identifier, packet } from "../bytes.ts";
import { connected, cut, messages, payloads, subscribe, subscribed } from "./client.ts";

/** Publishes payloads one after the other. */
async function publishAll(
  broker: TestBroker,
  topic: string,
  wanted: readonly string[],
  qos: 1 | 2 = 1,
): Promise<void> {
  using publisher = await connected(broker);
  for (const [index, payload] of wanted.entries()) {
    publisher.send(publishPacket(topic, payload, { qos, messageId: index + 1, version: 5 }));
  }
  await publisher.take(qos === 1 ? "puback" : "pubrec", wanted.length);
}

const numbers = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => String(index));
const granted = async (client: RawClient, ...filters: readonly string[]): Promise<readonly unknown[]> => {
  client.send(
    subscribe(
      9,
      filters.map((topic) => ({ topic, qos: 1 as const })),
    ),
  );
  const [answer] = await client.take("suback");
  return answer!.granted;
};

test.each([4, 5] as const)(
  "[MQTT-4.8.2-1] of those who share a filter each message goes to one, in turn, MQTT %i",
  async (version) => {
    await using broker = await openTestBroker();
    using one = await connected(broker, { version });
    using two = await connected(broker, { version });
    using other = await connected(broker);
    for (const client of [one, two]) expect(await granted(client, "$share/g/a/+")).toEqual([1]);
    expect(await granted(other, "$share/h/a/#")).toEqual([1]);
    await publishAll(broker, "a/b", numbers(10));
    await other.take("publish", 10);
    await until(() => payloads(one).length + payloads(two).length === 10, "shared");
    expect(payloads(one)).toEqual(["0", "2", "4", "6", "8"]);
    expect(payloads(two)).toEqual(["1", "3", "5", "7", "9"]);
    expect(payloads(other)).toEqual(numbers(10));
  },
);

test.each([
  ["without a name", "$share//a", 0x82],
  ["without a filter", "$share/g", 0x82],
  ["with an empty filter", "$share/g/", 0x82],
  ["with + in its name", "$share/+/a", 0x82],
  ["with # in its name", "$share/#", 0x82],
])("[MQTT-4.8.2-1] [MQTT-4.8.2-2] a shared filter %s is a protocol error", async (_what, filter, reason) => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(packet(0x82, identifier(1), block(), field(filter), Buffer.of(0)));
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: reason }]);
});

test("[MQTT-3.8.3-4] no local and a shared filter are a protocol error", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(subscribe(1, [{ topic: "$share/g/a", qos: 1, nl: true }]));
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x82 }]);
});

test("[MQTT-4.8.2-3] each member gets a message in the quality that it was granted, with its identifier", async () => {
  await using broker = await openTestBroker();
  using low = await connected(broker);
  using high = await connected(broker);
  await subscribed(low, "$share/g/a", { qos: 0 }, { subscriptionIdentifier: 7 });
  await subscribed(high, "$share/g/a", { qos: 2 });
  await publishAll(broker, "a", ["x", "y"], 2);
  const [first] = await low.take("publish");
  const [second] = await high.take("publish");
  expect(first).toMatchObject({ qos: 0, properties: { subscriptionIdentifier: 7 } });
  expect([second!.qos, second!.properties]).toEqual([2, undefined]);
});

test("a client that shares a filter and has it for itself as well gets both copies", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  expect(await granted(client, "$share/g/a", "a", "$share/h/a")).toEqual([1, 1, 1]);
  await publishAll(broker, "a", ["x"]);
  expect((await client.take("publish", 3)).map(({ messageId }) => messageId)).toEqual([1, 2, 3]);
  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/g/a", "$share/i/a"] });
  expect(await client.take("unsuback")).toMatchObject([{ granted: [0, 0x11] }]);
  await publishAll(broker, "a", ["y"]);
  await client.take("publish", 5);
  await client.ping();
  expect(messages(client)).toHaveLength(5);
});

test("retained messages are not sent for a shared filter", async () => {
  await using broker = await openTestBroker();
  broker.broker.publish({ topic: "a", payload: "kept", qos: 1, retain: true });
  using client = await connected(broker);
  expect(await granted(client, "$share/g/#")).toEqual([1]);
  await publishAll(broker, "b", ["new"]);
  expect(await client.take("publish")).toMatchObject([{ topic: "b" }]);
});

test("messages go to members that are there, and to a session that is away when nobody is", async () => {
  await using broker = await openTestBroker();
  const session = { clientId: "session", clean: false, properties: { sessionExpiryInterval: 60 } };
  const away = await connected(broker, session);
  using here = await connected(broker);
  for (const client of [away, here]) expect(await granted(client, "$share/g/a")).toEqual([1]);
  await cut(broker, away);
  await publishAll(broker, "a", numbers(4));
  expect(payloads(here)).toEqual(numbers(4));
  await cut(broker, here);
  await publishAll(broker, "a", ["for the session"]);
  using back = await connected(broker, session);
  await back.take("publish");
  // It holds its place as before.
  await publishAll(broker, "a", ["again"]);
  await back.take("publish", 2);
  expect(payloads(back)).toEqual(["for the session", "again"]);
});

test("[MQTT-4.8.2-4] [MQTT-4.8.2-5] [MQTT-4.8.2-6] a message that was begun with a member goes to no other", async () => {
  await using broker = await openTestBroker();
  const session = { clientId: "session", clean: false, properties: { sessionExpiryInterval: 60 } };
  const first = await connected(broker, session);
  await subscribed(first, "$share/g/a", { qos: 2 });
  await publishAll(broker, "a", ["begun", "refused"], 2);
  const [begun, refused] = await first.take("publish", 2);
  first.send({ cmd: "pubrec", messageId: begun!.messageId! });
  first.send({ cmd: "pubrec", messageId: refused!.messageId!, reasonCode: 0x80 });
  await first.take("pubrel");
  using second = await connected(broker);
  await subscribed(second, "$share/g/a", { qos: 2 });
  await cut(broker, first);
  // The same client completes it.
  const back = await connected(broker, session);
  expect(await back.take("pubrel")).toMatchObject([{ messageId: begun!.messageId }]);
  await cut(broker, back);
  // And with its session the message ends.
  using gone = await connected(broker, { clientId: "session" });
  await gone.ping();
  await second.ping();
  expect([messages(second), messages(gone)]).toEqual([[], []]);
});

test("a member without a session that leaves before the commit is replaced", async () => {
  await using broker = await openTestBroker();
  const one = await connected(broker);
  using two = await connected(broker);
  for (const client of [one, two]) await subscribed(client, "$share/g/a", { qos: 1 });
  broker.sink.commitsAtOnce = false;
  using publisher = await connected(broker);
  publisher.send(publishPacket("a", "x", { qos: 1, messageId: 1, version: 5 }));
  await until(() => broker.sink.waiting.length === 1, "handed over");
  await cut(broker, one);
  broker.sink.commit();
  await two.take("publish");
  expect([payloads(one), payloads(two)]).toEqual([[], ["x"]]);
});
