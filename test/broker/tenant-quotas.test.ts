/** What a tenant may take of the gateway, and that it takes it from nobody else. */
import { expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import type { AccessDefinition, TenantLimits } from "../../src/core/access/definition.ts";
import { type AccessWorld, credentialsOf, openAccessWorld, roleOf, userOf } from "../support/access-world.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { openSessionBroker, type SessionBroker } from "../support/session-broker.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { publishPacket, RawClient, until } from "./harness.ts";

async function definitionWith(limits: TenantLimits): Promise<AccessDefinition> {
  const names = { ada: "north", bob: "north", eve: "south" };
  const users = Object.entries(names).map(([name, tenant]) => userOf({ name, tenant }));
  return {
    roles: [roleOf({ publish: ["#"], subscribe: ["#"] })],
    users: await Promise.all(users),
    certificateRoles: [],
    tokens: [],
    claims: [],
    tenants: [{ name: "north", limits }],
  };
}

async function openWorld(limits: TenantLimits): Promise<AccessWorld> {
  return await openAccessWorld(await definitionWith(limits));
}

async function openStoredWorld(limits: TenantLimits): Promise<{ broker: SessionBroker; access: Access }> {
  const access = new Access({
    definition: await definitionWith(limits),
    clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
    random: () => 0.5,
    logger: quietLogger,
  });
  const { gatekeeper, tenants } = access;
  const listeners = [{ protocol: "mqtt", host: "127.0.0.1", port: 0, anonymous: false }] as const;
  const broker = await openSessionBroker(await temporaryDirectory(), { gatekeeper, tenants, listeners });
  return { broker, access };
}

function connected(world: AccessWorld, user: string, more: object = {}): Promise<RawClient> {
  return RawClient.connected(world.port, { version: 5, clientId: user, ...credentialsOf(user), ...more });
}

function reachedIn({ tenants }: Access, quota: string): number {
  const [family] = tenants.metrics;
  return family?.read().find(({ labels }) => labels["quota"] === quota)?.value ?? 0;
}

test("a tenant has so many connections, those of all its users together", async () => {
  await using world = await openWorld({ connections: 2 });
  using ada = await connected(world, "ada");
  using bob = await connected(world, "bob");
  await expect(connected(world, "bob", { clientId: "third" })).rejects.toThrow("refused");
  expect(world.metric("logins_refused_total", "tenant-connections")).toBe(1);
  using eve = await connected(world, "eve");
  bob.send({ cmd: "disconnect" });
  await bob.gone();
  using third = await connected(world, "bob", { clientId: "third" });
  expect([ada, eve, third].map(({ closed }) => closed)).toEqual([false, false, false]);
});

function sendThirty(client: RawClient): void {
  for (let id = 1; id <= 30; id += 1) {
    client.send(publishPacket("t", "x".repeat(60), { qos: 1, messageId: id, version: 5 }));
  }
}

test.each([[{ messagesPerSecond: 20 }], [{ bytesPerSecond: 1_500 }]])(
  "the clients of a tenant share its pace of %o, and nobody else is slowed down",
  async (limits) => {
    await using world = await openWorld(limits);
    using ada = await connected(world, "ada");
    using bob = await connected(world, "bob");
    using eve = await connected(world, "eve");
    const startedMs = performance.now();
    for (const client of [ada, bob, eve]) sendThirty(client);
    await eve.take("puback", 30);
    expect(performance.now() - startedMs).toBeLessThan(900);
    await Promise.all([ada.take("puback", 30), bob.take("puback", 30)]);
    // Sixty messages at twenty a second, of which the first twenty are free.
    expect(performance.now() - startedMs).toBeGreaterThan(1_200);
    expect(world.metric("throttled_total")).toBeGreaterThan(0);
  },
);

test("another pace holds at once for those who are connected", async () => {
  await using world = await openWorld({ messagesPerSecond: 1 });
  using ada = await connected(world, "ada");
  for (let id = 1; id <= 40; id += 1) {
    ada.send(publishPacket("t", "1", { qos: 1, messageId: id, version: 5 }));
  }
  await ada.take("puback", 1);
  world.replace({ ...(await definitionWith({})) });
  const startedMs = performance.now();
  await ada.take("puback", 40);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test("a tenant has messages retained under so many topics, also after a restart", async () => {
  const { broker, access } = await openStoredWorld({ retained: 2 });
  const publish = async (user: string, topic: string, payload: string): Promise<void> => {
    const client = broker.client(`${user}-pub`, { connect: credentialsOf(user) });
    await client.connect({ clean: true });
    client.send({ cmd: "publish", topic, payload, qos: 1, retain: true, dup: false, messageId: 1 });
    await client.take("puback");
    await client.leave();
  };
  const retained = async (user: string): Promise<readonly string[]> => {
    const client = broker.client(`${user}-sub`, { connect: credentialsOf(user) });
    await client.connect({ clean: true });
    await client.subscribe("#", 0);
    await client.subscribe("end", 0);
    client.send({ cmd: "pingreq" });
    await client.take("pingresp");
    await client.leave();
    return client.arrivals.map(({ topic, payload }) => `${topic} ${payload}`).toSorted();
  };
  for (const topic of ["a", "b", "c"]) await publish("ada", topic, "1");
  for (const topic of ["a", "b", "c"]) await publish("eve", topic, "1");
  await publish("bob", "a", "2");
  expect(await retained("ada")).toEqual(["a 2", "b 1"]);
  expect(await retained("eve")).toEqual(["a 1", "b 1", "c 1"]);
  await broker.restart();
  await publish("ada", "d", "1");
  expect(await retained("bob")).toEqual(["a 2", "b 1"]);
  await publish("ada", "a", "");
  await publish("ada", "d", "1");
  expect(await retained("bob")).toEqual(["b 1", "d 1"]);
  expect(reachedIn(access, "retained")).toBe(2);
});

test("a tenant with many sessions loses its own, and nobody else's", async () => {
  const { broker, access } = await openStoredWorld({ sessions: 2 });
  const visit = async (user: string, clientId: string): Promise<boolean> => {
    const client = broker.client(clientId, { connect: credentialsOf(user) });
    await client.connect();
    const { sessionPresent } = client;
    await client.subscribe("t", 1);
    await client.leave();
    return sessionPresent;
  };
  await visit("eve", "one");
  for (const id of ["one", "two", "three"]) await visit("ada", id);
  expect(await visit("ada", "three")).toBe(true);
  expect(await visit("ada", "two")).toBe(true);
  expect(await visit("ada", "one")).toBe(false);
  expect(await visit("eve", "one")).toBe(true);
  expect(reachedIn(access, "sessions")).toBe(2);
});

test("messages for clients of a tenant that are away take so many bytes", async () => {
  const { broker, access } = await openStoredWorld({ queuedBytes: 100 });
  const desks = ["ada", "eve"].map((user) => broker.client("desk", { connect: credentialsOf(user) }));
  for (const desk of desks) {
    await desk.connect();
    await desk.subscribe("t", 1);
    await desk.leave();
  }
  const tell = (number: number): void => {
    for (const mount of ["@north/", "@south/"]) {
      broker.broker.publish({
        topic: `${mount}t`,
        payload: String(number).padEnd(30),
        qos: 1,
        retain: false,
      });
    }
  };
  tell(1);
  tell(2);
  tell(3);
  tell(4);
  const [ada, eve] = desks;
  for (const desk of [ada!, eve!]) await desk.connect();
  await until(() => eve!.payloads.length === 4, "all of them");
  expect(ada!.payloads.map((payload) => payload.trim())).toEqual(["1", "2"]);
  expect(reachedIn(access, "queuedBytes")).toBe(2);
  await ada!.leave();
  tell(5);
  await ada!.connect();
  await until(() => ada!.payloads.length === 3, "room again");
});
