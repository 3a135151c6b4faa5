import { expect, test } from "vitest";
import type { IPublishPacket, ISubscribePacket } from "mqtt-packet";
import { bridgeInFlightMax, packetBytesMax } from "../../src/core/limits.ts";
import { accepting, granting, type MqttScript } from "../support/scripted-mqtt.ts";
import { until } from "../support/until.ts";
import { type BridgeWorld, openWorld } from "./world.ts";

function message(
  packetId: number,
  more: Partial<IPublishPacket> & { readonly topic?: string } = {},
): IPublishPacket {
  return {
    cmd: "publish",
    topic: "plant/a",
    payload: `${packetId}`,
    qos: 1,
    dup: false,
    retain: false,
    ...(packetId === 0 ? { qos: 0 } : { messageId: packetId }),
    ...more,
  };
}

async function connected(world: BridgeWorld): Promise<void> {
  await until("subscribed", () =>
    world.bridge.status().subscriptions.every(({ granted }) => granted !== null),
  );
}

/** What the bridge has acknowledged: `puback 1`, `pubrec 2`, … */
function acknowledgements({ server }: BridgeWorld): string[] {
  return server.packets.flatMap((packet) =>
    packet.cmd === "puback" || packet.cmd === "pubrec" || packet.cmd === "pubcomp"
      ? [`${packet.cmd} ${packet.messageId}`]
      : [],
  );
}

function subscribes({ server }: BridgeWorld): ISubscribePacket[] {
  return server.packets.filter((packet) => packet.cmd === "subscribe");
}

async function metric({ bridge }: BridgeWorld, name: string): Promise<readonly number[]> {
  return (
    bridge.metrics
      .find((family) => family.name === name)
      ?.read()
      .map(({ value }) => value) ?? []
  );
}

test("it goes on with the session of its client id, and says how much it takes", async () => {
  const world = await openWorld({}, { username: "u", password: "p" });
  await connected(world);
  expect(world.server.connects[0]).toMatchObject({
    clientId: "gw-far",
    clean: false,
    protocolVersion: 5,
    username: "u",
    password: Buffer.from("p"),
    properties: { sessionExpiryInterval: 604_800, receiveMaximum: bridgeInFlightMax },
  });
  expect(world.bridge.status()).toMatchObject({ connected: true, state: "connected", protocol: "5" });
});

test("messages are acknowledged when they are durable, in the order in which they came", async () => {
  const world = await openWorld();
  await connected(world);
  const sent = [message(7), message(3, { qos: 2 }), message(9, { topic: "other" }), message(5), message(0)];
  for (const one of sent) world.far.send(one);
  await until("all are taken", () => world.intake.taken.length === 4);
  expect(world.bridge.status()).toMatchObject({ received: 5, inFlight: 4 });
  expect(acknowledgements(world)).toEqual([]);
  world.intake.commit(1);
  await until("the first is acknowledged", () => acknowledgements(world).length === 1);
  world.intake.commit();
  await until("all are acknowledged", () => acknowledgements(world).length === 4);
  expect(acknowledgements(world)).toEqual(["puback 7", "pubrec 3", "puback 9", "puback 5"]);
  world.far.send({ cmd: "pubrel", messageId: 3 });
  await until("it is complete", () => acknowledgements(world).includes("pubcomp 3"));
});

test("a publication bears the name of the bridge, the prefix, and what the far broker says of it", async () => {
  const world = await openWorld({}, { prefix: "house/north" });
  await connected(world);
  world.far.send(message(1, { retain: true }));
  world.far.send(message(2, { dup: true }));
  await until("taken", () => world.intake.taken.length === 2);
  const common = { clientId: "bridge:far", topic: "house/north/plant/a", qos: 1, missingBytes: 0 };
  expect(world.intake.taken).toEqual([
    { ...common, payload: "1", packetId: 1, retain: true, fromMemory: true, resent: false },
    { ...common, payload: "2", packetId: 2, retain: false, fromMemory: false, resent: true },
  ]);
});

test("a message that cannot be stored ends the connection without an acknowledgement, and it comes again", async () => {
  const world = await openWorld();
  await connected(world);
  world.intake.refusing = true;
  world.far.send(message(1));
  world.far.send(message(2));
  await until("again connected", () => world.server.connects.length === 2);
  world.intake.refusing = false;
  world.far.send(message(1, { dup: true }));
  await until("taken", () => world.intake.taken.length > 1);
  world.intake.commit();
  await until("acknowledged", () => acknowledgements(world).length > 0);
  expect(acknowledgements(world)).toEqual(["puback 1"]);
  expect(world.logger.lines).toContainEqual(
    expect.objectContaining({ fields: expect.objectContaining({ code: "BRIDGE_NOT_STORED" }) }),
  );
});

test("what becomes durable after its connection has ended is not acknowledged on the next one", async () => {
  const world = await openWorld();
  await connected(world);
  world.far.send(message(1));
  await until("taken", () => world.intake.taken.length === 1);
  world.far.destroy();
  await until("again connected", () => subscribes(world).length === 2);
  world.intake.commit();
  world.far.send(message(1, { dup: true }));
  await until("taken again", () => world.intake.taken.length === 2);
  expect(acknowledgements(world)).toEqual([]);
  world.intake.commit();
  await until("acknowledged", () => acknowledgements(world).length === 1);
});

test("no more is read than may wait for a commit, and reading goes on after it", async () => {
  const world = await openWorld();
  await connected(world);
  const count = bridgeInFlightMax + 500;
  for (let packetId = 1; packetId <= count; packetId += 1) world.far.send(message(packetId));
  await until("it has as many as it takes", () => world.bridge.status().inFlight === bridgeInFlightMax);
  // What it would read too much it would read by now.
  world.far.send(message(0));
  await new Promise((resolve) => setImmediate(resolve));
  expect(world.intake.taken.length).toBe(bridgeInFlightMax);
  world.intake.commit();
  await until("it has read the rest", () => world.intake.taken.length === count + 1);
  world.intake.commit();
  await until("all are acknowledged", () => acknowledgements(world).length === count);
});

test("a message larger than what is read is handed over as its beginning, and the next one comes through", async () => {
  const world = await openWorld();
  await connected(world);
  const payload = "x".repeat(3 * packetBytesMax);
  world.far.send(message(1, { payload }));
  world.far.send(message(2));
  await until("taken", () => world.intake.taken.length === 2);
  const [large, next] = world.intake.taken;
  expect(large?.topic).toBe("plant/a");
  expect((large?.payload.length ?? 0) + (large?.missingBytes ?? 0)).toBe(payload.length);
  expect(next).toMatchObject({ payload: "2", missingBytes: 0 });
  world.intake.commit();
  await until("acknowledged", () => acknowledgements(world).length === 2);
});

test.each([
  ["no filter asks for", "unwanted", "elsewhere"],
  ["the gateway does not take", "topic", `plant/${"x/".repeat(40)}`],
])(
  "a message on a topic that %s is acknowledged, counted, said once, and not ingested",
  async (_, cause, topic) => {
    const world = await openWorld();
    await connected(world);
    world.far.send(message(1, { topic }));
    world.far.send(message(2, { topic }));
    await until("acknowledged", () => acknowledgements(world).length === 2);
    expect(world.intake.taken).toEqual([]);
    expect(await metric(world, "holdfast_bridge_skipped_messages_total")).toEqual(
      cause === "topic" ? [2, 0] : [0, 2],
    );
    const said = world.logger.lines.filter(({ fields }) => fields["event"] === "bridge-skipped");
    expect(said.map(({ fields }) => fields["cause"])).toEqual([cause]);
  },
);

test("a filter that the far broker refuses is told, with the reason, and the others work", async () => {
  const topics = [
    { filter: "plant/#", qos: 1 },
    { filter: "secret/#", qos: 1 },
  ] as const;
  const world = await openWorld(granting(["secret/#"]), { topics });
  await until("answered", () => world.bridge.status().subscriptions.some(({ refused }) => refused));
  expect(world.bridge.status()).toMatchObject({
    connected: true,
    detail: 'the far broker refuses "secret/#": not authorized',
    subscriptions: [
      { filter: "plant/#", qos: 1, granted: 1, refused: false, detail: "" },
      { filter: "secret/#", qos: 1, granted: null, refused: true, detail: "not authorized" },
    ],
  });
  world.far.destroy();
  await until("asked again", () => subscribes(world).length === 2);
  await until("up again", () => world.bridge.status().connected);
  const said = world.logger.lines.filter(({ fields }) => fields["event"] === "bridge-filter-refused");
  expect(said).toHaveLength(1);
});

test("with version 5 what is kept comes once for a subscription; with 3.1.1 a session that goes on is not subscribed again", async () => {
  const five = await openWorld();
  await connected(five);
  expect(subscribes(five)[0]?.subscriptions).toMatchObject([{ rap: false, rh: 1, nl: true }]);
  let sessionPresent = false;
  const connect: MqttScript["connect"] = (_, connection) => {
    connection.send({ cmd: "connack", returnCode: 0, sessionPresent });
  };
  const four = await openWorld({ connect }, { protocol: "3.1.1" });
  await connected(four);
  sessionPresent = true;
  four.far.destroy();
  await until("again connected", () => four.server.connects.length === 2);
  await until("up", () => four.bridge.status().connected);
  sessionPresent = false;
  four.far.destroy();
  await until("the session is gone", () => four.server.connects.length === 3);
  await until("it subscribes anew", () => subscribes(four).length === 2);
  const said = four.logger.lines.filter(({ fields }) => fields["event"] === "bridge-session-lost");
  expect(said).toHaveLength(1);
});

test("more filters than one packet holds are asked for in several", async () => {
  const topics = Array.from({ length: 20 }, (_, index) => ({ filter: `a/${index}`, qos: 1 as const }));
  const world = await openWorld({}, { topics });
  await connected(world);
  expect(subscribes(world).map(({ subscriptions }) => subscriptions.length)).toEqual([8, 8, 4]);
});

test.each<[string, MqttScript["connect"] & object]>([
  ["answers as 3.1.1 servers do", (_, connection) => connection.write(Buffer.from([0x20, 2, 0, 1]))],
  [
    "answers with reason 0x84",
    (_, connection) => connection.send({ cmd: "connack", reasonCode: 0x84, sessionPresent: false }),
  ],
  ["hangs up", (_, connection) => connection.destroy()],
])("a server that refuses version 5 and %s gets 3.1.1, also later", async (_, refuse) => {
  const world = await openWorld({
    connect(packet, connection) {
      if (packet.protocolVersion === 5) refuse(packet, connection);
      else accepting().connect(packet, connection);
    },
  });
  await connected(world);
  expect(world.bridge.status().protocol).toBe("3.1.1");
  world.far.destroy();
  await until("again connected", () => world.server.connects.length === 3);
  expect(world.server.connects.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4, 4]);
});

test.each([
  ["a wrong password", 0x86, "BRIDGE_NOT_AUTHORIZED", /wrong user name or password.*check the user name/],
  ["too many clients", 0x89, "BRIDGE_BUSY", /it is busy/],
  ["a refused client id", 0x85, "BRIDGE_REFUSED", /does not take this client id/],
])(
  "%s is said in the status and logged once, and attempts become rarer",
  async (_, reasonCode, code, detail) => {
    const world = await openWorld({
      connect: (_packet, connection) =>
        connection.send({ cmd: "connack", reasonCode, sessionPresent: false }),
    });
    const startedMs = performance.now();
    await until("several attempts", () => world.server.connects.length >= 6);
    // Half of 20, 40, 80, 160 and 200 ms, the first of which may have begun before.
    expect(performance.now() - startedMs).toBeGreaterThan(20 + 40 + 80 + 100 - 20);
    const { state, connected: isUp, detail: said } = world.bridge.status();
    expect(isUp).toBe(false);
    expect(["waiting", "connecting"]).toContain(state);
    expect(said).toMatch(detail);
    const lines = world.logger.lines.filter(({ fields }) => fields["event"] === "bridge-lost");
    expect(lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["code"])).toEqual([code]);
    expect(lines.length).toBeGreaterThan(1);
  },
);

test("a server that says nothing is given up, and tried again", async () => {
  const world = await openWorld({ connect: () => undefined }, { timing: { connectMs: 50 } });
  await until("again", () => world.server.connects.length >= 2);
  expect(world.bridge.status().detail).toBe("no answer within 50 ms");
});

test("a server that falls silent is asked, and then left", async () => {
  const world = await openWorld(accepting({ serverKeepAlive: 1 }));
  await connected(world);
  await until("left", () => world.server.connects.length === 2, { withinMs: 5_000 });
  expect(world.server.packets.map(({ cmd }) => cmd)).toContain("pingreq");
  expect(world.logger.lines).toContainEqual(
    expect.objectContaining({ fields: expect.objectContaining({ code: "BRIDGE_SILENT" }) }),
  );
});

test.each([
  ["a length that is none", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff])],
  ["a message cut off inside its topic", Buffer.from([0x32, 3, 0, 9, 65])],
  ["a QoS that is none", Buffer.from([0x36, 6, 0, 1, 65, 0, 1, 66])],
  ["a packet id that is none", Buffer.from([0x32, 6, 0, 1, 65, 0, 0, 0])],
  ["a packet for servers", Buffer.from([0xc0, 0])],
  ["a SUBACK without a code", Buffer.from([0x90, 2, 0, 1])],
  ["a huge packet that is no message", Buffer.from([0x90, 0xff, 0xff, 0x7f])],
])("%s ends the connection with a reason, and nothing else", async (_, bytes) => {
  const world = await openWorld();
  await connected(world);
  world.far.write(bytes);
  await until("again connected", () => world.server.connects.length === 2);
  expect(world.logger.lines).toContainEqual(
    expect.objectContaining({ fields: expect.objectContaining({ code: "BRIDGE_PROTOCOL" }) }),
  );
});

test("a bridge that leads to the gateway's own listener by another name is refused, and says so", async () => {
  const ports: number[] = [];
  const world = await openWorld(
    {},
    { ownListeners: () => ports.map((port) => ({ protocol: "mqtt", host: "0.0.0.0", port })) },
  );
  await connected(world);
  ports.push(world.server.port);
  world.far.destroy();
  await until("refused", () => world.bridge.status().detail.includes("own broker"));
  expect(world.server.connects).toHaveLength(1);
});

test("what is published goes to the far broker at QoS 0, and nowhere while there is none", async () => {
  const world = await openWorld();
  expect(world.bridge.publish("cmd/a", Buffer.from("1"))).toBe(false);
  await connected(world);
  expect(world.bridge.publish("cmd/a", Buffer.from("rebirth"))).toBe(true);
  expect(world.bridge.publish("cmd/+", Buffer.from("1"))).toBe(false);
  await until("it is there", () => world.server.publishes.length === 1);
  expect(world.server.publishes[0]).toMatchObject({ topic: "cmd/a", qos: 0, retain: false });
  expect(world.server.publishes[0]?.payload.toString()).toBe("rebirth");
});

test("on closing it reads no more, acknowledges what becomes durable, and disconnects", async () => {
  const world = await openWorld();
  await connected(world);
  world.far.send(message(1));
  await until("taken", () => world.intake.taken.length === 1);
  world.bridge.stopReading();
  world.far.send(message(2));
  world.intake.commit();
  await world.bridge.close();
  await until("it says good-bye", () => world.server.packets.at(-1)?.cmd === "disconnect");
  expect(acknowledgements(world)).toEqual(["puback 1"]);
  expect(world.intake.taken).toHaveLength(1);
  expect(world.bridge.status().state).toBe("stopped");
});
