import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { AlertCommand } from "../../../src/core/alert/command.ts";
import { dayStart, FoldHarness, told } from "../../support/fold-harness.ts";
import { levelsOf, recordOf, rowsOf, ruleOf, sourceOf, windowOf } from "../../support/records.ts";

const each = windowOf({ type: "none" });
const above8 = levelsOf({ field: "value", op: ">", value: 8 });
const warm = ruleOf({ id: "warm", window: each, aggregates: [], levels: above8, annotations: {} });
const said = { by: "mia", reason: "known" };

function of(rule: string, device: string): AlertCommand["target"] {
  return { rule, key: { device } };
}

test("an alert rises and falls through the levels of its rule, under one identity", () => {
  const levels = [
    { severity: "warning", when: { field: "value", op: ">", value: 8 } },
    { severity: "critical", when: { field: "value", op: ">", value: 12 } },
  ] as const;
  const gateway = new FoldHarness({ rules: [{ ...warm, levels }] });
  const alerts = [9, 13, 10, 5].flatMap((value, index) => gateway.sample(index * 10, "a", value).alerts);
  expect(told(alerts)).toEqual([
    "warm a firing warning",
    "warm a firing critical",
    "warm a firing warning",
    "warm a resolved warning",
  ]);
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
});

test("silence is no-data, and no-data is not ok: the alert goes on when data come back", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, noData: { afterMs: 900_000, state: "no-data" } }] });
  gateway.sample(0, "a", 9);
  const silent = gateway.passTo(1_000);
  expect(told(silent)).toEqual(["warm a no-data warning"]);
  expect(silent[0]).toMatchObject({ at: dayStart + 900_000, since: dayStart });
  expect(told(gateway.sample(1_010, "a", 9).alerts)).toEqual(["warm a firing warning"]);
});

test("a rule that is new to a gateway counts silence from when it came", () => {
  const gateway = new FoldHarness({ rules: [] });
  gateway.sample(0, "a", 9);
  gateway.passTo(2_000);
  expect(gateway.edit({ rules: [{ ...warm, noData: { afterMs: 900_000, state: "no-data" } }] })).toEqual([]);
  expect(gateway.passTo(2_890)).toEqual([]);
  expect(gateway.passTo(2_910)).toMatchObject([{ state: "no-data", at: dayStart + 2_900_000 }]);
});

test("what is due sooner than a minute is told in time, whenever its source has spoken last", () => {
  const rule = { ...warm, noData: { afterMs: 5_000, state: "no-data" } } as const;
  const gateway = new FoldHarness({ rules: [rule] });
  gateway.sample(0, "a", 1);
  gateway.passTo(30);
  gateway.sample(31, "a", 1);
  expect(gateway.passTo(37)).toMatchObject([{ state: "no-data", at: dayStart + 36_000 }]);
});

test("nothing to tell is no reason to write, whatever the rules are", () => {
  const detect = { type: "silence", factor: 3, field: "value", freeze: false } as const;
  const gateway = new FoldHarness({ rules: [{ ...warm, levels: [{ severity: "warning" }], detect }] });
  gateway.sample(0, "a", 1);
  const { seq } = gateway.state;
  gateway.passTo(30);
  expect(gateway.state.seq).toBe(seq);
});

test("too few of the expected samples are no-data, never ok", () => {
  const rule = ruleOf({ id: "thin", coverage: 0.5, annotations: {} });
  const devices = [{ match: ["*"], tags: {}, parameters: {}, intervalMs: 10_000 }];
  const gateway = new FoldHarness({ rules: [rule], devices });
  for (const second of [0, 10, 20]) gateway.sample(second, "a", 1);
  for (const second of [60, 110]) gateway.sample(second, "a", 1);
  const { alerts } = gateway.sample(120, "a", 1);
  expect(told(alerts)).toEqual(["thin a no-data warning"]);
  expect(alerts[0]?.coverage).toBeCloseTo(2 / 6);
  for (const second of [125, 130, 140]) gateway.sample(second, "a", 1);
  expect(told(gateway.sample(180, "a", 1).alerts)).toEqual(["thin a ok warning"]);
});

test("an alert that a firing rule inhibits says so, does nothing, and is told again when it is audible", () => {
  const actions = [
    { topic: "horn/{{device}}", payload: { on: true, at: "{{value}}" }, on: "firing", qos: 1, retain: false },
  ] as const;
  const power = { ...warm, id: "power", sources: [sourceOf({ device: ["mains"] })], groupBy: ["site"] };
  const cold = { ...warm, id: "cold", inhibit: [{ rule: "power", equal: ["site"] }], actions };
  const devices = [{ match: ["*"], tags: { site: "north" }, parameters: {} }];
  const gateway = new FoldHarness({
    rules: [power, { ...cold, sources: [sourceOf({ device: ["f*"] })] }],
    devices,
  });
  gateway.sample(0, "mains", 9);
  const muted = gateway.sample(1, "f/1", 9.5);
  expect(muted.alerts).toMatchObject([{ rule: "cold", state: "firing", inhibitedBy: "power" }]);
  expect(muted.actions).toEqual([]);
  const audible = gateway.sample(2, "mains", 1);
  expect(told(audible.alerts)).toEqual([
    "power north resolved warning",
    "cold f/1 firing warning (uninhibited)",
  ]);
  expect(audible.alerts[1]?.inhibitedBy).toBeNull();
  expect(audible.actions).toEqual([
    { topic: "horn/f%2F1", payload: '{"on":true,"at":9.5}', qos: 1, retain: false },
  ]);
});

test("an acknowledged alert is not repeated and does not escalate; one that nobody sees does both", () => {
  const rule = { ...warm, repeatMs: 60_000, escalate: { afterMs: 150_000, severity: "critical" } } as const;
  const gateway = new FoldHarness({ rules: [rule] });
  gateway.sample(0, "a", 9);
  gateway.sample(0, "b", 9);
  const seen = gateway.command({ ...said, kind: "acknowledge", target: of("warm", "a") });
  expect(seen).toMatchObject([{ acknowledged: true, acknowledgedBy: "mia", reason: "acknowledge" }]);
  expect(told(gateway.passTo(220))).toEqual([
    "warm b firing warning (repeat)",
    "warm b firing warning (repeat)",
    "warm b firing critical (escalate)",
    "warm b firing critical (repeat)",
  ]);
});

test("a shelved alert lives on unheard, and comes back by itself", () => {
  const actions = [{ topic: "horn", payload: "{{state}}", on: "change", qos: 0, retain: false }] as const;
  const gateway = new FoldHarness({ rules: [{ ...warm, actions }] });
  gateway.sample(0, "a", 1);
  const shelved = gateway.command({ ...said, kind: "shelve", forMs: 60_000, target: of("warm", "a") });
  expect(shelved).toMatchObject([{ state: "ok", shelvedUntil: dayStart + 60_000, reason: "shelve" }]);
  expect(gateway.sample(10, "a", 9)).toMatchObject({ alerts: [{ state: "firing" }], actions: [] });
  expect(told(gateway.passTo(70))).toEqual(["warm a firing warning (shelf-ended)"]);
});

test("an alert that resolves while it is shelved runs its action for that: a horn does not sound on", () => {
  const actions = [{ topic: "horn", payload: "{{state}}", on: "change", qos: 0, retain: false }] as const;
  const gateway = new FoldHarness({ rules: [{ ...warm, actions }] });
  gateway.sample(0, "a", 9);
  gateway.command({ ...said, kind: "shelve", forMs: 60_000, target: of("warm", "a") });
  expect(gateway.sample(10, "a", 1).actions).toMatchObject([{ payload: '"resolved"' }]);
});

test("a command to an alert that does not exist is counted, and changes nothing", () => {
  const gateway = new FoldHarness({ rules: [warm] });
  expect(gateway.command({ ...said, kind: "acknowledge", target: { alert: "0011223344556677" } })).toEqual(
    [],
  );
  expect(gateway.state.unmetCommandCount).toBe(1);
});

test("a rule on trial records and does nothing, and mutes nobody", () => {
  const actions = [{ topic: "horn", payload: "on", on: "firing", qos: 0, retain: false }] as const;
  const trial = { ...warm, id: "trial", shadow: true, actions };
  const other = { ...warm, id: "other", inhibit: [{ rule: "trial", equal: ["device"] }] };
  const { alerts, actions: done } = new FoldHarness({ rules: [trial, other] }).sample(0, "a", 9);
  expect(alerts).toMatchObject([
    { rule: "trial", shadow: true },
    { rule: "other", shadow: false, inhibitedBy: null },
  ]);
  expect(done).toEqual([]);
});

test("sources are compared when both have decided about the same time, and not with what is too old", () => {
  const rule = ruleOf({
    id: "gap",
    sources: [
      sourceOf({ name: "inner", device: ["in"], maxAgeMs: 90_000 }),
      sourceOf({ name: "outer", device: ["out"], maxAgeMs: 90_000 }),
    ],
    groupBy: ["site"],
    levels: levelsOf({ expr: "inner.mean - outer.mean > 5.0" }),
    annotations: { summary: "{{inner.mean}} inside, {{outer.mean}} outside at {{site}}" },
  });
  const devices = [{ match: ["*"], tags: { site: "north" }, parameters: {} }];
  const gateway = new FoldHarness({ rules: [rule], devices });
  const alerts = [
    [0, "in", 20],
    [1, "out", 10],
    [60, "in", 20],
    [61, "out", 18],
    [120, "in", 20],
    [121, "out", 18],
    [600, "out", 1],
    [660, "out", 1],
  ].flatMap(([second, name, value]) => gateway.sample(Number(second), String(name), Number(value)).alerts);
  expect(told(alerts)).toEqual(["gap north firing warning", "gap north resolved warning"]);
  expect(alerts.map(({ at }) => at - dayStart)).toEqual([60_000, 120_000]);
  expect(alerts[0]?.annotations["summary"]).toBe("20 inside, 10 outside at north");
});

test("a device has its own limit where its parameters say so", () => {
  const levels = levelsOf({ field: "value", op: ">", value: { param: "limit", default: 8 } });
  const devices = [{ match: ["b"], tags: {}, parameters: { limit: 20 } }];
  const gateway = new FoldHarness({ rules: [{ ...warm, levels }], devices });
  const alerts = ["a", "b"].flatMap((name) => gateway.sample(0, name, 9).alerts);
  expect(told(alerts)).toEqual(["warm a firing warning"]);
});

test.each([
  ["tags", { tags: { site: ["n*"] } }, "a"],
  ["profile", { profile: ["acme/*"] }, "b"],
  ["topic", { topic: "plant/c" }, "c"],
])("series are selected by %s", (_part, source, device) => {
  const devices = [
    { match: ["a"], tags: { site: "north" }, parameters: {} },
    { match: ["b"], tags: { site: "south" }, parameters: {}, profile: "acme/t1" },
  ];
  const gateway = new FoldHarness({ rules: [{ ...warm, sources: [sourceOf(source)] }], devices });
  const alerts = ["a", "b", "c"].flatMap((name) => gateway.sample(0, name, 9).alerts);
  expect(alerts.map(({ key }) => key["device"])).toEqual([device]);
});

test("a series is of the profile that it was decoded by, unless the configuration names another", () => {
  const rules = [{ ...warm, sources: [sourceOf({ profile: ["acme/t1"] })], groupBy: ["profile"] }];
  const devices = [{ match: ["b"], tags: {}, parameters: {}, profile: "acme/other" }];
  const state = new FoldState();
  const definitions = ["a", "b"].map((device, id) => ({
    id,
    device,
    metric: "temperature",
    profile: "acme/t1",
  }));
  const rows = rowsOf([
    { series: 0, at: dayStart, value: 9 },
    { series: 1, at: dayStart, value: 9 },
  ]);
  const record = recordOf({ seq: 2, definitions, rows });
  state.step(recordOf({ seq: 1, settings: { rules, devices, rollups: [] } }));
  state.admit(record, "new");
  expect(told(state.step(record).alerts)).toEqual(["warm acme/t1 firing warning"]);
  const restored = Array.from(
    FoldState.restore(state.snapshot())?.series() ?? [],
    ({ definition }) => definition,
  );
  expect(restored).toEqual(definitions);
});

test("what comes late is a revision: recorded as historical, told to nobody", () => {
  const actions = [{ topic: "horn", payload: "on", on: "firing", qos: 0, retain: false }] as const;
  const window = windowOf({ type: "tumbling", sizeMs: 60_000 }, { reviseMs: 600_000 });
  const gateway = new FoldHarness({ rules: [ruleOf({ window, actions, annotations: {} })], rollups: ["1m"] });
  gateway.sample(0, "a", 1);
  gateway.sample(75, "a", 1);
  const { alerts, actions: done, summaries } = gateway.stamped(80, "a", 30, 20);
  expect(alerts).toMatchObject([
    { state: "firing", at: dayStart + 60_000, revision: 1, historical: true, values: { mean: 15.5 } },
  ]);
  expect(done).toEqual([]);
  expect(summaries).toMatchObject([{ start: dayStart, revision: 1, count: 2, max: 30 }]);
  expect(gateway.state.alerts.count("firing")).toBe(0);
});

test("a series that learns its interval is missed when it is overdue, and no longer when it is back", () => {
  const rule = {
    ...warm,
    levels: [{ severity: "warning" }],
    detect: { type: "silence", factor: 3, field: "value", freeze: false },
  } as const;
  const gateway = new FoldHarness({ rules: [rule] });
  for (let second = 0; second <= 300; second += 10) gateway.sample(second, "a", 1);
  expect(told(gateway.passTo(325))).toEqual([]);
  const missed = gateway.passTo(340);
  expect(told(missed)).toEqual(["warm a firing warning"]);
  expect(missed[0]?.at).toBe(dayStart + 330_000);
  expect(told(gateway.sample(350, "a", 1).alerts)).toEqual(["warm a resolved warning"]);
});

test("a new text keeps everything; a new window begins anew", () => {
  const held = ruleOf({ id: "held", forMs: 120_000, annotations: {} });
  const gateway = new FoldHarness({ rules: [held] });
  gateway.sample(0, "a", 9);
  expect(told(gateway.sample(60, "a", 9).alerts)).toEqual(["held a pending warning"]);
  expect(
    gateway.edit({
      rules: [{ ...held, annotations: { summary: "!" }, severity: "critical" } as typeof held],
    }),
  ).toEqual([]);
  gateway.sample(120, "a", 9);
  expect(told(gateway.sample(180, "a", 9).alerts)).toEqual(["held a firing warning"]);
  const rewindowed = { ...held, window: windowOf({ type: "tumbling", sizeMs: 30_000 }) };
  expect(told(gateway.edit({ rules: [rewindowed] }))).toEqual(["held a resolved warning"]);
});

test("time that the gateway was off counts neither as holding nor as clear", () => {
  const held = { ...warm, forMs: 600_000 };
  const gateway = new FoldHarness({ rules: [held] });
  gateway.sample(0, "a", 9);
  gateway.sample(100, "a", 9);
  gateway.boot(3_000);
  expect(told(gateway.sample(3_010, "a", 9).alerts)).toEqual([]);
  expect(told(gateway.sample(3_400, "a", 9).alerts)).toEqual([]);
  expect(told(gateway.sample(3_520, "a", 9).alerts)).toEqual(["warm a firing warning"]);
});

test("time that a device has kept its samples of counts, although the gateway was off", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, forMs: 600_000 }] });
  gateway.sample(0, "a", 9);
  gateway.sample(100, "a", 9);
  gateway.boot(3_000);
  const alerts = [300, 500, 700].flatMap((second) => gateway.stamped(3_010, "a", 9, second).alerts);
  expect(told(alerts)).toEqual(["warm a firing warning"]);
});

test.each([
  ["three years forward, as a board without a clock does", 3 * 365 * 86_400_000],
  ["an hour back", -3_600_000],
])("a clock that is set %s fires nothing early, loses nothing and closes nothing twice", (_how, byMs) => {
  const rules = [{ ...warm, forMs: 600_000 }, ruleOf({ id: "minute", annotations: {} })];
  const gateway = new FoldHarness({ rules, rollups: ["1m"] });
  gateway.boot(0, false);
  const summaries: { start: number; count: number; revision: number }[] = [];
  const alerts: string[] = [];
  for (let second = 0; second <= 900; second += 10) {
    if (second === 300) summaries.push(...gateway.setClock(byMs).summaries);
    const effects = gateway.unstamped(second, "a", 9);
    summaries.push(...effects.summaries);
    alerts.push(
      ...effects.alerts.map(({ rule, state, at }) => `${rule} ${state} ${(at - dayStart - byMs) / 1_000}`),
    );
  }
  // The first ones were told before the clock was set, in the time of then.
  expect(alerts.slice(-1)).toEqual(["warm firing 600"]);
  expect(alerts.filter((one) => one.startsWith("minute"))).toHaveLength(1);
  expect(new Set(summaries.map(({ start }) => start)).size).toBe(summaries.length);
  expect(summaries.every(({ revision }) => revision === 0)).toBe(true);
  expect(summaries.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(84);
});

test("samples of a device that runs ahead are taken at the time of receipt, and counted", () => {
  const gateway = new FoldHarness({ rules: [warm] });
  const { alerts } = gateway.stamped(10, "a", 9, 365 * 86_400);
  expect(alerts).toMatchObject([{ at: dayStart + 10_000 }]);
});

test("what is to be kept around a firing stands in every record of its episode from then on", () => {
  const rule = { ...warm, forMs: 10_000, capture: { beforeMs: 60_000, afterMs: 30_000 } };
  const gateway = new FoldHarness({ rules: [rule] });
  const alerts = [9, 9, 1].flatMap((value, index) => gateway.sample(index * 10, "a", value).alerts);
  const firedAt = dayStart + 10_000;
  const capture = { from: firedAt - 60_000, to: firedAt + 30_000 };
  expect(alerts.map((one) => one.capture)).toEqual([null, capture, capture]);
  expect(gateway.sample(30, "a", 9).alerts).toMatchObject([{ state: "pending", capture: null }]);
});
