/** Sessions: when they are resumed, what they send again, and when they end. */
import { expect, test } from "vitest";
import type { Clock } from "../../../src/core/ports.ts";
import { openTestBroker, type TestBroker, until } from "../../broker/harness.ts";
import { connack, connected, cut, leave, messages, payloads, publish, subscribed } from "./client.ts";

const forAnHour = { sessionExpiryInterval: 3_600 };
const never = { sessionExpiryInterval: 0xffff_ffff };

/** A session that has subscribed to `a` at QoS 2 and is away. */
async function leaveBehind(
  broker: TestBroker,
  clientId: string,
  properties: object = forAnHour,
): Promise<void> {
  const client = await connected(broker, { clientId, properties });
  await subscribed(client, "a", { qos: 2 });
  await leave(client);
}

async function publishOnce(broker: TestBroker, ...texts: readonly string[]): Promise<void> {
  using publisher = await connected(broker);
  for (const [index, text] of texts.entries())
    publisher.send(publish("a", text, { qos: 1, messageId: index + 1 }));
  await publisher.take("puback", texts.length);
}

test("[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.2-23] [MQTT-3.2.2-2] [MQTT-3.2.2-3] a session is made, resumed with what came meanwhile, and discarded when a new one is asked for", async () => {
  await using broker = await openTestBroker();
  const made = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(made.answer).toMatchObject({ reasonCode: 0, sessionPresent: false });
  await subscribed(made.client, "a", { qos: 1 });
  await leave(made.client);
  await publishOnce(broker, "meanwhile");
  const resumed = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(resumed.answer).toMatchObject({ reasonCode: 0, sessionPresent: true });
  await resumed.client.take("publish");
  expect(payloads(resumed.client)).toEqual(["meanwhile"]);
  await cut(broker, resumed.client);
  const anew = await connack(broker, "s", { clean: true, properties: forAnHour });
  expect(anew.answer).toMatchObject({ reasonCode: 0, sessionPresent: false });
  await publishOnce(broker, "unwanted");
  await anew.client.ping();
  expect(payloads(anew.client)).toEqual([]);
  await leave(anew.client);
});

test("a session of which nothing was asked but to be kept is there as well", async () => {
  await using broker = await openTestBroker();
  const made = await connack(broker, "s", { clean: true, properties: forAnHour });
  await leave(made.client);
  const resumed = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(resumed.answer.sessionPresent).toBe(true);
  await leave(resumed.client);
});

test.each([
  { what: "Clean Start 1 and no expiry", clean: true, properties: {} },
  { what: "Clean Start 0 and no expiry", clean: false, properties: {} },
  { what: "Clean Start 0 and expiry 0", clean: false, properties: { sessionExpiryInterval: 0 } },
])("[MQTT-4.1.0-2] a session with $what ends with its connection", async ({ clean, properties }) => {
  await using broker = await openTestBroker();
  const made = await connack(broker, "s", { clean, properties });
  await subscribed(made.client, "a", { qos: 1 });
  await leave(made.client);
  await until(() => broker.broker.connections === 0, "the broker has noticed");
  const again = await connack(broker, "s", { clean: false, properties });
  expect(again.answer.sessionPresent).toBe(false);
  await subscribed(again.client, "a", { qos: 1 });
  const newcomer = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(newcomer.answer.sessionPresent).toBe(false);
  await again.client.gone();
  await publishOnce(broker, "unwanted");
  await newcomer.client.ping();
  expect(payloads(newcomer.client)).toEqual([]);
  await leave(newcomer.client);
});

/** A broker whose time passes when a test says so. */
function timed(): {
  readonly clock: Clock;
  readonly pass: (ms: number) => void;
  readonly setClock: (ms: number) => void;
} {
  let passedMs = 0;
  let setMs = 0;
  return {
    clock: {
      now: () => Date.now() + setMs,
      monotonicMs: () => performance.now() + passedMs,
      synced: () => true,
    },
    setClock: (ms) => {
      setMs = ms;
    },
    pass: (ms) => {
      passedMs += ms;
    },
  };
}

test("[MQTT-4.1.0-1] [MQTT-4.1.0-2] a session outlives any connection, and ends when it has been away for its expiry", async () => {
  const { clock, pass } = timed();
  await using broker = await openTestBroker({ clock });
  const made = await connack(broker, "s", { clean: false, properties: forAnHour });
  await subscribed(made.client, "a", { qos: 1 });
  pass(10 * 3_600_000);
  await publishOnce(broker, "while it is open");
  await made.client.take("publish");
  await leave(made.client);
  pass(3_599_000);
  const resumed = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(resumed.answer.sessionPresent).toBe(true);
  await leave(resumed.client);
  pass(3_600_000);
  await until(() => broker.metric("sessions") === 0, "it ends");
  const late = await connack(broker, "s", { clean: false, properties: forAnHour });
  expect(late.answer.sessionPresent).toBe(false);
  await leave(late.client);
});

test.each([365, -365])(
  "[MQTT-4.1.0-2] a clock set by %i days neither ends a session nor keeps it",
  async (days) => {
    const { clock, pass, setClock } = timed();
    await using broker = await openTestBroker({ clock });
    await leaveBehind(broker, "s");
    await leaveBehind(broker, "shorter", { sessionExpiryInterval: 1_800 });
    setClock(days * 24 * 3_600_000);
    pass(3_590_000);
    await until(() => broker.metric("sessions") < 2, "the shorter one ends");
    const resumed = await connack(broker, "s", { clean: false, properties: forAnHour });
    expect(resumed.answer.sessionPresent).toBe(true);
    await leave(resumed.client);
    pass(3_600_000);
    await until(() => broker.metric("sessions") === 0, "it ends");
  },
);

test("DISCONNECT may shorten the expiry, or lengthen one that is not 0", async () => {
  const { clock, pass } = timed();
  await using broker = await openTestBroker({ clock });
  for (const [clientId, seconds] of [
    ["shorter", 60],
    ["longer", 36_000],
    ["none", 0],
  ] as const) {
    const client = await connected(broker, { clientId, properties: forAnHour });
    await leave(client, { reasonCode: 0, properties: { sessionExpiryInterval: seconds } });
  }
  await until(() => broker.metric("sessions") === 2, "one has ended at once");
  pass(61_000);
  await until(() => broker.metric("sessions") === 1, "one has ended");
  pass(3_600_000);
  const resumed = await connack(broker, "longer", { clean: false, properties: forAnHour });
  expect(resumed.answer.sessionPresent).toBe(true);
  await leave(resumed.client);
});

test("[MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] a resumed session gets what it has not acknowledged again, with DUP and the same identifiers, in order; an open connection gets nothing twice", async () => {
  await using broker = await openTestBroker();
  const first = await connected(broker, { clientId: "s", properties: never });
  await subscribed(first, "a", { qos: 2 });
  using publisher = await connected(broker);
  for (const [index, qos] of ([1, 2, 2, 1] as const).entries()) {
    const messageId = index + 1;
    publisher.send(publish("a", String(messageId), { qos, messageId }));
    if (qos === 1) continue;
    await publisher.take("pubrec", index);
    publisher.send({ cmd: "pubrel", messageId });
  }
  const sent = await first.take("publish", 4);
  const ids = sent.map(({ messageId }) => messageId ?? 0);
  first.send({ cmd: "pubrec", messageId: ids[1]! });
  await first.take("pubrel");
  first.send({ cmd: "puback", messageId: ids[3]! });
  await first.ping();
  expect(messages(first)).toHaveLength(4);
  await cut(broker, first);
  using second = (await connack(broker, "s", { clean: false, properties: never })).client;
  await second.take("publish", 2);
  await second.take("pubrel");
  await second.ping();
  const again = second.packets.flatMap((one) => {
    if (one.cmd === "publish") return [`publish ${one.messageId} ${String(one.payload)} ${one.dup}`];
    return one.cmd === "pubrel" ? [`pubrel ${one.messageId}`] : [];
  });
  expect(again).toEqual([`publish ${ids[0]} 1 true`, `pubrel ${ids[1]}`, `publish ${ids[2]} 3 true`]);
});

test("[MQTT-4.4.0-2] what was refused with 0x80 or more is not sent again", async () => {
  await using broker = await openTestBroker();
  await leaveBehind(broker, "s");
  using publisher = await connected(broker);
  publisher.send(publish("a", "one", { qos: 1, messageId: 1 }));
  publisher.send(publish("a", "two", { qos: 2, messageId: 2 }));
  await publisher.take("pubrec");
  publisher.send(publish("a", "three", { qos: 1, messageId: 3 }));
  await publisher.take("puback", 2);
  const { client } = await connack(broker, "s", { clean: false, properties: forAnHour });
  const [one, two] = await client.take("publish", 3);
  client.send({ cmd: "puback", messageId: one?.messageId ?? 0, reasonCode: 0x80 });
  client.send({ cmd: "pubrec", messageId: two?.messageId ?? 0, reasonCode: 0x97 });
  await client.ping();
  expect(client.packets.some(({ cmd }) => cmd === "pubrel")).toBe(false);
  await cut(broker, client);
  using again = (await connack(broker, "s", { clean: false, properties: forAnHour })).client;
  await again.take("publish");
  await again.ping();
  expect(payloads(again)).toEqual(["three"]);
});
