import fc from "fast-check";
import { expect, test } from "vitest";
import { rejectCauses } from "../../src/core/decode.ts";
import type { LogRecord } from "../../src/core/record.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { decodeRecord, encodeRecord, type RecordEnvelope } from "../../src/store/record-codec.ts";
import { ruleOf } from "../support/records.ts";

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 100),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 0.1, 21.53, 1e300, -1e300, 5e-324, 2 ** 52, 2 ** 53, -(2 ** 53), Number.NaN),
);

const anyTime = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 0.5, 2 ** 51, 2 ** 51 + 1, -(2 ** 53), 1e300) },
);

const anyRow = fc.record({
  series: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(0, 1, 0xffff_ffff)),
  at: anyTime,
  stampAt: anyTime,
  flags: fc.integer({ min: 0, max: 127 }),
  value: fc.oneof(
    fc.record({ kind: fc.constant(ValueKind.number), number: anyNumber }),
    fc.record({ kind: fc.constant(ValueKind.boolean), number: fc.constantFrom(0, 1) }),
    fc.record({ kind: fc.constant(ValueKind.text), text: fc.string({ unit: "binary" }) }),
    fc.record({
      kind: fc.constant(ValueKind.text),
      text: fc.constantFrom("", "\ud800", "a\udfffb", "é".repeat(300)),
    }),
    fc.record({
      kind: fc.constant(ValueKind.none),
      number: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
    }),
  ),
});

const count = fc.nat({ max: 100_000 });
const name = fc.string({ maxLength: 40, unit: "binary" });
const digest = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

const anyRecord: fc.Arbitrary<LogRecord> = fc
  .record(
    {
      seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      at: anyTime,
      synced: fc.boolean(),
      monotonicMs: fc.double({ noNaN: true }),
      boot: name,
      counts: fc.record({
        receivedMessages: count,
        storedMessages: count,
        duplicateMessages: count,
        overloadMessages: count,
        rejectedMessages: fc.dictionary(fc.constantFrom(...rejectCauses), count, { noNullPrototype: true }),
        recoveredMessages: fc.dictionary(fc.constantFrom(...rejectCauses), count, { noNullPrototype: true }),
        decodedSamples: count,
        duplicateSamples: count,
        suppressedSamples: count,
        correctedSamples: count,
      }),
      definitions: fc.array(
        fc.record(
          { id: count, device: name, metric: name, unit: name, topic: name, profile: name },
          { requiredKeys: ["id", "device", "metric"] },
        ),
        { maxLength: 4 },
      ),
      rows: fc.array(anyRow, { maxLength: 40 }),
      digests: fc.array(digest, { maxLength: 6 }),
      settings: fc.constant({ rules: [ruleOf({})], rollups: ["1m", "1h"], devices: [] }),
      status: fc.record({ state: name, detail: name, version: name }),
      commands: fc.array(
        fc.record({
          kind: fc.constant("acknowledge"),
          target: fc.record({ alert: name }),
          by: name,
          reason: name,
        }),
      ),
      repair: fc.record({
        boot: name,
        byMs: fc.integer(),
        from: fc.constantFrom("synced", "unsynced"),
        to: fc.constantFrom("synced", "unsynced"),
      }),
      facts: fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant("withdrawn" as const), under: name }),
          fc.record({
            kind: fc.constant("birth" as const),
            node: name,
            at: fc.integer({ min: 0, max: 2 ** 50 }),
            metrics: fc.array(fc.record({ name, alias: count, datatype: count }), { maxLength: 3 }),
          }),
        ),
        { maxLength: 3 },
      ),
    },
    {
      requiredKeys: [
        "seq",
        "at",
        "synced",
        "monotonicMs",
        "boot",
        "counts",
        "definitions",
        "rows",
        "digests",
      ],
    },
  )
  .map(({ rows, ...record }) => ({ ...record, rows: columnsOf(rows) }));

function columnsOf(
  rows: readonly {
    series: number;
    at: number;
    stampAt: number;
    flags: number;
    value: { kind: ValueKind; number?: number; text?: string };
  }[],
): SampleColumns {
  const columns = new SampleColumns(1);
  for (const { series, at, stampAt, flags, value } of rows) {
    const row = columns.count;
    if (value.text === undefined) columns.push(series, value.kind, value.number ?? 0);
    else columns.pushText(series, value.text);
    columns.stamp(row, at, flags);
    columns.stampAt[row] = stampAt;
  }
  return columns;
}

/** Rows as plain values, texts by content; without those that the fold has recognised as sent before. */
function plainRows(rows: SampleColumns): unknown[] {
  const plain: unknown[] = [];
  for (let row = 0; row < rows.count; row += 1) {
    if ((rows.flags[row]! & RowFlag.duplicate) !== 0) continue;
    const value = rows.kind[row] === ValueKind.text ? rows.texts[rows.value[row]!] : rows.value[row];
    const stampAt = (rows.flags[row]! & RowFlag.restamped) === 0 ? undefined : rows.stampAt[row];
    plain.push([rows.series[row], rows.at[row], stampAt, rows.kind[row], rows.flags[row], value]);
  }
  return plain;
}

function envelopeOf(record: LogRecord): RecordEnvelope {
  return { record, effectsDigest: 0xdead_beef, heads: [1, 0, 2 ** 40, 77] };
}

test("a decoded record equals the one that was encoded, without its duplicates", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const decoded = decodeRecord(encodeRecord(envelopeOf(record)).slice(), record.seq);
      if ("damage" in decoded) throw new Error(decoded.damage);
      const { rows, ...rest } = decoded.record;
      const { rows: rowsBefore, ...restBefore } = record;
      expect(rest).toEqual(restBefore);
      expect(plainRows(rows)).toStrictEqual(plainRows(rowsBefore));
      expect(decoded.effectsDigest).toBe(0xdead_beef);
      expect(decoded.heads).toStrictEqual([1, 0, 2 ** 40, 77]);
    }),
    { numRuns: 500 },
  );
});

test("encoding what was decoded gives the same bytes", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const bytes = encodeRecord(envelopeOf(record)).slice();
      const decoded = decodeRecord(bytes, record.seq);
      if ("damage" in decoded) throw new Error(decoded.damage);
      expect(Buffer.compare(encodeRecord(decoded), bytes)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test("any single damaged byte is detected", () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, change) => {
      const bytes = encodeRecord(envelopeOf(record)).slice();
      const at = place % bytes.length;
      bytes[at] = bytes[at]! ^ change;
      expect(decodeRecord(bytes, record.seq)).toHaveProperty("damage");
    }),
    { numRuns: 500 },
  );
});

test("a truncated record is detected", () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), (record, place) => {
      const bytes = encodeRecord(envelopeOf(record)).slice();
      expect(decodeRecord(bytes.subarray(0, place % bytes.length), record.seq)).toHaveProperty("damage");
    }),
    { numRuns: 200 },
  );
});

test("a record under another sequence than its own is detected", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const bytes = encodeRecord(envelopeOf(record)).slice();
      expect(decodeRecord(bytes, record.seq === 1 ? 2 : record.seq - 1)).toHaveProperty("damage");
    }),
    { numRuns: 50 },
  );
});
