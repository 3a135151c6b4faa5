import fc from "fast-check";
import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { LogRecord } from "../../../src/core/record.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../../src/core/sample.ts";
import type { SummaryRecord } from "../../../src/core/streams.ts";
import { recordOf, seriesOf } from "../../support/records.ts";

const startAt = 1_762_000_020_000;

interface Step {
  readonly passedSeconds: number;
  /** How long before the present each sample is stamped. */
  readonly agoSeconds: readonly number[];
  /** The gateway's clock is set, by no more than an interval can be kept open. */
  readonly stepMs?: number;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      passedSeconds: fc.oneof(
        { weight: 3, arbitrary: fc.nat({ max: 40 }) },
        { weight: 1, arbitrary: fc.nat({ max: 2_000 }) },
      ),
      agoSeconds: fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.nat({ max: 5 }) },
          { weight: 2, arbitrary: fc.nat({ max: 400 }) },
          { weight: 1, arbitrary: fc.nat({ max: 2_000 }) },
        ),
        { maxLength: 6 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      passedSeconds: fc.nat({ max: 20 }),
      agoSeconds: fc.constant([]),
      stepMs: fc.constantFrom(-9_000, -300, 400, 90_000, 3 * 365 * 86_400_000),
    }),
  },
);

const plans = fc.constantFrom(["1m", "5m", "1h"], ["10s", "20s", "1m"], ["10s", "30s", "15m"], ["1m"]);

function run(
  all: readonly Step[],
  rollups: readonly string[],
  stamped: boolean,
): { summaries: SummaryRecord[]; late: number; samples: number } {
  let state = new FoldState();
  const summaries: SummaryRecord[] = [];
  let nowMs = 0;
  let wallMs = 0;
  let samples = 0;
  const fold = (part: Partial<LogRecord>): void => {
    const record = recordOf({ seq: state.seq + 1, at: startAt + wallMs, monotonicMs: nowMs, ...part });
    state.admit(record, "stored");
    summaries.push(...state.step(record).summaries);
  };
  fold({ settings: { rules: [], rollups, devices: [] }, definitions: seriesOf(["a"]) });
  for (const [index, { passedSeconds, agoSeconds, stepMs = 0 }] of all.entries()) {
    nowMs += passedSeconds * 1_000;
    wallMs += passedSeconds * 1_000 + stepMs;
    const repair = { boot: "boot-1", byMs: stepMs, from: "synced", to: "synced" } as const;
    const rows = new SampleColumns(16);
    for (const ago of agoSeconds) {
      const row = rows.count;
      rows.push(0, ValueKind.number, 1);
      // Each a little apart, or it would be the same sample again.
      rows.stamp(row, startAt + wallMs - ago * 1_000 + samples * 0.25, stamped ? RowFlag.stamped : 0);
      samples += 1;
    }
    fold({ rows, ...(stepMs === 0 ? {} : { repair }) });
    if (index % 7 === 3) state = FoldState.restore(state.snapshot())!;
  }
  const { late } = state.totals().samples;
  fold({ settings: { rules: [], rollups: [], devices: [] } });
  return { summaries, late, samples };
}

/** By resolution, samples in the highest revisions of all its intervals. */
function counted(summaries: readonly SummaryRecord[]): Map<string, number> {
  const highest = new Map<string, SummaryRecord>();
  for (const record of summaries) {
    const known = highest.get(`${record.resolution} ${record.start}`);
    if (known !== undefined && known.revision >= record.revision)
      throw new Error(`${record.resolution} is told under revision ${record.revision} again`);
    highest.set(`${record.resolution} ${record.start}`, record);
  }
  const counts = new Map<string, number>();
  for (const { resolution, count } of highest.values())
    counts.set(resolution, (counts.get(resolution) ?? 0) + count);
  return counts;
}

test("every sample that is not counted as late is in the highest revision of one interval of each resolution", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), plans, fc.boolean(), (all, rollups, stamped) => {
      const { summaries, late, samples } = run(all, rollups, stamped);
      const counts = counted(summaries);
      for (const resolution of rollups) expect(counts.get(resolution) ?? 0).toBe(samples - late);
    }),
    { numRuns: 300 },
  );
});
