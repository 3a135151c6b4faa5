import fc from "fast-check";
import { expect, test } from "vitest";
import { streamNames } from "../../src/core/streams.ts";
import type { WireBatch } from "../../src/upstream/batch.ts";
import { cutChunk } from "../../src/upstream/chunk.ts";
import { decodeBatch, encodeBatch } from "../../src/upstream/wire.ts";
import { recordMakers } from "../support/memory-streams.ts";

const format = fc.constantFrom("cbor" as const, "json" as const);
const batch: fc.Arbitrary<WireBatch> = fc
  .record({
    gateway: fc
      .string({ minLength: 1, maxLength: 40, unit: "grapheme" })
      .filter((name) => name.length <= 128),
    stream: fc.constantFrom(...streamNames),
    from: fc.integer({ min: 1, max: 2 ** 40 }),
    count: fc.integer({ min: 1, max: 40 }),
    sentAt: fc.integer({ min: 0, max: 4e12 }),
    gap: fc.boolean(),
  })
  .map(({ count, gap, ...rest }) => {
    const to = rest.from + count - 1;
    const records = Array.from({ length: count }, (_, index) => recordMakers[rest.stream](rest.from + index));
    return gap ? { ...rest, to, gap: { from: rest.from, to, cause: "evicted" } } : { ...rest, to, records };
  });

test("whatever is encoded decodes to the same", () => {
  fc.assert(
    fc.property(batch, format, (value, as) => {
      expect(decodeBatch(encodeBatch(value, as))).toEqual({ ok: true, value: { v: 1, ...value } });
    }),
  );
});

test("equal batches have equal bytes", () => {
  fc.assert(
    fc.property(batch, format, (value, as) => {
      const again = structuredClone(value);
      expect(Buffer.compare(encodeBatch(value, as), encodeBatch(again, as))).toBe(0);
    }),
  );
});

test("no bytes make the decoder throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(decodeBatch(bytes)).toHaveProperty("ok");
    }),
    { numRuns: 2_000 },
  );
});

test("a batch with one byte changed decodes or is refused, and never throws", () => {
  fc.assert(
    fc.property(batch, format, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, as, at, byte) => {
      const bytes = Uint8Array.from(encodeBatch(value, as));
      bytes[at % bytes.length] = byte;
      expect(decodeBatch(bytes)).toHaveProperty("ok");
    }),
    { numRuns: 1_000 },
  );
});

test("a chunk holds the first of the records, and fits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1_000, max: 60_000 }),
      format,
      (count, aimBytes, bytesMax, as) => {
        const records = Array.from({ length: count }, (_, index) => recordMakers.alerts(index + 1));
        const envelope = { gateway: "gw-7", stream: "alerts" as const, from: 1, sentAt: 0 };
        const { payload, batch: cut } = cutChunk(envelope, records, as, { aimBytes, bytesMax });
        expect(payload.length).toBeLessThanOrEqual(bytesMax);
        expect(cut.to === 1 || payload.length <= aimBytes).toBe(true);
        expect("records" in cut && cut.records).toEqual(records.slice(0, cut.to));
      },
    ),
  );
});

test("a record that alone is too large becomes a gap of one", () => {
  const envelope = { gateway: "gw-7", stream: "alerts" as const, from: 8, sentAt: 0 };
  const records = [recordMakers.alerts(8), recordMakers.alerts(9)];
  const { batch: cut } = cutChunk(envelope, records, "cbor", { aimBytes: 90, bytesMax: 90 });
  expect(cut).toMatchObject({ from: 8, to: 8, gap: { from: 8, to: 8, cause: "too-large" } });
});
