/** Wills: when they are published, and when not. */
import { expect, test } from "vitest";
import { openTestBroker, type RawClient, type TestBroker, until } from "../../broker/harness.ts";
import { connack, connected, cut, leave, messages, payloads, publish, subscribed } from "./client.ts";

const will = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: false };
const willAfter = (willDelayInterval: number): object => ({ ...will, properties: { willDelayInterval } });
const session = (sessionExpiryInterval: number): object => ({ properties: { sessionExpiryInterval } });

async function witness(broker: TestBroker): Promise<RawClient> {
  const client = await connected(broker);
  await subscribed(client, "will", { qos: 1, rap: true });
  return client;
}

/** What has come to a witness when something that is published now has come. */
async function witnessed(broker: TestBroker, client: RawClient): Promise<readonly string[]> {
  using marker = await connected(broker);
  marker.send(publish("will", "end", { qos: 1, messageId: 1 }));
  await until(() => payloads(client).includes("end"), "the end");
  return payloads(client);
}

test.each([false, true])(
  "[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-14] [MQTT-3.1.2-15] the will of a connection that breaks is published, to be retained: %s",
  async (retain) => {
    await using broker = await openTestBroker();
    using watcher = await witness(broker);
    const client = await connected(broker, { will: { ...will, retain } });
    await cut(broker, client);
    await watcher.take("publish");
    expect(messages(watcher).map((one) => [String(one.payload), one.qos, one.retain])).toEqual([
      ["gone", 1, retain],
    ]);
    using late = await witness(broker);
    await late.ping();
    await late.ping();
    expect(await witnessed(broker, late)).toEqual(retain ? ["gone", "end"] : ["end"]);
  },
);

test("[MQTT-3.1.2-10] [MQTT-3.14.4-3] DISCONNECT 0x00 discards the will, also that of a session, for good", async () => {
  await using broker = await openTestBroker();
  using watcher = await witness(broker);
  await leave(await connected(broker, { will }));
  await leave(await connected(broker, { clientId: "s", will, ...session(60) }), { reasonCode: 0 });
  const again = await connack(broker, "s", { clean: false, ...session(60) });
  await cut(broker, again.client);
  expect(await witnessed(broker, watcher)).toEqual(["end"]);
});

test("[MQTT-3.14.4-1] what follows DISCONNECT is not processed, and does not make another of it", async () => {
  await using broker = await openTestBroker();
  const client = await connected(broker, { will });
  client.send(Buffer.concat([Buffer.of(0xe0, 0), publish("a", "late")]));
  await client.gone();
  await until(() => broker.broker.connections === 0, "the broker has noticed");
  expect(broker.sink.payloads).toEqual([]);
});

test.each([0x04, 0x80, 0x93, 0x97])(
  "[MQTT-3.1.2-8] DISCONNECT with another reason, %i, publishes it, once",
  async (reasonCode) => {
    await using broker = await openTestBroker();
    using watcher = await witness(broker);
    const client = await connected(broker, { will, clientId: "s", ...session(60) });
    await leave(client, { reasonCode });
    await watcher.take("publish");
    // It is removed when it is published.
    const again = await connack(broker, "s", { clean: false, ...session(60) });
    await cut(broker, again.client);
    expect(await witnessed(broker, watcher)).toEqual(["gone", "end"]);
  },
);

test("[MQTT-3.1.2-8] a will with a delay is published when the delay is over", async () => {
  await using broker = await openTestBroker();
  using watcher = await witness(broker);
  const client = await connected(broker, { will: willAfter(1), ...session(60) });
  await cut(broker, client);
  const startedMs = performance.now();
  await watcher.take("publish");
  expect(performance.now() - startedMs).toBeGreaterThan(900);
  expect(messages(watcher)[0]?.properties ?? {}).not.toHaveProperty("willDelayInterval");
});

test("[MQTT-3.1.2-8] it is published when the session ends, where that is before the delay is over", async () => {
  await using broker = await openTestBroker();
  using watcher = await witness(broker);
  await cut(broker, await connected(broker, { will: willAfter(600), ...session(0) }));
  await watcher.take("publish", 1);
  await cut(broker, await connected(broker, { will: willAfter(600), ...session(1) }));
  await watcher.take("publish", 2);
  expect(payloads(watcher)).toEqual(["gone", "gone"]);
});

test("[MQTT-3.1.3-9] it is not published when the client is back before the delay is over, not even by taking over", async () => {
  await using broker = await openTestBroker();
  using watcher = await witness(broker);
  const options = { clientId: "s", will: willAfter(1), ...session(60) };
  await cut(broker, await connected(broker, options));
  const back = await connack(broker, "s", { clean: false, ...session(60), will: willAfter(1) });
  const over = await connack(broker, "s", { clean: false, ...session(60) });
  await back.client.gone();
  const startedMs = performance.now();
  await until(() => performance.now() - startedMs > 1_200, "the delay is over");
  expect(await witnessed(broker, watcher)).toEqual(["end"]);
  await leave(over.client);
});

test("[MQTT-3.1.2-8] a new session ends the one before, and its will is published in spite of the delay", async () => {
  await using broker = await openTestBroker();
  using watcher = await witness(broker);
  await cut(broker, await connected(broker, { clientId: "away", will: willAfter(600), ...session(600) }));
  using first = await connected(broker, { clientId: "away", ...session(600) });
  await watcher.take("publish", 1);
  using there = await connected(broker, { clientId: "there", will: willAfter(600), ...session(600) });
  using second = await connected(broker, { clientId: "there", ...session(600) });
  await watcher.take("publish", 2);
  await Promise.all([first.ping(), second.ping(), there.gone()]);
  expect(await witnessed(broker, watcher)).toEqual(["gone", "gone", "end"]);
});
