/**
 * Prints what encoding and decoding a log record costs: nanoseconds and bytes per row.
 *
 * Run: `node test/bench/record-codec.bench.ts`
 */
import type { LogRecord } from "../../src/core/record.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { decodeRecord, encodeRecord } from "../../src/store/record-codec.ts";

interface Shape {
  readonly name: string;
  readonly devices: number;
  value(row: number): number;
}

const messages = 200;
const shapes: readonly Shape[] = [
  { name: "21.53, 50 devices", devices: 50, value: (row) => Math.round(2100 + 80 * Math.sin(row)) / 100 },
  { name: "21.53, 1000 devices", devices: 1000, value: (row) => Math.round(2100 + 80 * Math.sin(row)) / 100 },
  { name: "counters", devices: 50, value: (row) => row * 7 },
  { name: "long doubles", devices: 50, value: (row) => 21 + Math.sin(row) },
];

function recordOf(shape: Shape): LogRecord {
  const rows = new SampleColumns();
  const at = 1_790_000_000_000;
  for (let message = 0; message < messages; message += 1) {
    const device = (message * 7919) % shape.devices;
    const first = rows.count;
    rows.push(device * 2, ValueKind.number, shape.value(message));
    rows.push(device * 2 + 1, ValueKind.number, shape.value(message + 1));
    rows.stamp(first, at + message * 3, RowFlag.stamped);
  }
  return {
    seq: 123_456,
    at: at + 700,
    synced: true,
    monotonicMs: 123_456.789,
    boot: "4be62b5e",
    counts: {
      receivedMessages: messages,
      storedMessages: messages,
      duplicateMessages: 0,
      overloadMessages: 0,
      rejectedMessages: {},
      decodedSamples: rows.count,
      duplicateSamples: 0,
      suppressedSamples: 0,
      recoveredMessages: {},
      correctedSamples: 0,
    },
    definitions: [],
    rows,
    digests: [],
  };
}

/** The median of the rounds, in nanoseconds per row. */
function nanosecondsPerRow(rows: number, run: () => void): number {
  const rounds: number[] = [];
  const repeats = Math.ceil(400_000 / rows);
  for (let round = 0; round < 9; round += 1) {
    const begin = process.hrtime.bigint();
    for (let repeat = 0; repeat < repeats; repeat += 1) run();
    rounds.push(Number(process.hrtime.bigint() - begin) / (repeats * rows));
  }
  return rounds.toSorted((a, b) => a - b)[4]!;
}

for (const shape of shapes) {
  const record = recordOf(shape);
  const envelope = { record, effectsDigest: 0, heads: [1000, 3, 100_000, 2000] as const };
  const stored = encodeRecord(envelope).slice();
  const encodeNs = nanosecondsPerRow(record.rows.count, () => encodeRecord(envelope));
  const decodeNs = nanosecondsPerRow(record.rows.count, () => decodeRecord(stored, record.seq));
  const line = {
    bench: "record-codec",
    shape: shape.name,
    rows: record.rows.count,
    encodeNsPerRow: Number(encodeNs.toFixed(1)),
    decodeNsPerRow: Number(decodeNs.toFixed(1)),
    bytesPerRow: Number((stored.length / record.rows.count).toFixed(2)),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
