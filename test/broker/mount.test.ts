import { generate, type Packet, parser } from "mqtt-packet";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Mount } from "../../src/broker/mount.ts";

const mount = new Mount("north", "holdfast/");
const options = (version: number): { protocolVersion: number } => ({ protocolVersion: version });

function read(bytes: Uint8Array, version: number): readonly Packet[] {
  const packets: Packet[] = [];
  const reader = parser(options(version));
  reader.on("packet", (packet) => packets.push(packet));
  reader.parse(Buffer.from(bytes));
  return packets;
}

const topic = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom("a", "/", "é", "7") });

test("what a client sends is mounted, and what it is sent is not, whatever is in the packet", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 5),
      topic,
      fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
      fc.uint8Array({ maxLength: 20_000 }),
      fc.boolean(),
      (version, name, qos, payload, hasProperties) => {
        const properties =
          version === 5 && hasProperties ? { properties: { userProperties: { a: "@north/x" } } } : {};
        const packet: Packet = {
          cmd: "publish",
          topic: name,
          qos,
          retain: false,
          dup: false,
          payload: Buffer.from(payload),
          ...properties,
          ...(qos > 0 ? { messageId: 7 } : {}),
        };
        const bytes = generate(packet, options(version));
        const mounted = mount.mounted(Buffer.concat([Buffer.alloc(3), bytes]), 3, 3 + bytes.length, version);
        expect(read(mounted, version)).toMatchObject([{ ...packet, topic: `@north/${name}` }]);
        expect(mounted.length - bytes.length).toBeGreaterThanOrEqual(mount.length);
        expect(Buffer.from(mount.unmounted(mounted)!)).toEqual(bytes);
      },
    ),
  );
});

test("every filter of a packet is mounted", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 5),
      fc.array(topic, { minLength: 1, maxLength: 40 }),
      (version, filters) => {
        const properties = version === 5 ? { properties: { subscriptionIdentifier: 300 } } : {};
        const subscriptions = filters.map((one) => ({
          topic: one,
          qos: 1 as const,
          nl: false,
          rap: false,
          rh: 0,
        }));
        const subscribe = generate(
          { cmd: "subscribe", messageId: 9, subscriptions, ...properties },
          options(version),
        );
        const [read1] = read(mount.mounted(subscribe, 0, subscribe.length, version), version);
        expect(read1).toMatchObject({
          messageId: 9,
          subscriptions: filters.map((one) => ({ topic: `@north/${one}`, qos: 1 })),
        });
        const unsubscribe = generate(
          { cmd: "unsubscribe", messageId: 9, unsubscriptions: filters },
          options(version),
        );
        const [read2] = read(mount.mounted(unsubscribe, 0, unsubscribe.length, version), version);
        expect(read2).toMatchObject({ unsubscriptions: filters.map((one) => `@north/${one}`) });
      },
    ),
  );
});

test("a message without a name has an alias, and stays as it is", () => {
  const bytes = generate(
    {
      cmd: "publish",
      topic: "",
      qos: 0,
      retain: false,
      dup: false,
      payload: "1",
      properties: { topicAlias: 3 },
    },
    options(5),
  );
  expect(mount.mounted(bytes, 0, bytes.length, 5)).toEqual(bytes);
});

test.each(["@south/t", "@nort", "@north", "@north/", "t", "north/t", ""])(
  "nothing is sent of packets among which one is about %j",
  (name) => {
    const own = generate({
      cmd: "publish",
      topic: "@north/t",
      qos: 0,
      retain: false,
      dup: false,
      payload: "1",
    });
    const other = generate({
      cmd: "publish",
      topic: name || "x",
      qos: 0,
      retain: false,
      dup: false,
      payload: "1",
    });
    expect(mount.unmounted(Buffer.concat([own, other]))).toBeUndefined();
  },
);

test("packets that are about no topic pass between those that are", () => {
  const packets = [
    generate({ cmd: "puback", messageId: 1 }),
    generate({ cmd: "publish", topic: "@north/t", qos: 0, retain: false, dup: false, payload: "1" }),
    generate({ cmd: "pingresp" }),
  ];
  const sent = read(mount.unmounted(Buffer.concat(packets))!, 4);
  expect(sent).toMatchObject([{ cmd: "puback" }, { cmd: "publish", topic: "t" }, { cmd: "pingresp" }]);
});
