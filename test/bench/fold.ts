/**
 * The fold by itself: what many rules cost, what one event costs, and what a group holds.
 *
 * Ratios are of the fold alone. A gateway does other work for each event too, which is the same whatever the
 * rules are, so its own ratios are nearer to 1.
 */
import { noCounts } from "../../src/core/batch.ts";
import { FoldState } from "../../src/core/fold/state.ts";
import type { LogRecord } from "../../src/core/record.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../src/core/sample.ts";
import { levelsOf, recordOf, ruleOf, sourceOf, windowOf } from "../support/records.ts";
import { allTools } from "../support/rule-zoo.ts";
import { median, record } from "./history.ts";
import { memoryBytes } from "./memory.ts";

const deviceCount = 1_000;
const metrics = ["temperature", "humidity", "pressure", "voltage", "current"];
const rowsPerRecord = 500;

/** Every device with five metrics, device by device. */
const series: readonly SeriesDefinition[] = Array.from({ length: deviceCount * metrics.length }, (_, id) => ({
  id,
  device: `device-${Math.floor(id / metrics.length)}`,
  metric: metrics[id % metrics.length]!,
}));

/**
 * So many rules that every event is matched by five of them: each takes an equal share of the devices by name,
 * and every metric of these.
 */
function rulesByShare(count: number): readonly RuleDefinition[] {
  const shares = count / 5;
  return Array.from({ length: count }, (_, index) => {
    const share = Math.floor(index / 5);
    const device = Array.from(
      { length: deviceCount / shares },
      (__, place) => `device-${share + place * shares}`,
    );
    return ruleOf({
      id: `rule-${index}`,
      sources: [sourceOf({ device, metric: metrics })],
      groupBy: ["device", "metric"],
      window: windowOf({ type: "tumbling", sizeMs: 10_000 * ((index % 5) + 1) }),
      levels: levelsOf({ field: "mean", op: ">", value: 1_000 }),
    });
  });
}

/** Folds samples of all series in turn, each series once a second. @returns Samples a second. */
function foldFor(state: FoldState, seconds: number): number {
  const deadlineMs = performance.now() + seconds * 1_000;
  const startedMs = performance.now();
  let samples = 0;
  let second = state.seq;
  const rows = new SampleColumns(rowsPerRecord);
  while (performance.now() < deadlineMs) {
    second += 1;
    for (let from = 0; from < series.length; from += rowsPerRecord) {
      rows.clear();
      const at = 1_762_000_000_000 + second * 1_000;
      for (let id = from; id < from + rowsPerRecord; id += 1)
        rows.push(id, ValueKind.number, 20 + (second % 7));
      rows.stamp(0, at, RowFlag.stamped);
      step(state, { rows, at, monotonicMs: second * 1_000 });
      samples += rowsPerRecord;
    }
  }
  return (samples * 1_000) / (performance.now() - startedMs);
}

function step(state: FoldState, part: Partial<LogRecord>): void {
  const next = recordOf({ seq: state.seq + 1, counts: noCounts(), ...part });
  state.admit(next, "new");
  state.step(next);
}

function stateOf(rules: readonly RuleDefinition[], definitions: readonly SeriesDefinition[]): FoldState {
  const state = new FoldState(allTools);
  step(state, { settings: { rules, rollups: [], devices: [] }, definitions });
  return state;
}

async function measureManyRules(rounds: number, seconds: number): Promise<void> {
  const few = stateOf(rulesByShare(10), series);
  const many = stateOf(rulesByShare(1_000), series);
  const ofFew: number[] = [];
  const ofMany: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const [fewer, more] = [foldFor(few, seconds), foldFor(many, seconds)];
    // The first round compiles.
    if (round === 0) continue;
    ofFew.push(fewer);
    ofMany.push(more);
  }
  await record({
    metric: "rules-1000-to-10",
    value: median(ofMany.map((value, index) => value / ofFew[index]!)),
    target: ">= 0.6",
    detail: {
      devices: deviceCount,
      metrics: metrics.length,
      matching: 5,
      samplesPerSecond: { 10: ofFew, 1000: ofMany },
    },
  });
}

const hopping = (part: Partial<RuleDefinition>): RuleDefinition =>
  ruleOf({
    window: windowOf({ type: "hopping", sizeMs: 3_600_000, everyMs: 60_000 }),
    aggregates: [
      { name: "mean", fn: "mean" },
      { name: "max", fn: "max" },
      { name: "stddev", fn: "stddev" },
    ],
    levels: levelsOf({ field: "mean", op: ">", value: 1_000 }),
    ...part,
  });

/** Time for one event of one device that reports every `everyMs`, through admission and step. */
function microsecondsPerEvent(everyMs: number, rounds: number): number[] {
  const one = [{ id: 0, device: "device-0", metric: "temperature" }];
  const state = stateOf([hopping({})], one);
  const rows = new SampleColumns(rowsPerRecord);
  let at = 1_762_000_000_000;
  const measured: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const startedMs = performance.now();
    const records = 400;
    for (let index = 0; index < records; index += 1) {
      rows.clear();
      for (let row = 0; row < rowsPerRecord; row += 1) {
        at += everyMs;
        rows.push(0, ValueKind.number, 20 + (row % 11));
        rows.at[row] = at;
        rows.flags[row] = RowFlag.stamped;
      }
      step(state, { rows, at, monotonicMs: at - 1_762_000_000_000 });
    }
    if (round > 0) measured.push(((performance.now() - startedMs) * 1_000) / (records * rowsPerRecord));
  }
  return measured;
}

async function measureEvent(rounds: number): Promise<void> {
  const often = microsecondsPerEvent(1_000, rounds);
  const seldom = microsecondsPerEvent(60_000, rounds);
  await record({
    metric: "event-hopping-60-panes-us",
    value: median(often),
    target: "<= 3",
    detail: { aggregates: 3, everySecond: often, everyMinute: seldom },
  });
}

/** Bytes that each group of a rule adds to a checkpoint, and to the heap. */
async function measureGroup(name: string, rule: RuleDefinition, target: string): Promise<void> {
  const definitions = series
    .filter(({ metric }) => metric === "temperature")
    .map((one, id) => ({ ...one, id }));
  const sizes = [[], [rule]].map((rules) => {
    const before = memoryBytes();
    const state = stateOf(rules, definitions);
    for (let minute = 0; minute < 3; minute += 1) {
      for (let second = 0; second < 60; second += 10) {
        const rows = new SampleColumns(definitions.length);
        const at = 1_762_000_020_000 + minute * 60_000 + second * 1_000;
        for (const { id } of definitions) rows.push(id, ValueKind.number, 20 + 3 * Math.sin(id + at / 7_000));
        rows.stamp(0, at, RowFlag.stamped);
        step(state, { rows, at, monotonicMs: minute * 60_000 + second * 1_000 });
      }
    }
    return { heap: memoryBytes() - before, checkpoint: state.snapshot().length, groups: state.groupCount };
  });
  const [without, having] = [sizes[0]!, sizes[1]!];
  await record({
    metric: `group-bytes-${name}`,
    value: (having.checkpoint - without.checkpoint) / having.groups,
    target,
    detail: { heapBytes: Math.round((having.heap - without.heap) / having.groups), groups: having.groups },
  });
}

/** Measures all of it. */
export async function measureFold(options: {
  readonly rounds: number;
  readonly seconds: number;
}): Promise<void> {
  await measureManyRules(options.rounds, options.seconds);
  await measureEvent(options.rounds);
  const tumbling = windowOf({ type: "tumbling", sizeMs: 60_000 });
  const quiet = levelsOf({ field: "mean", op: ">", value: 1_000 });
  await measureGroup("plain", ruleOf({ window: tumbling, levels: quiet, annotations: {} }), "<= 300");
  const p95 = { name: "p95", fn: "quantile", q: 0.95 } as const;
  const sketched = ruleOf({
    window: tumbling,
    aggregates: [p95],
    levels: levelsOf({ field: "p95", op: ">", value: 1_000 }),
    annotations: {},
  });
  await measureGroup("sketched", sketched, "<= 2048");
}
