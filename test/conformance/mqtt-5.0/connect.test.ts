/** CONNECT and CONNACK: who is let in, and what each side is told. */
import { expect, test } from "vitest";
import { clientInFlightMax, packetBytesMax, topicAliasMax } from "../../../src/core/limits.ts";
import type { Gatekeeper } from "../../../src/core/access/principal.ts";
import { connectPacket, openTestBroker, RawClient } from "../../broker/harness.ts";
import { block, field, packet } from "../bytes.ts";
import { connack, connected, publish, subscribe } from "./client.ts";

/** A CONNECT of version 5, byte by byte; flag 2 is Clean Start. */
function connectWith(flags: number, ...payload: readonly Uint8Array[]): Buffer {
  return packet(0x10, field("MQTT"), Buffer.of(5, flags, 0, 0), block(), ...payload);
}
const will = [block(), field("will"), field("gone")];
const notUtf8 = field(Buffer.of(0xff));

test.each([
  { what: "[MQTT-3.1.2-3] the reserved flag", bytes: connectWith(0x03, field("c")), reason: 0x81 },
  { what: "[MQTT-3.1.2-9] a will that is not there", bytes: connectWith(0x06, field("c")), reason: 0x81 },
  { what: "[MQTT-3.1.2-11] a will QoS without a will", bytes: connectWith(0x0a, field("c")), reason: 0x81 },
  { what: "[MQTT-3.1.2-12] will QoS 3", bytes: connectWith(0x1e, field("c"), ...will), reason: 0x81 },
  {
    what: "[MQTT-3.1.2-13] a will to be retained without a will",
    bytes: connectWith(0x22, field("c")),
    reason: 0x81,
  },
  {
    what: "[MQTT-3.1.2-16] a user name without its flag",
    bytes: connectWith(0x02, field("c"), field("u")),
    reason: 0x81,
  },
  { what: "[MQTT-3.1.2-17] a flag without a user name", bytes: connectWith(0x82, field("c")), reason: 0x81 },
  {
    what: "[MQTT-3.1.2-18] a password without its flag",
    bytes: connectWith(0x82, field("c"), field("u"), field("p")),
    reason: 0x81,
  },
  {
    what: "[MQTT-3.1.2-19] a flag without a password",
    bytes: connectWith(0xc2, field("c"), field("u")),
    reason: 0x81,
  },
  { what: "[MQTT-3.1.3-4] an id that is not UTF-8", bytes: connectWith(0x02, notUtf8), reason: 0x81 },
  { what: "[MQTT-3.1.3-8] an id that is too long", bytes: connectPacket(5, "i".repeat(200)), reason: 0x85 },
  {
    what: "[MQTT-3.1.3-11] a will topic that is not UTF-8",
    bytes: connectWith(0x06, field("c"), block(), notUtf8, field("")),
    reason: 0x81,
  },
  {
    what: "a will topic with a wildcard",
    bytes: connectWith(0x06, field("c"), block(), field("a/#"), field("")),
    reason: 0x90,
  },
  {
    what: "[MQTT-3.1.3-12] a user name that is not UTF-8",
    bytes: connectWith(0x82, field("c"), notUtf8),
    reason: 0x81,
  },
  {
    what: "a receive maximum of 0",
    bytes: connectPacket(5, "c", { properties: { receiveMaximum: 0 } }),
    reason: 0x82,
  },
  {
    what: "a maximum packet size of 0",
    bytes: connectPacket(5, "c", { properties: { maximumPacketSize: 0 } }),
    reason: 0x82,
  },
  {
    what: "a will delay among the properties of CONNECT",
    bytes: connectPacket(5, "c", { properties: { willDelayInterval: 1 } }),
    reason: 0x81,
  },
  {
    what: "[MQTT-4.12.0-1] an authentication method",
    bytes: connectPacket(5, "c", { properties: { authenticationMethod: "SCRAM-SHA-1" } }),
    reason: 0x8c,
  },
  {
    what: "authentication data without a method",
    bytes: connectPacket(5, "c", { properties: { authenticationData: Buffer.of(1) } }),
    reason: 0x82,
  },
])(
  "$what is refused with a reason code, session present 0, and the end of the connection [MQTT-3.1.4-1] [MQTT-3.1.4-6] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT-3.14.0-1]",
  async ({ bytes, reason }) => {
    await using broker = await openTestBroker();
    using client = new RawClient(broker.port, 5);
    client.send(Buffer.concat([bytes, publish("a", "not to be processed")]));
    await client.gone();
    expect(client.bytes).toEqual(Buffer.of(0x20, 3, 0, reason, 0));
    expect(broker.sink.received).toEqual([]);
  },
);

test("[MQTT-3.1.2-1] another protocol name ends the connection without a word", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port, 5);
  client.send(packet(0x10, field("MQTX"), Buffer.of(5, 2, 0, 0), block(), field("c")));
  await client.gone();
  expect(client.bytes).toHaveLength(0);
});

test("[MQTT-3.1.2-2] another version is told so as every version before 5 understands, and the connection ends", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port);
  client.send(packet(0x10, field("MQTT"), Buffer.of(6, 2, 0, 0), block(), field("c")));
  await client.gone();
  expect(client.bytes).toEqual(Buffer.of(0x20, 2, 0, 1));
});

test("[MQTT-3.1.3-5] [MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1] [MQTT-2.2.2-1] CONNACK comes first, once, and says what the broker has", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port, 5);
  client.send(connectPacket(5, "0123456789abcdefghijABC"));
  client.send(subscribe(1, [{ topic: "a", qos: 0 }]));
  await client.take("suback");
  client.send(publish("a", "x"));
  const [answer] = await client.take("connack");
  await client.take("publish");
  expect(client.packets.map(({ cmd }) => cmd)).toEqual(["connack", "suback", "publish"]);
  expect(client.bytes[2]).toBe(0);
  // What a server does not mention, it has: retained messages, wildcards, identifiers, QoS 2.
  expect(answer).toMatchObject({
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: clientInFlightMax,
      maximumPacketSize: packetBytesMax,
      topicAliasMaximum: topicAliasMax,
      sharedSubscriptionAvailable: true,
    },
  });
  expect(Object.keys(answer?.properties ?? {})).toHaveLength(4);
  // PUBLISH without properties says that there are none.
  expect(client.bytes.subarray(-7)).toEqual(Buffer.of(0x30, 5, 0, 1, 0x61, 0, 0x78));
});

test("[MQTT-3.1.2-28] [MQTT-4.12.0-6] no response information, method or AUTH comes, asked for or not", async () => {
  await using broker = await openTestBroker();
  for (const requestResponseInformation of [false, true]) {
    const { client, answer } = await connack(broker, "c", { properties: { requestResponseInformation } });
    await client.ping();
    expect(answer.properties).not.toHaveProperty("responseInformation");
    expect(answer.properties).not.toHaveProperty("authenticationMethod");
    expect(client.packets.map(({ cmd }) => cmd)).toEqual(["connack", "pingresp"]);
    client.socket.destroy();
  }
});

test("[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] clients without an id are given one that nobody has, also with Clean Start 0", async () => {
  await using broker = await openTestBroker();
  const assigned = new Set<string | undefined>();
  for (const flags of [0x02, 0x02, 0x00]) {
    using client = new RawClient(broker.port, 5);
    client.send(connectWith(flags, field("")));
    const [answer] = await client.take("connack");
    assigned.add(answer?.properties?.assignedClientIdentifier);
    client.send(publish("a", "x", { qos: 1, messageId: 1 }));
    await client.take("puback");
  }
  expect(assigned.size).toBe(3);
  expect(new Set(broker.sink.received.map(({ clientId }) => clientId))).toEqual(assigned);
});

test("[MQTT-3.1.3-2] [MQTT-3.1.4-3] [MQTT-3.14.4-2] [MQTT-3.14.2-1] [MQTT-3.14.2-2] a second client with an id disconnects the first, which is told 0x8E", async () => {
  await using broker = await openTestBroker();
  using first = await connected(broker, { clientId: "one" });
  using second = await connected(broker, { clientId: "one" });
  await first.gone();
  expect(first.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x8e }]);
  expect(first.packets[0]).not.toHaveProperty("properties");
  await second.ping();
  expect(second.closed).toBe(false);
});

test("[MQTT-3.1.2-22] [MQTT-3.2.2-22] [MQTT-3.14.4-1] after one and a half of the client's keep-alives of silence the connection ends with 0x8D, and its will is published", async () => {
  await using broker = await openTestBroker();
  const gone = { topic: "will", payload: Buffer.from("gone"), qos: 0, retain: false };
  using client = await connected(broker, { keepalive: 1, will: gone });
  const startedMs = performance.now();
  await client.gone();
  const silentMs = performance.now() - startedMs;
  expect(silentMs).toBeGreaterThanOrEqual(1_000);
  expect(silentMs).toBeLessThan(4_000);
  expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x8d }]);
  expect(broker.sink.payloads).toEqual(["gone"]);
});

test("[MQTT-3.12.4-1] PINGREQ is answered", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  client.send(Buffer.of(0xc0, 0));
  await client.take("pingresp");
  expect(client.bytes).toEqual(Buffer.of(0xd0, 0));
});

const gatekeeper: Gatekeeper = {
  admit: async () => "credentials",
  isLocked: () => false,
  review: () => "credentials",
};

test("[MQTT-3.1.4-2] [MQTT-4.12.0-4] [MQTT-4.13.2-1] a client that is not let in is told so, and the connection ends", async () => {
  await using broker = await openTestBroker({ gatekeeper });
  using client = new RawClient(broker.port, 5);
  client.send(Buffer.concat([connectPacket(5, "c"), publish("a", "not to be processed")]));
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "connack", reasonCode: 0x86, sessionPresent: false }]);
  expect(broker.sink.received).toEqual([]);
});
