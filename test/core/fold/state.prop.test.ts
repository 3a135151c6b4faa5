import fc from "fast-check";
import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { Effects } from "../../../src/core/record.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import {
  levelsOf,
  recordOf,
  rowsOf,
  ruleOf,
  seriesOf,
  sourceOf,
  type TestSample,
  windowOf,
} from "../../support/records.ts";

const devices = ["a", "b", "c"];

/** Rules of every window type, so that whatever holds for the fold holds for each. */
const rules: readonly RuleDefinition[] = [
  ruleOf({
    id: "each",
    window: windowOf({ type: "none" }),
    levels: levelsOf({ field: "value", op: ">", value: 8 }),
  }),
  ruleOf({ id: "tumbling", forMs: 60_000 }),
  ruleOf({
    id: "hopping",
    window: windowOf({ type: "hopping", sizeMs: 60_000, everyMs: 15_000 }, { latenessMs: 20_000 }),
    levels: levelsOf({ field: "mean", op: ">", value: 8, clear: 6 }),
    keepFiringForMs: 30_000,
  }),
  ruleOf({ id: "sliding", window: windowOf({ type: "sliding", sizeMs: 45_000 }, { latenessMs: 10_000 }) }),
];

const firstAt = 1_762_000_020_000;

const samples = fc.array(
  fc.record({
    series: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 0, max: 600 }).map((seconds) => firstAt + seconds * 1_000),
    value: fc.integer({ min: 0, max: 16 }),
  }),
  { maxLength: 120 },
);

interface Run {
  readonly alerts: Effects["alerts"];
  readonly summaries: Effects["summaries"];
  readonly state: FoldState;
}

/**
 * Folds samples cut into records of the given lengths.
 *
 * @param restoreAfter - Records after which the state is written to bytes and read back.
 */
function run(all: readonly TestSample[], cuts: readonly number[], restoreAfter: ReadonlySet<number>): Run {
  let state = new FoldState();
  const alerts: Effects["alerts"] = [];
  const summaries: Effects["summaries"] = [];
  const fold = (part: Parameters<typeof recordOf>[0]): void => {
    const record = recordOf(part);
    state.admit(record, "new");
    const effects = state.step(record);
    alerts.push(...effects.alerts);
    summaries.push(...effects.summaries);
  };
  fold({ seq: 1, settings: { rules, rollups: ["1m", "5m"], devices: [] }, definitions: seriesOf(devices) });
  let from = 0;
  for (let index = 0; from < all.length; index += 1) {
    const to = from + cuts[index % cuts.length]!;
    // The gateway's clocks stand still: only what the samples say may matter.
    fold({ seq: state.seq + 1, rows: rowsOf(all.slice(from, to)), at: firstAt, monotonicMs: 10 });
    from = to;
    if (restoreAfter.has(index)) {
      const restored = FoldState.restore(state.snapshot());
      if (restored === undefined) throw new Error("a snapshot of this version was not read");
      state = restored;
    }
  }
  return { alerts, summaries, state };
}

const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });

test("alerts and summaries do not depend on how the samples were cut into records", () => {
  fc.assert(
    fc.property(samples, cuts, (all, lengths) => {
      const whole = run(all, [1], new Set());
      const pieces = run(all, lengths, new Set());
      expect(pieces.alerts).toEqual(whole.alerts);
      expect(pieces.summaries).toEqual(whole.summaries);
    }),
    { numRuns: 300 },
  );
});

test("a state that is written and read back at any record goes on as if nothing had happened", () => {
  fc.assert(
    fc.property(samples, cuts, fc.array(fc.integer({ min: 0, max: 40 })), (all, lengths, restores) => {
      const straight = run(all, lengths, new Set());
      const restored = run(all, lengths, new Set(restores));
      expect(restored.alerts).toEqual(straight.alerts);
      expect(restored.summaries).toEqual(straight.summaries);
      expect(restored.state.snapshot()).toEqual(straight.state.snapshot());
    }),
    { numRuns: 300 },
  );
});

test("a run of messages that is sent again right away changes nothing", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        samples.map((all) => all[0] ?? { series: 0, at: firstAt, value: 1 }),
        {
          maxLength: 60,
          selector: ({ series, at, value }) => `${series} ${at} ${value}`,
        },
      ),
      fc.integer({ min: 1, max: 60 }),
      (all, inFlight) => {
        const once = run(all, [7], new Set());
        const twice = run([...all, ...all.slice(-inFlight)], [7], new Set());
        expect(twice.alerts).toEqual(once.alerts);
        expect(twice.summaries).toEqual(once.summaries);
      },
    ),
    { numRuns: 200 },
  );
});

/** Alerts and summaries of the first device, whatever their places in the streams. */
function ofFirst({ alerts, summaries }: Run): unknown {
  return [
    alerts.filter(({ key }) => key["device"] === "a").map((record) => ({ ...record, seq: 0 })),
    summaries.filter(({ device }) => device === "a").map((record) => ({ ...record, seq: 0 })),
  ];
}

test("one device's samples change nothing for another device", () => {
  fc.assert(
    fc.property(samples, (all) => {
      const everybody = run(all, [5], new Set());
      const alone = run(
        all.filter(({ series }) => series === 0),
        [5],
        new Set(),
      );
      expect(ofFirst(everybody)).toEqual(ofFirst(alone));
    }),
    { numRuns: 300 },
  );
});

/** What can happen to a gateway, one record each. */
const happening = fc.oneof(
  { weight: 6, arbitrary: samples.map((all) => ({ rows: all.slice(0, 12) })) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 400_000 }).map((passedMs) => ({ passedMs })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("reworded", "narrowed", "rewindowed", "none").map((edit) => ({ edit })),
  },
  { weight: 1, arbitrary: fc.constant({ boot: true }) },
);

/** Rules after an edit of each kind: some keep state, some do not. */
function edited(edit: string): readonly RuleDefinition[] {
  switch (edit) {
    case "reworded":
      return rules.map((rule) => ({
        ...rule,
        levels: rule.levels.map((level) => ({ ...level, severity: "critical" })),
        annotations: {},
      }));
    case "narrowed":
      return rules.map((rule) => ({ ...rule, sources: [sourceOf({ device: ["a"] })] }));
    case "rewindowed":
      return rules.map((rule) => ({
        ...rule,
        window: windowOf({ type: "none" }, { latenessMs: 5_000 }),
        aggregates: [],
        levels: levelsOf({ field: "value", op: ">", value: 8 }),
      }));
    default:
      return [];
  }
}

interface Happening {
  readonly rows?: readonly TestSample[];
  readonly passedMs?: number;
  readonly edit?: string;
  readonly boot?: boolean;
}

/** Lets everything happen, with a state that is written and read back after the given records. */
function live(
  all: readonly Happening[],
  restoreAfter: ReadonlySet<number>,
): { effects: Effects[]; end: Uint8Array; panesLeft: number } {
  let state = new FoldState();
  const effects: Effects[] = [];
  let monotonicMs = 0;
  let boot = 1;
  const fold = (part: Partial<Parameters<typeof recordOf>[0]>): void => {
    const record = recordOf({ seq: state.seq + 1, at: firstAt, monotonicMs, boot: `boot-${boot}`, ...part });
    state.admit(record, "new");
    effects.push(state.step(record));
  };
  fold({
    settings: { rules, rollups: ["1m", "5m"], devices: [] },
    definitions: seriesOf([...devices.slice(0, 2), "\uFEFFc"]),
  });
  for (const [index, { rows, passedMs, edit, boot: restarted }] of all.entries()) {
    monotonicMs += passedMs ?? 5;
    if (restarted === true) {
      boot += 1;
      monotonicMs = 0;
    }
    const settings =
      edit === undefined ? {} : { settings: { rules: edited(edit), rollups: ["1m"], devices: [] } };
    fold({ ...settings, rows: rowsOf(rows ?? []) });
    if (restoreAfter.has(index)) {
      const restored = FoldState.restore(state.snapshot());
      if (restored === undefined) throw new Error("a snapshot of this version was not read");
      state = restored;
    }
  }
  const end = state.snapshot();
  fold({ settings: { rules: [], rollups: [], devices: [] } });
  effects.pop();
  return { effects, end, panesLeft: state.paneCount };
}

test("neither silence, nor an edit of the rules, nor a boot makes a restored state another one", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), fc.array(fc.nat({ max: 30 })), (all, restores) => {
      const straight = live(all, new Set());
      const restored = live(all, new Set(restores));
      expect(restored.effects).toEqual(straight.effects);
      expect(restored.end).toEqual(straight.end);
    }),
    { numRuns: 400 },
  );
});

/** Identities that an episode has on its way from its beginning to its end; more than one is wrong. */
function episodesOf(
  effects: readonly Effects[],
): { readonly ids: ReadonlySet<string>; readonly states: string[] }[] {
  const open = new Map<string, { ids: Set<string>; states: string[] }>();
  const all: { ids: Set<string>; states: string[] }[] = [];
  for (const { rule, key, id, state } of effects.flatMap(({ alerts }) => alerts)) {
    const group = `${rule} ${JSON.stringify(key)}`;
    let episode = open.get(group);
    if (episode === undefined) {
      episode = { ids: new Set(), states: [] };
      open.set(group, episode);
      all.push(episode);
    }
    episode.ids.add(id);
    episode.states.push(state);
    if (state === "ok" || state === "resolved") open.delete(group);
  }
  return all;
}

test("every episode of an alert is told from its beginning to its end under one identity", () => {
  const order = /^(pending( firing( resolved)?| ok)?|firing( resolved)?)$/;
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), (all) => {
      const { effects } = live(all, new Set());
      const episodes = episodesOf(effects);
      expect(episodes.filter(({ ids }) => ids.size !== 1)).toEqual([]);
      expect(episodes.filter(({ states }) => !order.test(states.join(" ")))).toEqual([]);
      const alerts = effects.flatMap((one) => one.alerts);
      expect(alerts.filter(({ since, at }) => !(since <= at))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("whatever has happened, nothing is held once nothing is asked for", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), fc.array(fc.nat({ max: 30 })), (all, restores) => {
      expect(live(all, new Set(restores)).panesLeft).toBe(0);
    }),
    { numRuns: 300 },
  );
});
