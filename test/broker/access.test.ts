import { expect, test } from "vitest";
import { hashPassword } from "../../src/access/password.ts";
import type { RoleDefinition } from "../../src/core/access/definition.ts";
import { loginFailuresFree } from "../../src/core/limits.ts";
import {
  type AccessWorld,
  credentialsOf,
  keptPassword,
  openAccessWorld,
  roleOf,
  userOf,
} from "../support/access-world.ts";
import { connectPacket, publishPacket, RawClient, until } from "./harness.ts";

const versions = [4, 5] as const;
const everything: Partial<RoleDefinition> = { publish: ["#"], subscribe: ["#"] };

async function worldWith(role: Partial<RoleDefinition>, ...names: readonly string[]): Promise<AccessWorld> {
  const users = await Promise.all(["press", ...names].map((name) => userOf({ name })));
  return await openAccessWorld({ roles: [roleOf(role)], users });
}

/** What a CONNECT is answered with; -1 when the connection is closed without an answer. */
async function connackOf(port: number, version: 4 | 5, credentials: object, clientId = "c"): Promise<number> {
  using client = new RawClient(port, version);
  client.send(connectPacket(version, clientId, credentials));
  await until(() => client.packets.length > 0 || client.closed, "CONNACK");
  const [connack] = client.packets;
  return connack?.cmd === "connack" ? (connack.reasonCode ?? connack.returnCode ?? -1) : -1;
}

function connected(
  world: AccessWorld,
  more: { version?: 4 | 5; clientId?: string; user?: string; [field: string]: unknown } = {},
): Promise<RawClient> {
  const { user = "press", version = 5, clientId = user, ...rest } = more;
  return RawClient.connected(world.port, { version, clientId, ...credentialsOf(user), ...rest });
}

async function subscribed(client: RawClient, ...filters: readonly string[]): Promise<readonly number[]> {
  const before = client.packets.filter(({ cmd }) => cmd === "suback").length;
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  client.send({ cmd: "subscribe", messageId: 1_000 + before, subscriptions });
  return (await client.take("suback", before + 1)).at(-1)!.granted.map(Number);
}

function receivedBy(client: RawClient): readonly string[] {
  return client.packets.flatMap((packet) => (packet.cmd === "publish" ? [packet.payload.toString()] : []));
}

test.each<readonly [version: 4 | 5, what: string, credentials: object, code: number]>([
  [4, "nothing", {}, 5],
  [5, "nothing", {}, 0x87],
  [4, "a wrong password", credentialsOf("press", "wrong horse"), 4],
  [5, "a wrong password", credentialsOf("press", "wrong horse"), 0x86],
  [4, "an unknown user", credentialsOf("oven"), 4],
  [5, "an unknown user", credentialsOf("oven"), 0x86],
  [5, "a user without password", { username: "press" }, 0x86],
  [5, "the name of something inherited", credentialsOf("constructor"), 0x86],
  [5, "the hash in place of the password", credentialsOf("press", await keptPassword()), 0x86],
  [4, "user and password", credentialsOf("press"), 0],
  [5, "user and password", credentialsOf("press"), 0],
])(
  "on version %i a CONNECT with %s is answered with the right code",
  async (version, _what, credentials, code) => {
    await using world = await worldWith(everything);
    expect(await connackOf(world.port, version, credentials)).toBe(code);
    expect(world.metric("logins_refused_total")).toBe(code === 0 ? 0 : 1);
  },
);

test("nothing is taken from a client whose password is still being checked", async () => {
  await using world = await worldWith(everything);
  using client = new RawClient(world.port, 4);
  client.send(
    Buffer.concat([connectPacket(4, "c", credentialsOf("press", "wrong horse")), publishPacket("a", "1")]),
  );
  await client.gone();
  expect(world.sink.received).toEqual([]);
});

test.each(versions)(
  "of a SUBSCRIBE only the filters that are not granted are refused, on version %i",
  async (version) => {
    await using world = await worldWith({ subscribe: ["s/a/#"] });
    using client = await connected(world, { version, clean: false });
    const refused = version === 5 ? 0x87 : 0x80;
    expect(await subscribed(client, "s/a/x", "s/+/x", "s/a/#", "#")).toEqual([1, refused, 1, refused]);
    world.broker.publish({ topic: "s/b/x", payload: "beyond", qos: 1, retain: false });
    world.broker.publish({ topic: "s/a/y", payload: "granted", qos: 1, retain: false });
    await until(() => receivedBy(client).length > 0, "delivered");
    expect(receivedBy(client)).toEqual(["granted"]);
    expect(world.metric("subscribe_denied_total")).toBe(2);
  },
);

test("a shared filter is granted as the filter that is shared, and each message as its topic", async () => {
  await using world = await worldWith({ subscribe: ["s/#"], receive: ["s/a"] });
  using client = await connected(world);
  expect(await subscribed(client, "$share/g/s/+", "$share/g/t", "$share/g/#")).toEqual([1, 0x87, 0x87]);
  for (const topic of ["s/b", "s/a"]) world.broker.publish({ topic, payload: topic, qos: 1, retain: false });
  await until(() => receivedBy(client).length > 0, "delivered");
  expect(receivedBy(client)).toEqual(["s/a"]);
});

const ways: readonly (readonly [way: string, qos: 0 | 1 | 2, properties: object | undefined])[] = [
  ["QoS 0", 0, undefined],
  ["QoS 1", 1, undefined],
  ["QoS 2", 2, undefined],
  ["QoS 1 with properties", 1, { userProperties: { a: "b" } }],
  ["QoS 1 with a topic alias", 1, { topicAlias: 3 }],
];

test.each(ways)("a PUBLISH beyond the grants is refused: %s", async (_way, qos, properties) => {
  await using world = await worldWith({ publish: ["s/%u", "s/c-%c/#"] });
  using client = await connected(world, { clientId: "7" });
  const send = (topic: string, messageId: number): void => {
    client.send(
      publishPacket(topic, topic, {
        qos,
        version: 5,
        ...(qos > 0 ? { messageId } : {}),
        ...(properties === undefined ? {} : { properties }),
      }),
    );
  };
  for (const [index, topic] of ["s/press", "s/oven", "s/c-7", "s/c-8/x", "holdfast/x", "$SYS/x"].entries()) {
    send(topic, index + 1);
  }
  await client.ping();
  await until(() => world.metric("publish_denied_total") === 4, "denied");
  expect(world.sink.received.map(({ topic }) => topic)).toEqual(["s/press", "s/c-7"]);
  expect(client.closed).toBe(false);
});

test("a client of an older version is closed over a PUBLISH beyond its grants", async () => {
  await using world = await worldWith({ publish: ["s/%u"] });
  using client = await connected(world, { version: 4 });
  client.send(publishPacket("s/oven", "1", { qos: 1, messageId: 1 }));
  await client.gone();
  expect([world.sink.received, client.packets]).toEqual([[], []]);
});

test("what may be read of the gateway and the broker has to be granted by name", async () => {
  await using world = await worldWith({ subscribe: ["#", "$SYS/+/new/#"] });
  using client = await connected(world);
  expect(await subscribed(client, "holdfast/#", "$SYS/#", "$SYS/+/new/clients", "$share/g/$SYS/#")).toEqual([
    1, 0x87, 1, 0x87,
  ]);
  using other = await connected(world, { clientId: "other" });
  await until(() => receivedBy(client).includes("other"), "told of the other client");
  expect(other.closed).toBe(false);
});

test("retained messages are delivered where they are granted", async () => {
  await using world = await worldWith({ subscribe: ["s/#"], receive: ["s/a"] });
  for (const topic of ["s/a", "s/b"]) world.broker.publish({ topic, payload: topic, qos: 1, retain: true });
  using client = await connected(world);
  await subscribed(client, "s/#");
  await until(() => receivedBy(client).length > 0, "delivered");
  await client.ping();
  expect(receivedBy(client)).toEqual(["s/a"]);
  expect(world.metric("deliveries_dropped_total", "not-granted")).toBe(1);
});

test.each([
  ["granted", "s/press", 1],
  ["not granted", "s/oven", 0],
])("a will to a topic that is %s", async (_what, topic, count) => {
  await using world = await worldWith({ publish: ["s/%u"] });
  using client = await connected(world, { will: { topic, payload: "gone", qos: 1, retain: false } });
  client.socket.destroy();
  await until(() => world.metric("connections") === 0, "gone");
  expect(world.sink.payloads).toEqual(Array.from({ length: count }, () => "gone"));
  expect(world.metric("publish_denied_total")).toBe(1 - count);
});

test.each([
  ["removed", { users: [] }, 0x98],
  ["disabled", { users: [await userOf({ disabled: true })] }, 0x98],
  [
    "given another password",
    { users: [await userOf({ password: await hashPassword("another horse") })] },
    0x98,
  ],
  ["bound to another client id", { users: [await userOf({ clientIds: ["x"] })] }, 0x87],
])(
  "a connected user who is %s is told and disconnected, and its will is not published",
  async (_what, next, reason) => {
    await using world = await worldWith(everything);
    using client = await connected(world, { will: { topic: "w", payload: "gone", qos: 1, retain: false } });
    world.replace({ roles: [roleOf(everything)], ...next });
    await client.gone();
    expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: reason }]);
    expect(world.sink.received).toEqual([]);
    expect(world.metric("connections_closed_total", "access")).toBe(1);
  },
);

test("a grant that is taken back ends publishes, deliveries and subscriptions at once", async () => {
  await using world = await worldWith(everything);
  using client = await connected(world, { clean: false, properties: { sessionExpiryInterval: 60 } });
  await subscribed(client, "a", "b");
  client.send(publishPacket("x", "before", { qos: 1, messageId: 1, version: 5 }));
  await client.take("puback");
  world.replace({ roles: [roleOf({ publish: ["y"], subscribe: ["b"] })], users: [await userOf()] });
  client.send(publishPacket("x", "after", { qos: 1, messageId: 2, version: 5 }));
  world.broker.publish({ topic: "a", payload: "a", qos: 1, retain: false });
  world.broker.publish({ topic: "b", payload: "b", qos: 1, retain: false });
  const [, denied] = await client.take("puback", 2);
  expect(denied?.reasonCode).toBe(0x87);
  await until(() => receivedBy(client).length > 0, "delivered");
  expect([world.sink.payloads, receivedBy(client)]).toEqual([["before"], ["b"]]);
});

test("a session that comes back has lost what its user may not read any more, queued messages included", async () => {
  await using world = await worldWith(everything);
  const stays = { clean: false, properties: { sessionExpiryInterval: 60 } };
  const first = await connected(world, stays);
  await subscribed(first, "a", "b");
  first.socket.destroy();
  await until(() => world.metric("connections") === 0, "gone");
  for (const topic of ["a", "b"]) world.broker.publish({ topic, payload: topic, qos: 1, retain: false });
  world.replace({ roles: [roleOf({ subscribe: ["b"] })], users: [await userOf()] });
  using back = await connected(world, stays);
  for (const topic of ["a", "b"])
    world.broker.publish({ topic, payload: `new ${topic}`, qos: 1, retain: false });
  await until(() => receivedBy(back).includes("new b"), "delivered");
  // One that came while the session was being restored may come twice, at QoS 1.
  expect([...new Set(receivedBy(back))]).toEqual(["b", "new b"]);
});

test("nobody takes over the client id of another user, connected or away", async () => {
  await using world = await worldWith(everything, "oven");
  const stays = { clean: false, properties: { sessionExpiryInterval: 60 }, clientId: "shared" };
  const press = await connected(world, stays);
  await subscribed(press, "a");
  expect(await connackOf(world.port, 5, credentialsOf("oven"), "shared")).toBe(0x87);
  expect(press.closed).toBe(false);
  press.socket.destroy();
  await until(() => world.metric("connections") === 0, "gone");
  expect(await connackOf(world.port, 5, credentialsOf("oven"), "shared")).toBe(0x87);
  expect(world.metric("logins_refused_total", "client-id-taken")).toBe(2);
  using back = await connected(world, stays);
  expect(back.closed).toBe(false);
  expect(world.logger.lines.map(({ fields }) => fields["cause"])).toContain("client-id-taken");
});

test("a client id that nobody holds any more is free", async () => {
  await using world = await worldWith(everything, "oven");
  const press = await connected(world, { clientId: "shared" });
  press.socket.destroy();
  await until(() => world.metric("connections") === 0, "gone");
  expect(await connackOf(world.port, 5, credentialsOf("oven"), "shared")).toBe(0);
});

test("the limits of a role hold: connections, subscriptions, retained topics", async () => {
  await using world = await worldWith({
    ...everything,
    limits: { connections: 2, subscriptions: 1, retained: 1 },
  });
  using one = await connected(world, { clientId: "1" });
  using two = await connected(world, { clientId: "2" });
  expect(await connackOf(world.port, 5, credentialsOf("press"), "3")).toBe(0x87);
  expect(await connackOf(world.port, 5, credentialsOf("press"), "2")).toBe(0);
  await two.gone();
  expect(await subscribed(one, "a", "b")).toEqual([1, 0x87]);
  for (const [index, topic] of ["r/1", "r/2"].entries()) {
    one.send(publishPacket(topic, topic, { qos: 1, messageId: index + 1, version: 5, retain: true }));
  }
  await one.take("puback", 2);
  await until(() => world.metric("deliveries_dropped_total", "retained-quota") === 1, "not retained");
  expect([world.metric("retained_messages"), world.sink.payloads]).toEqual([1, ["r/1", "r/2"]]);
});

test("a client that sends faster than its role allows is slowed down, and loses nothing", async () => {
  await using world = await worldWith({ ...everything, limits: { messagesPerSecond: 50 } });
  using client = await connected(world);
  const startedMs = performance.now();
  const all = Array.from({ length: 80 }, (_, index) => publishPacket("a", String(index), { version: 5 }));
  client.send(Buffer.concat(all));
  await until(() => world.sink.received.length === 80, "all are there");
  // 50 at once, and 30 at 50 a second.
  expect(performance.now() - startedMs).toBeGreaterThan(400);
  expect(world.metric("throttled_total")).toBeGreaterThan(0);
  expect(client.closed).toBe(false);
});

test("no more of a client is in hand than its role allows", async () => {
  await using world = await worldWith({ ...everything, limits: { inFlight: 2 } });
  using client = await connected(world);
  world.sink.commitsAtOnce = false;
  const messages = [1, 2, 3, 4, 5].map((messageId) =>
    publishPacket("a", String(messageId), { qos: 1, messageId, version: 5 }),
  );
  client.send(Buffer.concat(messages));
  for (const taken of [
    ["1", "2"],
    ["1", "2", "3", "4"],
    ["1", "2", "3", "4", "5"],
  ]) {
    await until(() => world.sink.received.length >= taken.length, "taken");
    expect(world.sink.payloads).toEqual(taken);
    world.sink.commit();
  }
  await client.take("puback", 5);
});

test("a client that sends more bytes than its role allows is slowed down, and loses nothing", async () => {
  await using world = await worldWith({ ...everything, limits: { bytesPerSecond: 1_024 } });
  using client = await connected(world);
  const startedMs = performance.now();
  const payload = "x".repeat(1_000);
  client.send(Buffer.concat(Array.from({ length: 3 }, () => publishPacket("a", payload, { version: 5 }))));
  await until(() => world.sink.received.length === 3, "all are there");
  // The second one overdraws what a second allows; the third waits until that is paid off.
  expect(performance.now() - startedMs).toBeGreaterThan(800);
  expect(world.metric("throttled_total")).toBeGreaterThan(0);
  expect(client.closed).toBe(false);
});

test("a user who guesses is locked out, also with the right password, and others are not", async () => {
  await using world = await worldWith(everything, "oven");
  for (let guess = 0; guess <= loginFailuresFree; guess += 1) {
    expect(await connackOf(world.port, 5, credentialsOf("press", `wrong ${guess}`))).toBe(0x86);
  }
  expect(await connackOf(world.port, 5, credentialsOf("press"))).toBe(0x86);
  expect(await connackOf(world.port, 5, credentialsOf("oven"))).toBe(0);
  expect(world.metric("logins_refused_total", "locked")).toBe(1);
});

test("the audit log names who was let in, who was not and why, without secrets", async () => {
  await using world = await worldWith({ publish: ["s"] });
  using client = await connected(world);
  await connackOf(world.port, 5, credentialsOf("press", "hunter2hunter2"));
  client.send(publishPacket("elsewhere", "payload-1", { qos: 1, messageId: 1, version: 5 }));
  await client.take("puback");
  await subscribed(client, "a");
  const audit = world.logger.lines
    .filter(({ fields }) => fields["event"] === "audit")
    .map(({ fields }) => fields);
  expect(audit).toEqual([
    { event: "audit", action: "login", user: "press", clientId: "press", address: "127.0.0.1" },
    {
      event: "audit",
      action: "login-refused",
      cause: "credentials",
      user: "press",
      clientId: "c",
      address: "127.0.0.1",
    },
    {
      event: "audit",
      action: "publish-denied",
      user: "press",
      clientId: "press",
      address: "127.0.0.1",
      topic: "elsewhere",
    },
    {
      event: "audit",
      action: "subscribe-denied",
      user: "press",
      clientId: "press",
      address: "127.0.0.1",
      filter: "a",
    },
  ]);
  expect(JSON.stringify(world.logger.lines)).not.toMatch(/hunter2|payload-1|scrypt/);
});

test("where nobody has to say who they are, anonymous clients come in only through doors for them", async () => {
  await using world = await openAccessWorld({}, { gatekeeper: undefined });
  expect(await connackOf(world.port, 5, {})).toBe(0x87);
});

test.each([3, 4, 5] as const)(
  "a user that is locked is answered as a wrong password is, before the engine has any work (MQTT %i)",
  async (version) => {
    await using world = await openAccessWorld({ roles: [roleOf({})], users: [await userOf()] });
    const answers = new Set<string>();
    for (let guess = 0; guess < loginFailuresFree + 3; guess += 1) {
      using client = new RawClient(world.port, version);
      client.send(connectPacket(version, "c", credentialsOf("press", `guess ${guess}`)));
      await client.gone();
      answers.add(client.bytes.toString("hex"));
    }
    expect([...answers]).toEqual([version === 5 ? "2003008600" : "20020004"]);
    expect(world.metric("logins_refused_total", "locked")).toBeGreaterThan(0);
    expect(world.metric("connections_closed_total", "access")).toBe(
      world.metric("logins_refused_total", "locked"),
    );
  },
);
