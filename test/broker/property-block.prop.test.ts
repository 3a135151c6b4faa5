/** What is acceptable among MQTT 5 properties, held against the packet writer, and against any bytes. */
import fc from "fast-check";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import {
  makePropertyBlock,
  PropertyPlace,
  readProperties,
  userPropertiesIn,
} from "../../src/broker/property-block.ts";
import { topicAliasMax } from "../../src/core/limits.ts";

const text = fc.string({ unit: fc.constantFrom("a", "7", "é", "€", "𝄞", "_"), minLength: 1, maxLength: 9 });
const pair = fc.tuple(fc.oneof(text, fc.constantFrom("__proto__", "constructor", "7")), text);
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.nat(0xffff_ffff),
    topicAlias: fc.integer({ min: 1, max: topicAliasMax }),
    responseTopic: text,
    correlationData: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(
      pair.map(([name, value]) => ({ [name]: value })),
      { minLength: 1, maxLength: 9 },
    ),
    contentType: text,
  },
  { requiredKeys: ["userProperties"] },
);

/** The property block of a PUBLISH of QoS 0 to `t`, and the payload `p` behind it. */
function blockOf(more: object): Buffer {
  const packet = {
    cmd: "publish",
    topic: "t",
    payload: "p",
    qos: 0,
    dup: false,
    retain: false,
    properties: more,
  } as const;
  const bytes = generate(packet, { protocolVersion: 5 });
  const lengthBytes = bytes[1]! < 128 ? 1 : 2;
  return bytes.subarray(1 + lengthBytes + 3);
}

test("what the packet writer writes is acceptable where it may be, to its last byte, and user properties come in order", () => {
  const into = makePropertyBlock();
  fc.assert(
    fc.property(properties, (more) => {
      const bytes = blockOf(more);
      expect(readProperties(bytes, 0, bytes.length, PropertyPlace.publish, into)).toBe(0);
      expect(into.end).toBe(bytes.length - 1);
      expect(into.topicAlias).toBe(more.topicAlias ?? 0);
      expect(userPropertiesIn(bytes)).toEqual(more.userProperties);
      const isForAll = Object.keys(more).length === 1;
      const elsewhere = readProperties(bytes, 0, bytes.length, PropertyPlace.unsubscribe, into);
      expect(elsewhere === 0).toBe(isForAll);
    }),
  );
});

test("a block that is cut off anywhere is malformed", () => {
  const into = makePropertyBlock();
  fc.assert(
    fc.property(properties, fc.nat(), (more, at) => {
      const bytes = blockOf(more);
      const end = at % (bytes.length - 1);
      expect(readProperties(bytes, 0, end, PropertyPlace.publish, into)).toBe(0x81);
    }),
  );
});

test("any bytes are acceptable or answered with a reason, and nothing is read beyond them", () => {
  const into = makePropertyBlock();
  const places = fc.constantFrom(...Object.values(PropertyPlace));
  const identifiers = fc.constantFrom(0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x11, 0x1f, 0x21, 0x23, 0x26, 0x27);
  const bytes = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2), identifiers), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, places, (list, place) => {
      const block = Uint8Array.from([list.length, ...list]);
      const reason = readProperties(block, 0, block.length, place, into);
      expect([0, 0x81, 0x82, 0x94]).toContain(reason);
      expect(reason !== 0 || into.end === block.length).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
