/** Log records made by hand, for tests of whatever folds, stores or reads them. */
import { noCounts } from "../../src/core/batch.ts";
import type { LogRecord, RecordCounts } from "../../src/core/record.ts";
import { idleMs } from "../../src/core/limits.ts";
import type {
  ConditionDefinition,
  LevelDefinition,
  NamedSource,
  RuleDefinition,
  WindowDefinition,
  WindowTiming,
} from "../../src/core/rule/definition.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../src/core/sample.ts";

/** One stamped numeric sample. */
export interface TestSample {
  readonly series: number;
  readonly at: number;
  readonly value: number;
}

/** Rows of stamped numbers. */
export function rowsOf(samples: readonly TestSample[]): SampleColumns {
  const rows = new SampleColumns(16);
  for (const { series, at, value } of samples) {
    const row = rows.count;
    rows.push(series, ValueKind.number, value);
    rows.stamp(row, at, RowFlag.stamped);
  }
  return rows;
}

/** A record with sensible defaults; its counts say that every row was a message of its own. */
export function recordOf(part: Partial<LogRecord> & { readonly seq: number }): LogRecord {
  const rows = part.rows ?? new SampleColumns(16);
  const counts: RecordCounts = {
    ...noCounts(),
    receivedMessages: rows.count,
    storedMessages: rows.count,
    decodedSamples: rows.count,
  };
  return {
    at: 1_762_000_000_000 + part.seq,
    synced: true,
    monotonicMs: part.seq * 10,
    boot: "boot-1",
    counts,
    definitions: [],
    digests: [],
    ...part,
    rows,
  };
}

/** A rule with sensible defaults: fires when the mean of a tumbling minute is over 8. */
export function ruleOf(part: Partial<RuleDefinition>): RuleDefinition {
  return {
    id: "warm",
    description: "",
    enabled: true,
    shadow: false,
    sources: [sourceOf({})],
    groupBy: ["device"],
    window: windowOf({ type: "tumbling", sizeMs: 60_000 }),
    aggregates: [{ name: "mean", fn: "mean" }],
    levels: levelsOf({ field: "mean", op: ">", value: 8 }),
    forMs: 0,
    keepFiringForMs: 0,
    inhibit: [],
    actions: [],
    labels: {},
    annotations: { summary: "{{device}} at {{mean}} °C" },
    ...part,
  };
}

/** The single side of a rule: temperatures of every device, unless the part says otherwise. */
export function sourceOf(part: Partial<NamedSource>): NamedSource {
  return { name: "", device: ["*"], metric: ["temperature"], maxAgeMs: 300_000, ...part };
}

/** One level of severity "warning". */
export function levelsOf(when: ConditionDefinition): readonly LevelDefinition[] {
  return [{ severity: "warning", when }];
}

type Shape = WindowDefinition extends infer Kind
  ? Kind extends WindowTiming
    ? Omit<Kind, keyof WindowTiming>
    : never
  : never;

/** A window that waits for nobody, and whose silence counts after a minute. */
export function windowOf(shape: Shape, timing: Partial<WindowTiming> = {}): WindowDefinition {
  return { latenessMs: 0, reviseMs: 0, idleMs, ...timing, ...shape };
}

/** Series of one metric, one for each device, numbered from 0. */
export function seriesOf(devices: readonly string[], metric = "temperature"): SeriesDefinition[] {
  return devices.map((device, id) => ({ id, device, metric }));
}
