/** SUBSCRIBE and UNSUBSCRIBE: options, identifiers, and what is answered. */
import { expect, test } from "vitest";
import { openTestBroker, type RawClient, type TestBroker } from "../../broker/harness.ts";
import { openSessionBroker } from "../../support/session-broker.ts";
import { temporaryDirectory } from "../../support/stores.ts";
import { until } from "../../support/until.ts";
import { connected, messages, payloads, publish, subscribe, subscribed } from "./client.ts";

/** Publishes at QoS 2, and takes the message to its end. */
async function publishExactlyOnce(client: RawClient, topic: string, payload: string): Promise<void> {
  const count = client.packets.filter(({ cmd }) => cmd === "pubcomp").length + 1;
  client.send(publish(topic, payload, { qos: 2, messageId: count }));
  await client.take("pubrec", count);
  client.send({ cmd: "pubrel", messageId: count });
  await client.take("pubcomp", count);
}

async function retain(broker: TestBroker, topic: string): Promise<void> {
  using client = await connected(broker);
  client.send(publish(topic, "kept", { qos: 1, messageId: 1, retain: true }));
  await client.take("puback");
}

test("[MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] SUBACK has the identifier, no properties, and a code for each filter in their order", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  const filters = ["1", "$share/g/$SYS/a", "b", "$SYS/#", "0", "b"].map((topic, index) => ({
    topic,
    qos: ([0, 1, 2] as const)[index % 3]!,
  }));
  client.send(subscribe(0x1234, filters));
  await client.take("suback");
  expect(client.bytes).toEqual(Buffer.of(0x90, 9, 0x12, 0x34, 0, 0, 0x87, 2, 0x87, 1, 2));
});

test("[MQTT-2.2.1-6] [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] UNSUBACK has the identifier, and tells of each filter whether it was there", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(
    subscribe(1, [
      { topic: "a/+", qos: 0 },
      { topic: "b", qos: 0 },
      { topic: "c", qos: 0 },
    ]),
  );
  await client.take("suback");
  client.bytes = Buffer.alloc(0);
  client.send({ cmd: "unsubscribe", messageId: 0x0203, unsubscriptions: ["a/x", "b", "never"] });
  client.send({ cmd: "unsubscribe", messageId: 4, unsubscriptions: ["c"] });
  await client.take("unsuback", 2);
  const first = [0xb0, 6, 2, 3, 0, 0x11, 0, 0x11];
  expect([...client.bytes]).toEqual([...first, 0xb0, 4, 0, 4, 0, 0]);
  for (const topic of ["b", "c", "a/x"]) client.send(publish(topic, "m"));
  await client.take("publish");
  await client.ping();
  expect(messages(client).map(({ topic }) => topic)).toEqual(["a/x"]);
});

test("[MQTT-3.10.4-3] a QoS 2 message under way is finished after UNSUBSCRIBE", async () => {
  await using broker = await openTestBroker();
  using subscriber = await connected(broker);
  await subscribed(subscriber, "a", { qos: 2 });
  using publisher = await connected(broker);
  await publishExactlyOnce(publisher, "a", "begun");
  const [begun] = await subscriber.take("publish");
  subscriber.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: ["a"] });
  await subscriber.take("unsuback");
  subscriber.send({ cmd: "pubrec", messageId: begun?.messageId ?? 0 });
  const [release] = await subscriber.take("pubrel");
  expect(release?.messageId).toBe(begun?.messageId);
});

test("[MQTT-3.8.3-3] no local keeps a client's own messages from it, and no others, whatever else it subscribes to", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  using other = await connected(broker);
  await subscribed(client, "a/+", { nl: true, qos: 1 });
  await subscribed(client, "both/#", { nl: true });
  await subscribed(client, "both/x");
  client.send(publish("a/x", "own"));
  other.send(publish("a/x", "of another"));
  client.send(publish("both/x", "by the filter without it"));
  await client.take("publish", 2);
  await client.ping();
  expect(payloads(client).toSorted()).toEqual(["by the filter without it", "of another"]);
});

test.each([
  { rh: 0, first: 1, again: 1 },
  { rh: 1, first: 1, again: 0 },
  { rh: 2, first: 0, again: 0 },
] as const)(
  "[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4] retain handling $rh sends $first retained message to a new subscription, and $again when it is made again",
  async ({ rh, first, again }) => {
    await using broker = await openTestBroker();
    await retain(broker, "kept");
    using client = await connected(broker);
    await subscribed(client, "kept", { rh });
    await client.take("publish", first);
    await subscribed(client, "kept", { rh, qos: 1 });
    await client.take("publish", first + again);
    client.send(publish("kept", "live"));
    await client.take("publish", first + again + 1);
    await client.ping();
    const sent = messages(client).map(({ payload, retain: isRetained }) => [String(payload), isRetained]);
    const kept = Array.from({ length: first + again }, () => ["kept", true]);
    expect(sent).toEqual([...kept, ["live", false]]);
  },
);

test("[MQTT-3.8.4-3] [MQTT-3.8.4-4] the same filter again replaces the subscription with its options, and no message is lost on the way", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  using publisher = await connected(broker);
  await subscribed(client, "a", { qos: 1 }, { subscriptionIdentifier: 5 });
  const ids = Array.from({ length: 40 }, (_, index) => index + 1);
  for (const messageId of ids) {
    publisher.send(publish("a", String(messageId), { qos: 1, messageId }));
    if (messageId % 4 === 0)
      client.send(
        subscribe(100 + messageId, [{ topic: "a", qos: 1 }], { subscriptionIdentifier: messageId }),
      );
    if (messageId % 10 === 0) await publisher.take("puback", messageId);
  }
  await client.take("publish", 40);
  expect(payloads(client).map(Number)).toEqual(ids);
  await client.take("suback", 11);
  await subscribed(client, "a", { qos: 0, rap: true });
  publisher.send(publish("a", "last", { qos: 1, messageId: 50, retain: true }));
  const last = (await client.take("publish", 41)).at(-1);
  expect([last?.qos, last?.retain, last?.properties]).toEqual([0, true, undefined]);
});

test.each([
  { published: 0, granted: 2, sent: 0 },
  { published: 1, granted: 0, sent: 0 },
  { published: 1, granted: 1, sent: 1 },
  { published: 1, granted: 2, sent: 1 },
  { published: 2, granted: 0, sent: 0 },
  { published: 2, granted: 1, sent: 1 },
  { published: 2, granted: 2, sent: 2 },
] as const)(
  "[MQTT-3.8.4-8] what is published at QoS $published and granted QoS $granted is sent at QoS $sent, live and retained, by name and by wildcard",
  async ({ published, granted, sent }) => {
    await using broker = await openTestBroker();
    using publisher = await connected(broker);
    const send = async (retained: boolean, messageId: number): Promise<void> => {
      publisher.send(publish("t/a", "x", { qos: published, messageId, retain: retained }));
      if (published === 1) await publisher.take("puback");
      if (published !== 2) return await publisher.ping();
      await publisher.take("pubrec");
      publisher.send({ cmd: "pubrel", messageId });
      await publisher.take("pubcomp");
    };
    await send(true, 1);
    for (const filter of ["t/a", "t/+", "#"]) {
      using client = await connected(broker);
      await subscribed(client, filter, { qos: granted });
      await client.take("publish");
      await send(false, 2);
      const qualities = (await client.take("publish", 2)).map(({ qos }) => qos);
      expect(qualities).toEqual([sent, sent]);
    }
  },
);

test.each([
  {
    filters: [
      ["a/#", 0],
      ["a/+", 2],
      ["+/b", 1],
    ],
  },
  {
    filters: [
      ["a/b", 0],
      ["a/+", 2],
      ["+/b", 1],
    ],
  },
  {
    filters: [
      ["a/+", 2],
      ["a/b", 0],
    ],
  },
  {
    filters: [
      ["a/b", 1],
      ["#", 2],
      ["a/#", 0],
    ],
  },
] as const)(
  "[MQTT-3.3.4-2] of overlapping subscriptions the highest quality is delivered, once: $filters",
  async ({ filters }) => {
    await using broker = await openTestBroker();
    using client = await connected(broker);
    for (const [topic, qos] of filters) await subscribed(client, topic, { qos });
    using publisher = await connected(broker);
    await publishExactlyOnce(publisher, "a/b", "x");
    await client.take("publish");
    await client.ping();
    await client.ping();
    expect(messages(client).map(({ qos }) => qos)).toEqual([2]);
    // When the others are gone, the filter that is the topic counts for itself.
    client.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: ["a/+", "#"] });
    await client.take("unsuback");
    await publishExactlyOnce(publisher, "a/b", "x");
    const [, second] = await client.take("publish", 2);
    const left = filters.filter(([topic]) => topic !== "a/+" && topic !== "#").map(([, qos]) => qos);
    expect(second?.qos).toBe(Math.max(...left));
  },
);

const identifierOf = (
  one: { readonly properties?: { subscriptionIdentifier?: unknown } } | undefined,
): unknown =>
  [one?.properties?.subscriptionIdentifier ?? []]
    .flat()
    .map(Number)
    .toSorted((a, b) => a - b);

test("[MQTT-3.3.4-3] [MQTT-3.3.4-4] a message carries the identifiers of all subscriptions that it is for, live, retained, and to the largest", async () => {
  await using broker = await openTestBroker();
  await retain(broker, "a/b");
  using client = await connected(broker);
  await subscribed(client, "a/b", { qos: 1, rh: 2 }, { subscriptionIdentifier: 1 });
  await subscribed(client, "a/+", { rh: 2 }, { subscriptionIdentifier: 268_435_455 });
  await subscribed(client, "#", { rh: 2 });
  await subscribed(client, "+/b", { qos: 2, rh: 2 }, { subscriptionIdentifier: 300 });
  await subscribed(client, "other", {}, { subscriptionIdentifier: 4 });
  await subscribed(client, "a/#", { nl: true }, { subscriptionIdentifier: 5 });
  using publisher = await connected(broker);
  await client.take("publish");
  client.send(publish("a/b", "own"));
  publisher.send(publish("a/b", "of another", { properties: { contentType: "t" } }));
  publisher.send(publish("plain", "x"));
  const sent = await client.take("publish", 4);
  expect(sent.map(identifierOf)).toEqual([[5], [1, 300, 268_435_455], [1, 5, 300, 268_435_455], []]);
});

test("[MQTT-3.3.4-4] so does a message that has waited in a queue, over a restart", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const options = { version: 5, connect: { properties: { sessionExpiryInterval: 1_000 } } } as const;
  const client = broker.client("away", options);
  await client.connect();
  await client.subscribe("a/b", 1, { subscriptionIdentifier: 1 });
  await client.subscribe("a/+", 0, { subscriptionIdentifier: 2 });
  await client.subscribe("other", 1, { subscriptionIdentifier: 3 });
  await client.leave();
  const publisher = broker.client("publisher", { version: 5, connect: { clean: true } });
  await publisher.connect();
  publisher.send({
    cmd: "publish",
    topic: "a/b",
    payload: "x",
    qos: 1,
    retain: false,
    dup: false,
    messageId: 1,
  });
  await publisher.take("puback");
  await broker.restart();
  const again = broker.client("away", options);
  await again.connect();
  await until("it comes", () => again.arrivals.length === 1);
  expect(identifierOf(again.arrivals[0] as Parameters<typeof identifierOf>[0])).toEqual([1, 2]);
});
