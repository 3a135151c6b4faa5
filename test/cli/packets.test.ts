import * as fc from "fast-check";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import {
  connectPacket,
  FrameReader,
  markResent,
  PacketType,
  publishPacket,
  readDelivery,
  subscribePacket,
} from "../../src/cli/simulate/packets.ts";

test("packets are byte for byte those of another implementation", () => {
  const payload = "x".repeat(300);
  const resent = publishPacket("plant/ä/1", payload, 65_535);
  markResent(resent);
  expect(resent).toEqual(
    generate({
      cmd: "publish",
      topic: "plant/ä/1",
      payload,
      qos: 1,
      messageId: 65_535,
      dup: true,
      retain: false,
    }),
  );
  expect(subscribePacket("holdfast/#", 7, 1)).toEqual(
    generate({ cmd: "subscribe", messageId: 7, subscriptions: [{ topic: "holdfast/#", qos: 1 }] }),
  );
  expect(connectPacket({ clientId: "c", cleanSession: true, keepAliveSeconds: 60 })).toEqual(
    generate({ cmd: "connect", clientId: "c", clean: true, keepalive: 60 }),
  );
});

test("a stream gives the same packets however it is split", () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(400), { maxLength: 40 }), (payloads, cuts) => {
      const packets = payloads.map((payload, index) => publishPacket("a/b", payload, index + 1));
      const stream = Buffer.concat(packets);
      const reader = new FrameReader();
      const got: string[] = [];
      let offset = 0;
      for (const cut of [...cuts, stream.length]) {
        const end = Math.min(stream.length, offset + cut);
        for (const frame of reader.push(stream.subarray(offset, end)))
          got.push(frame.body.toString("hex", 7));
        offset = end;
      }
      expect(got).toEqual(payloads.map((payload) => Buffer.from(payload).toString("hex")));
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ["a packet of more than 1 MiB", [0x30, 0xff, 0xff, 0x7f]],
])("%s is refused", (_name, bytes) => {
  expect(() => new FrameReader().push(Buffer.from(bytes))).toThrow(RangeError);
});

test("a delivery gives topic, payload and flags, and nothing when it is cut short", () => {
  const [frame] = new FrameReader().push(publishPacket("a/b", "hello", 9));
  if (frame === undefined) throw new Error("no packet");
  expect(frame.type).toBe(PacketType.publish);
  expect(readDelivery(frame)).toEqual({ topic: "a/b", payload: "hello", retained: false, packetId: 9 });
  expect(readDelivery({ ...frame, flags: 1 })).toMatchObject({ retained: true, packetId: undefined });
  expect(readDelivery({ ...frame, body: frame.body.subarray(0, 4) })).toBeUndefined();
  expect(readDelivery({ ...frame, body: frame.body.subarray(0, 1) })).toBeUndefined();
});
