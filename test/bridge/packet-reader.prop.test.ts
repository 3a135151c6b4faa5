import fc from "fast-check";
import { expect, test } from "vitest";
import { PacketReader } from "../../src/bridge/packet-reader.ts";

const bytesMax = 64;

/** A frame with its length in front, as short as it goes. */
function frameOf(first: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.from([first, ...length, ...content]);
}

const publish = fc
  .tuple(fc.constantFrom(0x30, 0x32, 0x3d), fc.uint8Array({ maxLength: 300 }))
  .map(([first, content]) => frameOf(first, content));
const small = fc
  .tuple(fc.constantFrom(0x20, 0x62, 0x90, 0xd0), fc.uint8Array({ maxLength: 40 }))
  .map(([first, content]) => frameOf(first, content));

test("however the bytes are cut and whenever it has to wait, each packet comes once, in order, as far as it is read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(publish, small), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.boolean()),
      (frames, cuts, waits) => {
        const found: string[] = [];
        const reader = new PacketReader(
          {
            onPacket({ bytes, missingBytes }) {
              found.push(`${bytes.toString("hex")}+${missingBytes}`);
              reader.waiting = waits.next().value === true;
            },
            onFault(message) {
              found.push(message);
            },
          },
          bytesMax,
        );
        const all = Buffer.concat(frames);
        for (let from = 0, index = 0; from < all.length; index += 1) {
          const to = from + cuts[index % cuts.length]!;
          reader.receive(all.subarray(from, to));
          from = to;
        }
        for (let tries = 0; tries <= frames.length; tries += 1) {
          reader.waiting = false;
          reader.continue();
        }
        const expected = frames.map((frame) => {
          const kept = frame.subarray(0, bytesMax);
          return `${kept.toString("hex")}+${frame.length - kept.length}`;
        });
        expect(found).toEqual(expected);
      },
    ),
  );
});
