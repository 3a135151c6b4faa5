import fc from "fast-check";
import mqttPacket from "mqtt-packet";
import { expect, test } from "vitest";
import type { EnginePacket } from "../../src/broker/engine.ts";
import { writePublishes } from "../../src/broker/publish-writer.ts";

const packet: fc.Arbitrary<EnginePacket> = fc.record(
  {
    topic: fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }),
    payload: fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes)),
    ),
    qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    retain: fc.boolean(),
    dup: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    properties: fc.record({
      contentType: fc.string(),
      subscriptionIdentifier: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { requiredKeys: ["topic", "payload", "qos", "retain", "messageId"] },
);

test.each([3, 4, 5])("packets for version %i are what the library writes", (version) => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 5 }), (packets) => {
      const expected = packets.map(({ properties = {}, dup = false, messageId = 1, ...rest }) =>
        mqttPacket.generate(
          { ...rest, cmd: "publish", dup: dup && rest.qos > 0, messageId, properties },
          { protocolVersion: version },
        ),
      );
      const plain = packets.map(({ dup = false, ...rest }) => ({ ...rest, dup: dup && rest.qos > 0 }));
      expect(writePublishes(plain, version).equals(Buffer.concat(expected))).toBe(true);
    }),
  );
});
