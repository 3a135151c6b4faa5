/** What is not MQTT 5 ends the connection, and the client is told why. */
import { expect, test } from "vitest";
import { topicAliasMax } from "../../../src/core/limits.ts";
import { connectPacket, openTestBroker, RawClient } from "../../broker/harness.ts";
import { block, field, identifier, packet } from "../bytes.ts";
import { reasonFor } from "./client.ts";

const nothing = Buffer.of(0);
const [malformed, protocolError] = [0x81, 0x82];

const publishWith = (...properties: readonly Uint8Array[]): Buffer =>
  packet(0x30, field("a"), block(...properties));
const subscribeTo = (filter: string | Uint8Array, options = 0): Buffer =>
  packet(0x82, identifier(1), nothing, field(filter), Buffer.of(options));

test.each([
  {
    what: "[MQTT-1.5.4-1] a topic with a lone byte",
    bytes: packet(0x30, field(Buffer.of(0x61, 0xff)), nothing),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.4-1] [MQTT-3.8.3-1] a filter with a surrogate",
    bytes: subscribeTo(Buffer.of(0xed, 0xa0, 0x80)),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.4-2] [MQTT-3.3.2-1] a topic with U+0000",
    bytes: packet(0x30, field("a\0b"), nothing),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.4-2] [MQTT-3.10.3-1] a filter of UNSUBSCRIBE with U+0000",
    bytes: packet(0xa2, identifier(1), nothing, field("a\0b")),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.5-1] a property length in more bytes than it takes",
    bytes: packet(0x30, field("a"), Buffer.of(0x80, 0x00)),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.7-1] a user property whose name is not UTF-8",
    bytes: publishWith(Buffer.of(0x26), field(Buffer.of(0xff)), field("v")),
    reason: malformed,
  },
  {
    what: "[MQTT-1.5.7-1] a user property whose value is not UTF-8",
    bytes: publishWith(Buffer.of(0x26), field("n"), field(Buffer.of(0xff))),
    reason: malformed,
  },
  { what: "[MQTT-2.1.3-1] PINGREQ with flags", bytes: Buffer.of(0xc1, 0), reason: malformed },
  { what: "[MQTT-3.1.0-2] a second CONNECT", bytes: connectPacket(5, "again"), reason: protocolError },
  { what: "[MQTT-3.3.1-2] QoS 0 with DUP", bytes: packet(0x38, field("a"), nothing), reason: malformed },
  {
    what: "[MQTT-3.3.1-4] QoS 3",
    bytes: packet(0x36, field("a"), identifier(1), nothing),
    reason: malformed,
  },
  { what: "[MQTT-3.3.2-2] a topic with #", bytes: packet(0x30, field("a/#"), nothing), reason: 0x90 },
  { what: "[MQTT-3.3.2-8] topic alias 0", bytes: publishWith(Buffer.of(0x23, 0, 0)), reason: 0x94 },
  {
    what: "[MQTT-3.3.2-12] a topic alias above the maximum",
    bytes: publishWith(Buffer.of(0x23, 0, topicAliasMax + 1)),
    reason: 0x94,
  },
  {
    what: "[MQTT-3.3.2-13] a response topic that is not UTF-8",
    bytes: publishWith(Buffer.of(0x08), field(Buffer.of(0xff))),
    reason: malformed,
  },
  {
    what: "[MQTT-3.3.2-14] a response topic with a wildcard",
    bytes: publishWith(Buffer.of(0x08), field("a/+")),
    reason: protocolError,
  },
  {
    what: "[MQTT-3.3.2-19] a content type that is not UTF-8",
    bytes: publishWith(Buffer.of(0x03), field(Buffer.of(0xff))),
    reason: malformed,
  },
  {
    what: "[MQTT-3.3.4-6] a PUBLISH with a subscription identifier",
    bytes: publishWith(Buffer.of(0x0b, 1)),
    reason: protocolError,
  },
  { what: "[MQTT-3.6.1-1] PUBREL without its flag", bytes: Buffer.of(0x60, 2, 0, 1), reason: malformed },
  {
    what: "[MQTT-3.8.1-1] SUBSCRIBE without its flag",
    bytes: packet(0x80, identifier(1), nothing, field("a"), nothing),
    reason: malformed,
  },
  {
    what: "[MQTT-3.8.3-2] SUBSCRIBE without a filter",
    bytes: packet(0x82, identifier(1), nothing),
    reason: malformed,
  },
  {
    what: "[MQTT-3.8.3-5] reserved bits of subscription options",
    bytes: subscribeTo("a", 0x40),
    reason: malformed,
  },
  { what: "[MQTT-3.8.3-5] retain handling 3", bytes: subscribeTo("a", 0x30), reason: malformed },
  {
    what: "[MQTT-3.10.1-1] UNSUBSCRIBE without its flag",
    bytes: packet(0xa0, identifier(1), nothing, field("a")),
    reason: malformed,
  },
  {
    what: "[MQTT-3.10.3-2] UNSUBSCRIBE without a filter",
    bytes: packet(0xa2, identifier(1), nothing),
    reason: malformed,
  },
  { what: "[MQTT-3.14.1-1] DISCONNECT with flags", bytes: Buffer.of(0xe1, 0), reason: malformed },
  { what: "[MQTT-3.15.1-1] AUTH with flags", bytes: Buffer.of(0xf1, 2, 0x18, 0), reason: malformed },
  { what: "[MQTT-4.7.1-1] # beside other characters", bytes: subscribeTo("a#"), reason: 0x8f },
  { what: "[MQTT-4.7.1-1] # that is not last", bytes: subscribeTo("#/a"), reason: 0x8f },
  { what: "[MQTT-4.7.1-2] + beside other characters", bytes: subscribeTo("a+/b"), reason: 0x8f },
  { what: "[MQTT-4.7.3-1] an empty filter", bytes: subscribeTo(""), reason: 0x8f },
  { what: "[MQTT-4.7.3-1] an empty topic", bytes: packet(0x30, field(""), nothing), reason: 0x90 },
  {
    what: "[MQTT-4.7.3-1] an empty topic without an alias",
    bytes: packet(0x30, field(""), block(Buffer.of(0x01, 0))),
    reason: protocolError,
  },
  {
    what: "[MQTT-4.12.0-7] AUTH without a method in CONNECT",
    bytes: Buffer.of(0xf0, 2, 0x18, 0),
    reason: protocolError,
  },
  {
    what: "[MQTT-4.13.1-1] a CONNACK from a client",
    bytes: Buffer.of(0x20, 3, 0, 0, 0),
    reason: protocolError,
  },
])(
  "$what is answered with DISCONNECT and a reason, and ends the connection [MQTT-4.13.2-1]",
  async ({ bytes, reason }) => {
    expect(await reasonFor(bytes)).toBe(reason);
  },
);

const text = (number: number, value: string): Buffer => Buffer.concat([Buffer.of(number), field(value)]);
const four = (number: number, value = 0): Buffer => Buffer.of(number, 0, 0, 0, value);

test.each([
  { what: "a property that nobody knows", bytes: publishWith(Buffer.of(0x7f, 0)), reason: malformed },
  { what: "a session expiry in PUBLISH", bytes: publishWith(four(0x11)), reason: malformed },
  { what: "a payload format of 2", bytes: publishWith(Buffer.of(0x01, 2)), reason: protocolError },
  {
    what: "two payload formats of 0",
    bytes: publishWith(Buffer.of(0x01, 0, 0x01, 0)),
    reason: protocolError,
  },
  { what: "two content types", bytes: publishWith(text(0x03, "a"), text(0x03, "b")), reason: protocolError },
  { what: "two expiries", bytes: publishWith(four(0x02, 1), four(0x02, 1)), reason: protocolError },
  { what: "an empty response topic", bytes: publishWith(text(0x08, "")), reason: protocolError },
  { what: "a property that ends early", bytes: publishWith(Buffer.of(0x02, 0)), reason: malformed },
  {
    what: "properties beyond the packet",
    bytes: packet(0x30, field("a"), Buffer.of(9, 0x01, 0)),
    reason: malformed,
  },
  {
    what: "subscription identifier 0",
    bytes: packet(0x82, identifier(1), block(Buffer.of(0x0b, 0)), field("a"), nothing),
    reason: protocolError,
  },
  {
    what: "two subscription identifiers",
    bytes: packet(0x82, identifier(1), block(Buffer.of(0x0b, 1, 0x0b, 2)), field("a"), nothing),
    reason: protocolError,
  },
  {
    what: "a subscription identifier in UNSUBSCRIBE",
    bytes: packet(0xa2, identifier(1), block(Buffer.of(0x0b, 1)), field("a")),
    reason: malformed,
  },
  {
    what: "PUBACK with a reason that there is not",
    bytes: Buffer.of(0x40, 3, 0, 1, 0x11),
    reason: protocolError,
  },
  {
    what: "PUBREL with a reason that there is not",
    bytes: Buffer.of(0x62, 3, 0, 1, 0x80),
    reason: protocolError,
  },
  { what: "DISCONNECT with a reason of servers", bytes: Buffer.of(0xe0, 1, 0x8e), reason: protocolError },
  {
    what: "DISCONNECT with an expiry after a CONNECT without",
    bytes: packet(0xe0, Buffer.of(0), block(four(0x11, 9))),
    reason: protocolError,
  },
])("$what ends the connection", async ({ bytes, reason }) => {
  expect(await reasonFor(bytes)).toBe(reason);
});

test("each property may be where the standard has it", async () => {
  const message = [Buffer.of(0x01, 1), four(0x02, 60), text(0x03, "t"), text(0x08, "r"), text(0x09, "c")];
  const user = Buffer.concat([text(0x26, "n"), field("v")]);
  const publish = packet(
    0x32,
    field("a"),
    identifier(1),
    block(...message, user, user, Buffer.of(0x23, 0, 1)),
  );
  expect(await reasonFor(publish)).toBeUndefined();
  expect(
    await reasonFor(packet(0x82, identifier(1), block(Buffer.of(0x0b, 1), user), field("a"), nothing)),
  ).toBeUndefined();
  expect(await reasonFor(packet(0xa2, identifier(1), block(user), field("a")))).toBeUndefined();
  expect(
    await reasonFor(packet(0x62, identifier(1), Buffer.of(0x92), block(text(0x1f, "why"), user))),
  ).toBeUndefined();
});

test.each([
  { what: "a PUBLISH", bytes: packet(0x30, field("a"), nothing) },
  { what: "AUTH", bytes: Buffer.of(0xf0, 2, 0x18, 0) },
])(
  "[MQTT-3.1.0-1] [MQTT-3.14.0-1] $what before CONNECT ends the connection without a word",
  async ({ bytes }) => {
    await using broker = await openTestBroker();
    using client = new RawClient(broker.port, 5);
    client.send(bytes);
    await client.gone();
    expect(client.bytes).toHaveLength(0);
  },
);
