import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { RepairTable } from "../../src/core/time/time-repair.ts";
import { openStore } from "../../src/store/store.ts";
import { recordOf } from "../support/records.ts";
import { keptLog, noEffects } from "../support/stores.ts";

const start = 1_762_000_000_000;
const minute = 60_000;
const hour = 60 * minute;
const seriesCount = 3;

/** A sample: how long before its record it was taken; negative where its stamp is ahead. */
interface Taken {
  readonly series: number;
  readonly lateMs: number;
  /** It has no stamp: it is of the time of receipt. */
  readonly unstamped: boolean;
}

interface Sealed {
  /** Since the record before. */
  readonly afterMs: number;
  /** Begins a boot whose clock is behind by this, or ahead, until it is repaired with the next boot. */
  readonly boot: number | undefined;
  readonly taken: readonly Taken[];
}

/** A sample as it is to be found. */
interface Expected {
  readonly series: number;
  readonly at: number;
  readonly value: number;
  /** When it really came. */
  readonly receivedAt: number;
}

function takenWithin(lateMsMax: number): fc.Arbitrary<Taken> {
  return fc.record({
    series: fc.nat({ max: seriesCount - 1 }),
    lateMs: fc.oneof(
      fc.constantFrom(0, -5 * minute, hour),
      fc.integer({ min: -5 * minute, max: minute }),
      fc.integer({ min: 0, max: lateMsMax }),
    ),
    unstamped: fc.boolean(),
  });
}

function logs(lateMsMax: number): fc.Arbitrary<readonly Sealed[]> {
  const record = fc.record({
    afterMs: fc.oneof(fc.constantFrom(0, 1), fc.nat({ max: 10 * minute }), fc.nat({ max: 5 * hour })),
    boot: fc.option(fc.integer({ min: -100 * hour, max: 100 * hour }), { nil: undefined, freq: 2 }),
    taken: fc.array(takenWithin(lateMsMax), { maxLength: 6 }),
  });
  return fc.array(record, { minLength: 1, maxLength: 60 });
}

const anyQuery = fc.record({
  series: fc.uniqueArray(fc.nat({ max: seriesCount }), { maxLength: seriesCount }),
  /** Shares of the log's time, a little beyond it too. */
  from: fc.double({ min: -0.1, max: 1.1, noNaN: true }),
  length: fc.oneof(fc.double({ min: 0, max: 1.2, noNaN: true }), fc.constant(0.01)),
  limit: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant(1_000)),
});
type Query = typeof anyQuery extends fc.Arbitrary<infer T> ? T : never;

/** Writes a log, and asks for samples of it; gives each answer with all that is in the stretch. */
async function asked(
  log: readonly Sealed[],
  queries: readonly Query[],
): Promise<{ found: unknown; truncated: boolean; limit: number; to: number; all: Expected[] }[]> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-samples-"));
  const store = await openStore({ directory, durability: "async", logger: keptLog() });
  try {
    const { written, repairs, endAt } = await write(store, log);
    const answers = [];
    for (const { series, from: fromShare, length, limit } of queries) {
      const from = Math.round(start + fromShare * (endAt - start));
      const to = Math.round(from + length * (endAt - start));
      const movedMs = repairs.movedMs.bind(repairs);
      const query = { series: new Set(series), from, to, limit, recordsMax: 1_000, movedMs };
      const { samples: stored, truncated } = await store.samples(query);
      const samples = stored.map(({ seq: _seq, ...sample }) => sample);
      const all = written
        .filter((sample) => series.includes(sample.series) && sample.at >= from && sample.at < to)
        .toSorted((one, other) => one.at - other.at);
      answers.push({ found: samples, truncated, limit, to, all });
    }
    return answers;
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function write(
  store: Awaited<ReturnType<typeof openStore>>,
  log: readonly Sealed[],
): Promise<{ written: Expected[]; repairs: RepairTable; endAt: number }> {
  const repairs = new RepairTable();
  const written: Expected[] = [];
  let bootCount = 0;
  let behindMs = 0;
  let now = start;
  let seq = 0;
  for (const { afterMs, boot: bootBehindMs, taken } of log) {
    now += afterMs;
    seq += 1;
    if (bootBehindMs !== undefined) {
      // What the boot before it was wrong by is found out at its end.
      if (behindMs !== 0) {
        const boot = `boot-${bootCount}`;
        repairs.add({ boot, byMs: behindMs, from: "unsynced", to: "synced" }, seq);
      }
      bootCount += 1;
      behindMs = bootBehindMs;
    }
    const rows = new SampleColumns();
    for (const { series, lateMs, unstamped } of taken) {
      const value = written.length;
      const row = rows.count;
      rows.push(series, ValueKind.number, value);
      rows.stamp(row, unstamped ? now - behindMs : now - lateMs, unstamped ? 0 : RowFlag.stamped);
      written.push({ series, value, at: unstamped ? now : now - lateMs, receivedAt: now });
    }
    const record = recordOf({ seq, at: now - behindMs, boot: `boot-${bootCount}`, rows });
    await store.commit({ record, effects: noEffects, deadLetters: [] });
  }
  repairs.add({ boot: `boot-${bootCount}`, byMs: behindMs, from: "unsynced", to: "synced" }, seq + 1);
  return { written, repairs, endAt: now };
}

function shown({ series, at, value }: Expected): Omit<Expected, "receivedAt"> {
  return { series, at, value };
}

test("where nothing is more than an hour late the answer is what a look at every sample gives", async () => {
  await fc.assert(
    fc.asyncProperty(
      logs(hour),
      fc.array(anyQuery, { minLength: 5, maxLength: 10 }),
      async (log, queries) => {
        for (const { found, truncated, limit, all } of await asked(log, queries)) {
          expect(found).toEqual(all.slice(0, limit).map(shown));
          expect(truncated).toBe(all.length > limit);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("of later samples some may be missing, and none is there that should not be", async () => {
  await fc.assert(
    fc.asyncProperty(
      logs(50 * hour),
      fc.array(anyQuery, { minLength: 5, maxLength: 10 }),
      async (log, queries) => {
        const unbounded = queries.map((query) => ({ ...query, limit: 1_000 }));
        for (const { found, to, all } of await asked(log, unbounded)) {
          expect(all.map(shown)).toEqual(expect.arrayContaining(found as unknown[]));
          const inTime = all.filter(({ receivedAt }) => receivedAt <= to + hour);
          expect(found).toEqual(inTime.map(shown));
        }
      },
    ),
    { numRuns: 40 },
  );
});
