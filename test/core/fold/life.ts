/** Lives of a gateway with a rule of every kind: samples, silence, edits, restarts, clocks that are set, commands. */
import fc from "fast-check";
import type { AlertCommand } from "../../../src/core/alert/command.ts";
import { type GatewayCommand, isDeviceCommand } from "../../../src/core/command.ts";
import type { DeviceCommand } from "../../../src/core/device-command.ts";
import type { DeviceDescription } from "../../../src/core/device.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { Effects, LogRecord, Settings } from "../../../src/core/record.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import {
  notStored,
  RowFlag,
  SampleColumns,
  type SeriesDefinition,
  ValueKind,
} from "../../../src/core/sample.ts";
import { recordOf, seriesOf } from "../../support/records.ts";
import { allTools, ruleZoo } from "../../support/rule-zoo.ts";

const devices = ["a", "b", "\uFEFFc"];
const startAt = 1_762_000_020_000;

const everywhere: DeviceDescription = {
  match: ["*"],
  tags: { site: "north" },
  parameters: {},
  intervalMs: 10_000,
};
const corrected: DeviceDescription = {
  match: ["b"],
  tags: {},
  parameters: { limit: 6 },
  clock: { mode: "correct", aheadMs: 300_000 },
};

/** What is said about the devices, and said otherwise later. */
const descriptions: Readonly<Record<string, readonly DeviceDescription[]>> = {
  first: [everywhere, corrected],
  moved: [everywhere, corrected, { match: ["b"], tags: { site: "south" }, parameters: { limit: 2 } }],
  untagged: [{ ...everywhere, tags: {} }, corrected],
  "half untagged": [{ ...everywhere, match: ["a"] }, corrected],
  "of another pace": [
    { ...everywhere, intervalMs: 60_000 },
    { ...corrected, parameters: {} },
  ],
  "by exception": [
    { ...everywhere, report: { "temp*": { deadband: 2.5, atLeastMs: 60_000 } } },
    { ...corrected, report: { temperature: { onChange: true } } },
  ],
  "by receipt": [{ ...everywhere, clock: { mode: "receipt", aheadMs: 300_000 } }],
};

interface Reading {
  readonly series: number;
  readonly value: number;
  /** How far before the present the device says that it was; nothing when it has no clock. */
  readonly agoMs: number | undefined;
  readonly historical: boolean;
}

const reading: fc.Arbitrary<Reading> = fc.record({
  series: fc.nat({ max: 2 }),
  value: fc.integer({ min: 0, max: 16 }),
  agoMs: fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 3_000 }) },
    { weight: 2, arbitrary: fc.nat({ max: 200_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(-600_000, -365 * 86_400_000, 7_200_000) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  ),
  historical: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

/** A quiet quarter of an hour of one sensor, and what it says then. Detectors learn from the one and judge the other. */
const spell: fc.Arbitrary<readonly Reading[]> = fc
  .record({ series: fc.nat({ max: 2 }), after: fc.constantFrom(5, 12, 40) })
  .map(({ series, after }) =>
    Array.from({ length: 90 }, (_, index) => ({
      series,
      value: index < 84 ? 4 + (index % 3) : after,
      agoMs: (90 - index) * 10_000,
      historical: false,
    })),
  );

export interface Happening {
  readonly passedMs: number;
  readonly readings?: readonly Reading[];
  readonly edit?: string;
  readonly description?: string;
  readonly rollups?: readonly string[];
  readonly boot?: boolean;
  readonly command?: GatewayCommand;
  /** The clock is found to be wrong, and set. */
  readonly stepMs?: number;
}

/** Rule sets after an edit of each kind: some keep state, some do not. */
const edits: Readonly<Record<string, readonly RuleDefinition[]>> = {
  whole: ruleZoo,
  reworded: ruleZoo.map((rule) => ({
    ...rule,
    levels: rule.levels.map((level) => ({ ...level, severity: "critical" as const })),
    annotations: {},
    labels: { team: "cold" },
  })),
  hurried: ruleZoo.map((rule) => ({ ...rule, forMs: 0, keepFiringForMs: 0 })),
  narrowed: ruleZoo.map((rule) => ({
    ...rule,
    sources: rule.sources.map((source) => ({ ...source, device: ["a"] })),
  })),
  "without detectors": ruleZoo.filter(({ detect }) => detect === undefined),
  "audible, without each": ruleZoo
    .filter(({ id }) => id !== "each")
    .map((rule) => ({ ...rule, inhibit: [] })),
  "half enabled": ruleZoo.map((rule, index) => ({ ...rule, enabled: index % 2 === 0 })),
  "in the shadow": ruleZoo.map((rule) => ({ ...rule, shadow: !rule.shadow })),
  "with more aggregates": ruleZoo.map((rule) => ({
    ...rule,
    aggregates:
      rule.window.type === "none"
        ? []
        : [
            { name: "low", fn: "min" as const },
            ...rule.aggregates,
            { name: "bent", fn: "slope" as const, perMs: 1 },
          ],
  })),
  "by parameter": ruleZoo.map((rule) => ({
    ...rule,
    levels: rule.levels.map(({ severity }) => ({
      severity,
      when: {
        field: rule.detect === undefined ? firstField(rule) : "score",
        op: ">" as const,
        value: { param: "limit", default: 8 },
      },
    })),
  })),
  "silent otherwise": ruleZoo.map((rule) => ({
    ...rule,
    noData: { afterMs: 40_000, state: "firing" as const },
    repeatMs: 20_000,
  })),
  "silence is good": ruleZoo.map((rule) => ({ ...rule, noData: { afterMs: 70_000, state: "ok" as const } })),
  "all flapping": ruleZoo.map((rule) => ({ ...rule, flap: { low: 0.1, high: 0.3, history: 5 } })),
  "none flapping": ruleZoo.map(({ flap, ...rule }) => ({ ...rule, coverage: flap === undefined ? 0.3 : 0 })),
  "grouped by site": ruleZoo.map((rule) => ({ ...rule, groupBy: ["site"] })),
  "inhibited by site": ruleZoo.map((rule) => ({
    ...rule,
    inhibit: rule.id === "each" ? [] : [{ rule: "each", equal: ["site"] }],
  })),
  none: [],
};

/** What a rule without a detector can look at. */
function firstField({ sources, window, aggregates }: RuleDefinition): string {
  const field = window.type === "none" ? "value" : aggregates[0]!.name;
  const side = sources[0]!.name;
  return side === "" ? field : `${side}.${field}`;
}

const said = { by: "somebody", reason: "" };
const command: fc.Arbitrary<AlertCommand> = fc
  .record({
    rule: fc.constantFrom("each", "levels", "inhibited", "no-data"),
    device: fc.constantFrom(...devices),
    saying: fc.constantFrom(
      { kind: "acknowledge" } as const,
      { kind: "unacknowledge" } as const,
      { kind: "shelve", forMs: 45_000 } as const,
      { kind: "unshelve" } as const,
    ),
  })
  .map(({ rule, device, saying }) => ({ ...said, target: { rule, key: { device } }, ...saying }));

const deviceCommand: fc.Arbitrary<DeviceCommand> = fc
  .record({
    device: fc.constantFrom(...devices),
    saying: fc.constantFrom(
      { kind: "describe-device", tags: { site: "south" } } as const,
      { kind: "describe-device", label: "the third", tags: { site: null } } as const,
      { kind: "remove-device" } as const,
    ),
  })
  .map(({ device, saying }) => ({ ...saying, device, by: "somebody" }));

const passedMs = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 15_000 }) },
  { weight: 1, arbitrary: fc.nat({ max: 400_000 }) },
);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ passedMs, readings: fc.array(reading, { maxLength: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ passedMs: fc.constant(900_000), readings: spell }) },
  { weight: 8, arbitrary: fc.record({ passedMs, command }) },
  { weight: 2, arbitrary: fc.record({ passedMs, command: deviceCommand }) },
  {
    weight: 2,
    arbitrary: fc.record({
      passedMs,
      edit: fc.constantFrom(...Object.keys(edits)),
      description: fc.constantFrom(
        "first",
        "by exception",
        "first",
        "by exception",
        ...Object.keys(descriptions),
      ),
      rollups: fc.constantFrom(["1m", "5m"], ["1m", "5m"], ["1m"], ["10s", "1m"], []),
    }),
  },
  { weight: 1, arbitrary: fc.record({ passedMs, boot: fc.constant(true) }) },
  {
    weight: 1,
    arbitrary: fc.record({ passedMs, stepMs: fc.constantFrom(-3_600_000, 3 * 365 * 86_400_000, 90_000) }),
  },
);

/** Writes the log that a gateway would, live. */
export class Live {
  state: FoldState = new FoldState(allTools);
  readonly log: LogRecord[] = [];
  readonly effects: Effects[] = [];
  /** The series of each device; a device that was removed has none until it sends again. */
  readonly #series = new Map<string, SeriesDefinition>();
  #wallAt = startAt;
  #monotonicMs = 0;
  #boot = 1;
  #synced = true;

  constructor() {
    const definitions = seriesOf(devices);
    for (const definition of definitions) this.#series.set(definition.device, definition);
    this.#fold({ settings: settingsOf({}), definitions });
  }

  happen({ passedMs: passed, readings = [], boot, command: spoken, stepMs, ...settings }: Happening): void {
    this.#wallAt += passed;
    this.#monotonicMs += passed;
    if (boot === true) {
      this.#boot += 1;
      this.#monotonicMs = 0;
      this.#synced = !this.#synced;
    }
    this.#wallAt += stepMs ?? 0;
    const from = this.#synced ? "synced" : "unsynced";
    if (stepMs !== undefined) this.#synced = true;
    this.#fold({
      definitions: this.#newSeries(readings),
      rows: this.#rowsOf(readings),
      ...(settings.edit === undefined ? {} : { settings: settingsOf(settings) }),
      ...(spoken === undefined ? {} : { commands: [spoken] }),
      ...(stepMs === undefined
        ? {}
        : { repair: { boot: `boot-${this.#boot}`, byMs: stepMs, from, to: "synced" } }),
    });
    if (spoken !== undefined && isDeviceCommand(spoken) && spoken.kind === "remove-device") {
      this.#series.delete(spoken.device);
    }
  }

  #newSeries(readings: readonly Reading[]): SeriesDefinition[] {
    let next = this.state.nextSeries;
    return [...new Set(readings.map(({ series }) => devices[series]!))].flatMap((device) => {
      if (this.#series.has(device)) return [];
      const definition = { id: next, device, metric: "temperature" };
      next += 1;
      this.#series.set(device, definition);
      return [definition];
    });
  }

  #rowsOf(readings: readonly Reading[]): SampleColumns {
    const rows = new SampleColumns(16);
    for (const { series, value, agoMs, historical } of readings) {
      const row = rows.count;
      rows.push(this.#series.get(devices[series]!)!.id, ValueKind.number, value);
      const flags = (agoMs === undefined ? 0 : RowFlag.stamped) | (historical ? RowFlag.historical : 0);
      rows.stamp(row, this.#wallAt - (agoMs ?? 0), flags);
    }
    return rows;
  }

  #fold(part: Partial<LogRecord>): void {
    const record = recordOf({
      seq: this.state.seq + 1,
      at: this.#wallAt,
      synced: this.#synced,
      monotonicMs: this.#monotonicMs,
      boot: `boot-${this.#boot}`,
      ...part,
    });
    this.state.admit(record, "new");
    this.log.push({ ...record, rows: storedRows(record.rows) });
    this.effects.push(this.state.step(record));
  }
}

function settingsOf({
  edit = "whole",
  description = "first",
  rollups = ["1m", "5m"],
}: Partial<Happening>): Settings {
  return { rules: edits[edit]!, rollups, devices: descriptions[description]! };
}

/** What the store gives back of rows. */
function storedRows(rows: SampleColumns): SampleColumns {
  const stored = new SampleColumns(16);
  for (let row = 0; row < rows.count; row += 1) {
    if ((rows.flags[row]! & notStored) !== 0) continue;
    const to = stored.count;
    stored.push(rows.series[row]!, ValueKind.number, rows.value[row]!);
    stored.stamp(to, rows.at[row]!, rows.flags[row]!);
    stored.stampAt[to] = rows.stampAt[row]!;
  }
  return stored;
}

/** Folds a log again, with a state that is written and read back after the given records. */
export function replay(
  log: readonly LogRecord[],
  restartAfter: ReadonlySet<number>,
): { effects: Effects[]; end: Uint8Array } {
  let state = new FoldState(allTools);
  const effects: Effects[] = [];
  for (const [index, record] of log.entries()) {
    state.admit({ ...record, rows: record.rows }, "stored");
    effects.push(state.step(record));
    if (!restartAfter.has(index)) continue;
    const restored = FoldState.restore(state.snapshot(), allTools);
    if (restored === undefined) throw new Error("a snapshot of this version was not read");
    state = restored;
  }
  return { effects, end: state.snapshot() };
}

export function lived(all: readonly Happening[]): Live {
  const live = new Live();
  for (const one of all) live.happen(one);
  return live;
}

export const life: fc.Arbitrary<readonly Happening[]> = fc.array(happening, { maxLength: 40, size: "max" });
