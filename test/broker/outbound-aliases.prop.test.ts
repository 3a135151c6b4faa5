import fc from "fast-check";
import { generate, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { OutboundAliases } from "../../src/broker/outbound-aliases.ts";

interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly properties: object;
}

/** What a subscriber makes of bytes that it reads, with the aliases that it has been given. */
function resolve(bytes: Uint8Array, aliases: Map<number, string>): readonly Message[] {
  const read: Message[] = [];
  const reader = parser({ protocolVersion: 5 });
  reader.on("packet", (packet) => {
    if (packet.cmd !== "publish") return;
    const { topicAlias, ...properties } = { topicAlias: undefined, ...packet.properties };
    if (topicAlias !== undefined && packet.topic !== "") aliases.set(topicAlias, packet.topic);
    const topic = packet.topic === "" ? aliases.get(topicAlias!)! : packet.topic;
    read.push({ topic, payload: String(packet.payload), qos: packet.qos, properties });
  });
  reader.parse(Buffer.from(bytes));
  return read;
}

const message = fc.record({
  topic: fc.constantFrom("t", "sensors/kitchen", "é/ü", "x".repeat(140), "sensors/hall"),
  payload: fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  properties: fc.constantFrom({}, { contentType: "text/plain" }, { correlationData: Buffer.alloc(122) }),
});

test("with its aliases a subscriber reads the messages that were written, and none is longer than it takes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(message, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(150, 600),
      (writes, aliasMax, packetMax) => {
        const outbound = new OutboundAliases(aliasMax);
        const aliases = new Map<number, string>();
        for (const written of writes) {
          const packets = written.map((one, index) =>
            generate(
              { cmd: "publish", retain: false, dup: false, messageId: index + 1, ...one },
              { protocolVersion: 5 },
            ),
          );
          const fitting = packets.filter(({ length }) => length <= packetMax);
          const bytes = outbound.shorten(Buffer.concat(fitting), packetMax);
          expect(bytes.length).toBeLessThanOrEqual(fitting.reduce((sum, { length }) => sum + length + 4, 0));
          expect(resolve(bytes, aliases)).toEqual(resolve(Buffer.concat(fitting), new Map()));
        }
        expect(Math.max(0, ...aliases.keys())).toBeLessThanOrEqual(aliasMax);
      },
    ),
  );
});
