/** Tenants at one broker: what two of them have in common, and what they never see of each other. */
import { expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import type { BrokerOptions } from "../../src/broker/broker.ts";
import type { RoleDefinition } from "../../src/core/access/definition.ts";
import { type AccessWorld, credentialsOf, openAccessWorld, roleOf, userOf } from "../support/access-world.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { openSessionBroker } from "../support/session-broker.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { publishPacket, RawClient, until } from "./harness.ts";

const everything = { publish: ["#"], subscribe: ["#"] };

const people = [
  ["ada", "north"],
  ["bob", "north"],
  ["eve", "south"],
  ["operator", undefined],
] as const;

async function definitionWith(role: Partial<RoleDefinition> = everything): Promise<object> {
  const users = people.map(([name, tenant]) => userOf({ name, ...(tenant === undefined ? {} : { tenant }) }));
  return {
    roles: [roleOf(role)],
    users: await Promise.all(users),
    certificateRoles: [],
    tokens: [],
    claims: [],
    tenants: [],
  };
}

async function openWorld(role: Partial<RoleDefinition> = everything): Promise<AccessWorld> {
  return await openAccessWorld(await definitionWith(role));
}

function connected(world: AccessWorld, user: string, more: object = {}): Promise<RawClient> {
  return RawClient.connected(world.port, { version: 5, clientId: user, ...credentialsOf(user), ...more });
}

async function subscribed(client: RawClient, ...filters: readonly string[]): Promise<readonly number[]> {
  const before = client.packets.filter(({ cmd }) => cmd === "suback").length;
  client.send({
    cmd: "subscribe",
    messageId: 500 + before,
    subscriptions: filters.map((topic) => ({ topic, qos: 1 as const })),
  });
  return (await client.take("suback", before + 1)).at(-1)!.granted.map(Number);
}

function heardBy(client: RawClient): readonly string[] {
  return client.packets.flatMap((packet) =>
    packet.cmd === "publish" ? [`${packet.topic} ${packet.payload.toString()}`] : [],
  );
}

const ways: readonly (readonly [way: string, qos: 0 | 1 | 2, properties: object | undefined])[] = [
  ["QoS 0", 0, undefined],
  ["QoS 1", 1, undefined],
  ["QoS 2", 2, undefined],
  ["properties", 1, { userProperties: { a: "b" } }],
  ["a topic alias", 1, { topicAlias: 3 }],
];

test.each(ways)(
  "what one tenant publishes is heard by it and by the gateway's own users: %s",
  async (_way, qos, properties) => {
    await using world = await openWorld();
    using ada = await connected(world, "ada");
    using bob = await connected(world, "bob");
    using eve = await connected(world, "eve");
    using operator = await connected(world, "operator");
    for (const client of [ada, bob, eve, operator]) await subscribed(client, "#");
    const more = {
      qos,
      version: 5 as const,
      ...(qos > 0 ? { messageId: 1 } : {}),
      ...(properties && { properties }),
    };
    ada.send(publishPacket("t/a", "1", more));
    operator.send(publishPacket("t/a", "2", { ...more, messageId: 2 }));
    for (const client of [bob, operator]) {
      if (qos === 2) await client.take("publish", 1);
      await until(() => heardBy(client).length > 0, "heard");
    }
    await until(() => heardBy(operator).length === 2, "the operator hears both");
    for (const client of [ada, bob, eve]) await client.ping();
    expect(heardBy(bob)).toEqual(["t/a 1"]);
    expect(heardBy(eve)).toEqual([]);
    expect(heardBy(operator).toSorted()).toEqual(["@north/t/a 1", "t/a 2"]);
    expect(world.sink.received.map(({ topic, clientId }) => `${topic} by ${clientId}`)).toEqual([
      "@north/t/a by @north/ada",
      "t/a by operator",
    ]);
    expect(world.errors).toEqual([]);
  },
);

test("a subscription is shared within a tenant, and with nobody of another that calls its group the same", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada");
  using bob = await connected(world, "bob");
  using eve = await connected(world, "eve");
  using operator = await connected(world, "operator");
  for (const client of [ada, bob, eve, operator]) await subscribed(client, "$share/g/t/#");
  for (const messageId of [1, 2, 3, 4]) {
    ada.send(publishPacket("t/a", String(messageId), { qos: 1, messageId, version: 5 }));
  }
  await until(() => heardBy(ada).length + heardBy(bob).length === 4, "each is heard once");
  for (const client of [eve, operator]) await client.ping();
  expect([...heardBy(ada), ...heardBy(bob)].toSorted()).toEqual(["t/a 1", "t/a 2", "t/a 3", "t/a 4"]);
  expect([heardBy(ada).length, heardBy(eve), heardBy(operator)]).toEqual([2, [], []]);
});

test("a message goes on through its alias in the topics of its tenant", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada");
  for (const [id, topic] of ["t", "", "", ""].entries()) {
    const properties = { topicAlias: 1 };
    ada.send(publishPacket(topic, String(id), { qos: 1, messageId: id + 1, version: 5, properties }));
  }
  await ada.take("puback", 4);
  expect(world.sink.received.map(({ topic }) => topic)).toEqual(Array.from({ length: 4 }, () => "@north/t"));
  // All credit is given back: neither more nor less than was taken.
  expect(world.metric("in_flight_bytes")).toBe(0);
});

test("the same client id is another client in each tenant, and outside of them", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada", { clientId: "press" });
  using eve = await connected(world, "eve", { clientId: "press" });
  using operator = await connected(world, "operator", { clientId: "press" });
  for (const client of [ada, eve, operator]) await client.ping();
  await expect(connected(world, "bob", { clientId: "press" })).rejects.toThrow("refused");
  expect([ada.closed, eve.closed, operator.closed]).toEqual([false, false, false]);
  // Nobody becomes a tenant's client by calling itself so.
  await expect(connected(world, "operator", { clientId: "@north/press" })).rejects.toThrow("refused");
});

test("roles say what they grant in the words of the tenant's clients", async () => {
  await using world = await openWorld({ publish: ["s/%u"], subscribe: ["s/#", "$SYS/#"], receive: ["s/+"] });
  using ada = await connected(world, "ada");
  const filters = ["s/#", "#", "@north/s/#", "$SYS/#", "$share/g/s/a", "$share/g/t/a"];
  expect(await subscribed(ada, ...filters)).toEqual([1, 0x87, 0x87, 1, 1, 0x87]);
  const sent = ["s/ada", "s/bob", "@north/s/ada", "holdfast/x", "$SYS/x"];
  for (const [id, topic] of sent.entries()) {
    ada.send(publishPacket(topic, topic, { qos: 1, messageId: id + 1, version: 5 }));
  }
  const answers = await ada.take("puback", sent.length);
  // Those that the engine writes come before those of the lane.
  const inOrder = answers.toSorted((one, other) => (one.messageId ?? 0) - (other.messageId ?? 0));
  expect(inOrder.map(({ reasonCode }) => reasonCode ?? 0)).toEqual([0, 0x87, 0x87, 0x87, 0x87]);
  expect(world.sink.received.map(({ topic }) => topic)).toEqual(["@north/s/ada"]);
});

test("nobody publishes for the gateway in the topics of a tenant, and the tenant hears what it says there", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada");
  using eve = await connected(world, "eve");
  using operator = await connected(world, "operator");
  operator.send(publishPacket("@north/holdfast/alerts/x", "1", { qos: 1, messageId: 1, version: 5 }));
  expect((await operator.take("puback"))[0]?.reasonCode).toBe(0x87);
  world.broker.publish({ topic: "@north/holdfast/alerts/x", payload: "2", qos: 1, retain: true });
  world.broker.publish({ topic: "holdfast/status", payload: "3", qos: 1, retain: true });
  for (const client of [ada, eve]) await subscribed(client, "holdfast/#");
  await until(() => heardBy(ada).length > 0, "heard");
  await eve.ping();
  expect([heardBy(ada), heardBy(eve)]).toEqual([["holdfast/alerts/x 2"], []]);
});

test("what is published to the bare name of a tenant disturbs nobody in it", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada");
  await subscribed(ada, "#");
  for (const topic of ["@north", "@north/"])
    world.broker.publish({ topic, payload: "1", qos: 1, retain: true });
  world.broker.publish({ topic: "@north/t", payload: "2", qos: 1, retain: false });
  await until(() => heardBy(ada).length > 0, "heard");
  expect([heardBy(ada), ada.closed]).toEqual([["t 2"], false]);
});

test("a topic as deep and as long as topics may be is as deep for a tenant", async () => {
  await using world = await openWorld();
  using ada = await connected(world, "ada");
  const deep = Array.from({ length: 32 }, () => "t").join("/");
  const long = "x".repeat(1_024);
  expect(await subscribed(ada, deep, long)).toEqual([1, 1]);
  for (const [id, topic] of [deep, long].entries()) {
    ada.send(publishPacket(topic, "1", { qos: 2, messageId: id + 1, version: 5 }));
  }
  await until(() => heardBy(ada).length === 2, "heard");
  expect(heardBy(ada)).toEqual([`${deep} 1`, `${long} 1`]);
});

test("who is moved to another tenant is disconnected, and its session ends", async () => {
  await using world = await openWorld();
  const ada = await connected(world, "ada", { clean: false, properties: { sessionExpiryInterval: 1_000 } });
  await subscribed(ada, "#");
  const users = [await userOf({ name: "ada", tenant: "south" })];
  world.replace({ roles: [roleOf(everything)], users });
  await ada.gone();
  using back = await connected(world, "ada", { clean: false, properties: { sessionExpiryInterval: 1_000 } });
  world.broker.publish({ topic: "@north/t", payload: "1", qos: 1, retain: false });
  world.broker.publish({ topic: "@south/t", payload: "2", qos: 1, retain: false });
  await back.ping();
  expect(heardBy(back)).toEqual([]);
});

test.each(["lives on", "was killed"])(
  "a will is published in the topics of its tenant when the broker %s",
  async (how) => {
    const { gatekeeper } = new Access({
      definition: (await definitionWith()) as ConstructorParameters<typeof Access>[0]["definition"],
      clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
      random: () => 0.5,
      logger: quietLogger,
    });
    const listeners: BrokerOptions["listeners"] = [
      { protocol: "mqtt", host: "127.0.0.1", port: 0, anonymous: false },
    ];
    const broker = await openSessionBroker(await temporaryDirectory(), { gatekeeper, listeners });
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 1, retain: true };
    const press = broker.client("press", { connect: { ...credentialsOf("ada"), will } });
    await press.connect();
    if (how === "was killed") await broker.restart();
    else await press.cut();
    const [bob, eve] = ["bob", "eve"].map((name) => broker.client("desk", { connect: credentialsOf(name) }));
    for (const client of [bob!, eve!]) {
      await client.connect();
      await client.subscribe("#", 1);
    }
    await until(() => bob!.payloads.length > 0, "heard");
    expect(bob!.arrivals).toMatchObject([{ topic: "w", payload: "gone" }]);
    expect(eve!.arrivals).toEqual([]);
  },
);
