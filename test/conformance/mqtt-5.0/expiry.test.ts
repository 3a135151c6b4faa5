/** Messages that expire: by the time that the gateway runs, whatever its clock is set to. */
import { expect, test } from "vitest";
import { openSessionBroker, type SessionBroker } from "../../support/session-broker.ts";
import type { SessionClient } from "../../support/session-client.ts";
import { temporaryDirectory } from "../../support/stores.ts";
import { until } from "../../support/until.ts";

const forever = { version: 5, connect: { properties: { sessionExpiryInterval: 0xffff_ffff } } } as const;
const [anHour, aYear] = [3_600_000, 365 * 24 * 3_600_000];

/** Publishes to `a` what expires in so many seconds; without a number it does not. */
async function publish(
  broker: SessionBroker,
  text: string,
  seconds: number | undefined,
  options: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
): Promise<void> {
  const { qos = 1, retain = false } = options;
  const publisher = broker.client("publisher", { version: 5, connect: { clean: true } });
  await publisher.connect();
  const properties = seconds === undefined ? {} : { messageExpiryInterval: seconds };
  publisher.send({
    cmd: "publish",
    topic: "a",
    payload: text,
    qos,
    retain,
    dup: false,
    messageId: 1,
    properties,
  });
  if (qos === 1) await publisher.take("puback");
  if (qos === 2) {
    await publisher.take("pubrec");
    publisher.send({ cmd: "pubrel", messageId: 1 });
    await publisher.take("pubcomp");
  }
  publisher.send({ cmd: "pingreq" });
  await publisher.take("pingresp");
  await publisher.leave();
}

async function subscriber(
  broker: SessionBroker,
  clientId: string,
  options: object = {},
): Promise<SessionClient> {
  const client = broker.client(clientId, { ...forever, ...options });
  await client.connect();
  if (!client.sessionPresent) await client.subscribe("a", 2);
  return client;
}

/** What comes to a client before a message that is published now. */
async function arrivals(
  broker: SessionBroker,
  client: SessionClient,
): Promise<readonly (readonly [string, unknown])[]> {
  await publish(broker, "end", undefined);
  await until("the end", () => client.payloads.includes("end"));
  return client.arrivals
    .filter(({ payload }) => payload !== "end")
    .map(({ payload, properties }) => [payload, properties?.messageExpiryInterval] as const);
}

/** Time passes: that of the gateway, and what its clock is set to beside. */
interface Course {
  readonly what: string;
  readonly runMs: number;
  readonly setMs: number;
  readonly left: number | undefined;
}

const courses: readonly Course[] = [
  { what: "half its time has passed", runMs: 30_900, setMs: 0, left: 30 },
  { what: "its time has passed", runMs: 60_000, setMs: 0, left: undefined },
  { what: "the clock has been set forward by a year", runMs: 10_000, setMs: aYear, left: 50 },
  { what: "the clock has been set back by a year", runMs: 10_000, setMs: -aYear, left: 50 },
  { what: "its time has passed on a clock set back", runMs: 60_000, setMs: -aYear, left: undefined },
];

test.each(courses)(
  "[MQTT-3.3.2-5] [MQTT-3.3.2-6] a message in a queue, when $what",
  async ({ runMs, setMs, left }) => {
    const broker = await openSessionBroker(await temporaryDirectory());
    await (await subscriber(broker, "away")).leave();
    broker.clock.pass(1_000);
    await publish(broker, "x", 60);
    broker.clock.pass(runMs);
    broker.clock.wallMs += setMs;
    const client = await subscriber(broker, "away");
    expect(await arrivals(broker, client)).toEqual(left === undefined ? [] : [["x", left]]);
  },
);

test.each(courses)(
  "[MQTT-3.3.2-5] [MQTT-3.3.2-6] a retained message, when $what",
  async ({ runMs, setMs, left }) => {
    const broker = await openSessionBroker(await temporaryDirectory());
    broker.clock.pass(1_000);
    await publish(broker, "x", 60, { retain: true });
    broker.clock.pass(runMs);
    broker.clock.wallMs += setMs;
    const client = await subscriber(broker, "late");
    await until(
      "it is decided",
      () => client.arrivals.length > 0 || broker.metric("retained_messages") === 0,
    );
    expect(await arrivals(broker, client)).toEqual(left === undefined ? [] : [["x", left]]);
  },
);

test.each(courses)(
  "[MQTT-3.3.2-5] [MQTT-3.3.2-6] a message that waits for a subscriber's window, when $what",
  async ({ runMs, setMs, left }) => {
    const broker = await openSessionBroker(await temporaryDirectory());
    const connect = { clean: true, properties: { receiveMaximum: 1 } };
    const client = await subscriber(broker, "busy", { connect, answers: false });
    broker.clock.pass(1_000);
    await publish(broker, "first", undefined);
    await until("the first", () => client.arrivals.length === 1);
    await publish(broker, "x", 60);
    broker.clock.pass(runMs);
    broker.clock.wallMs += setMs;
    client.answers = true;
    client.send({ cmd: "puback", messageId: client.arrivals[0]?.packetId ?? 0 });
    const come = await arrivals(broker, client);
    expect(come.slice(1)).toEqual(left === undefined ? [] : [["x", left]]);
  },
);

test.each([
  { what: "time that it runs", runMs: 40_000, offMs: 0, left: 20 },
  {
    what: "time that it was off, by clocks that are right",
    runMs: 10_000,
    offMs: 30_000,
    left: 20,
  },
  { what: "both, until none is left", runMs: 30_000, offMs: 30_000, left: undefined },
  { what: "no time that a clock set back makes up", runMs: 10_000, offMs: -anHour, left: 50 },
])("[MQTT-3.3.2-6] over a restart there counts $what", async ({ runMs, offMs, left }) => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await (await subscriber(broker, "away")).leave();
  await publish(broker, "x", 60);
  await publish(broker, "kept", 60, { retain: true });
  broker.clock.pass(runMs / 2);
  // A record, so that the log knows that time has passed.
  await publish(broker, "mark", 1, { qos: 0 });
  await broker.restart(offMs);
  broker.clock.pass(runMs / 2);
  const queued = await subscriber(broker, "away");
  const expected =
    left === undefined
      ? []
      : [
          ["x", left],
          ["kept", left],
        ];
  expect(await arrivals(broker, queued)).toEqual(expected);
  const late = await subscriber(broker, "late");
  await until("it is decided", () => late.arrivals.length > 0 || broker.metric("retained_messages") === 0);
  expect(await arrivals(broker, late)).toEqual(expected.slice(1));
});

test("a message that is sent at once says what it said, also 0", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const client = await subscriber(broker, "here");
  await publish(broker, "x", 60, { qos: 0 });
  await publish(broker, "y", 0, { qos: 0 });
  await publish(broker, "z", 0xffff_ffff);
  expect(await arrivals(broker, client)).toEqual([
    ["x", 60],
    ["y", 0],
    ["z", 0xffff_ffff],
  ]);
});

test("[MQTT-4.3.3-7] what has been sent does not expire before it is acknowledged", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  const client = await subscriber(broker, "slow", { answers: false });
  await publish(broker, "one", 10, { qos: 1 });
  await publish(broker, "two", 10, { qos: 2 });
  await until("both", () => client.arrivals.length === 2);
  await client.cut();
  broker.clock.pass(60_000);
  const again = await subscriber(broker, "slow");
  await until("both again", () => again.arrivals.length === 2);
  expect(again.arrivals.map(({ payload, dup, packetId }) => [payload, dup, packetId])).toEqual(
    client.arrivals.map(({ payload, packetId }) => [payload, true, packetId]),
  );
});

test("an expired message leaves the queue and the disk, and is counted", async () => {
  const broker = await openSessionBroker(await temporaryDirectory());
  await (await subscriber(broker, "away")).leave();
  await publish(broker, "x", 10);
  await publish(broker, "kept", 10, { retain: true });
  broker.clock.pass(10_000);
  const client = await subscriber(broker, "away");
  await client.subscribe("a", 2);
  await until("they are gone", () => broker.metric("session_queue_bytes") === 0);
  await until("and that", () => broker.metric("retained_messages") === 0);
  expect(client.arrivals).toEqual([]);
  expect(broker.metric("deliveries_dropped_total")).toBe(2);
  const kinds = async (): Promise<readonly string[]> => (await broker.keys()).map((key) => key.slice(0, 2));
  await until("they leave the disk", async () => !/06|07/.test((await kinds()).join(" ")));
});
