/** Silence, and sources that say something together. */
import { expect, test } from "vitest";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { dayStart, FoldHarness, told } from "../../support/fold-harness.ts";
import { levelsOf, ruleOf, sourceOf, windowOf } from "../../support/records.ts";

const each = windowOf({ type: "none" });
const above8 = levelsOf({ field: "value", op: ">", value: 8 });
const warm = ruleOf({ id: "warm", window: each, aggregates: [], levels: above8, annotations: {} });
const north = [{ match: ["*"], tags: { site: "north" }, parameters: {} }];

test("a window that only silence closes says nothing once silence is no-data", () => {
  const rule = ruleOf({ id: "still", noData: { afterMs: 20_000, state: "no-data" }, annotations: {} });
  const gateway = new FoldHarness({ rules: [rule] });
  gateway.sample(0, "a", 9);
  expect(told(gateway.passTo(600))).toEqual(["still a no-data warning"]);
});

test("what is due before silence means anything comes first", () => {
  const rule: RuleDefinition = { ...warm, forMs: 110_000, noData: { afterMs: 120_000, state: "no-data" } };
  const gateway = new FoldHarness({ rules: [rule] });
  gateway.sample(0, "a", 9);
  const alerts = gateway.passTo(600);
  expect(told(alerts)).toEqual(["warm a firing warning", "warm a no-data warning"]);
  expect(alerts.map(({ at }) => at - dayStart)).toEqual([110_000, 120_000]);
});

test("a sample that waits for older ones is looked at before silence means anything", () => {
  const window = windowOf({ type: "none" }, { latenessMs: 10_000 });
  const rule: RuleDefinition = {
    ...warm,
    window,
    forMs: 15_000,
    noData: { afterMs: 20_000, state: "no-data" },
  };
  const gateway = new FoldHarness({ rules: [rule] });
  for (const [second, value] of [
    [0, 9],
    [10, 9],
    [12, 1],
  ] as const)
    gateway.sample(second, "a", value);
  expect(told(gateway.passTo(60))).toEqual(["warm a ok warning", "warm a no-data warning"]);
});

test("a device that is new is waited for from its first record on", () => {
  const rule: RuleDefinition = { ...warm, noData: { afterMs: 20_000, state: "no-data" } };
  const gateway = new FoldHarness({ rules: [rule] });
  expect(gateway.sample(100, "a", 1).alerts).toEqual([]);
});

test("what comes just when it is awaited is in time", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, noData: { afterMs: 60_000, state: "no-data" } }] });
  gateway.sample(0, "a", 1);
  expect(gateway.sample(60, "a", 1).alerts).toEqual([]);
});

test("silence that a record ends is told before what the record says", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, noData: { afterMs: 60_000, state: "no-data" } }] });
  gateway.sample(0, "a", 1);
  expect(told(gateway.sample(100, "a", 9).alerts)).toEqual([
    "warm a no-data warning",
    "warm a firing warning",
  ]);
});

const gap = ruleOf({
  id: "gap",
  sources: [
    sourceOf({ name: "inner", device: ["in*"], maxAgeMs: 90_000 }),
    sourceOf({ name: "outer", device: ["out"], maxAgeMs: 90_000 }),
  ],
  groupBy: ["site"],
  levels: levelsOf({ expr: "inner.mean - outer.mean > 5.0" }),
  annotations: {},
});

test("a comparison knows nothing when one of its sources is silent", () => {
  const rule: RuleDefinition = { ...gap, noData: { afterMs: 300_000, state: "no-data" } };
  const gateway = new FoldHarness({ rules: [rule], devices: north });
  const alerts: string[] = [];
  for (let second = 0; second <= 900; second += 30) {
    if (second < 200) alerts.push(...told(gateway.sample(second, "out", 1).alerts));
    alerts.push(...told(gateway.sample(second, "in", 9).alerts));
    alerts.push(...told(gateway.passTo(second + 29)));
  }
  expect(alerts).toEqual(["gap north firing warning", "gap north no-data warning"]);
});

test("a side with too few samples is not made good by another side", () => {
  const devices = [{ match: ["*"], tags: { site: "north" }, parameters: {}, intervalMs: 10_000 }];
  const gateway = new FoldHarness({ rules: [{ ...gap, coverage: 0.5 }], devices });
  gateway.sample(0, "in", 9);
  const alerts: string[] = [];
  for (let second = 1; second < 80; second += 10)
    alerts.push(...told(gateway.sample(second, "out", 1).alerts));
  alerts.push(...told(gateway.sample(82, "in", 9).alerts));
  expect(alerts).toEqual(["gap north no-data warning"]);
});

test("decisions of sources whose clocks differ are told in order of time", () => {
  const rule = {
    ...gap,
    window: each,
    aggregates: [],
    levels: levelsOf({ expr: "inner.value > outer.value" }),
  };
  const gateway = new FoldHarness({ rules: [rule], devices: north });
  gateway.stamped(100, "out", 5, 100);
  const [fired] = gateway.stamped(101, "in", 9, 60).alerts;
  expect(fired).toMatchObject({ state: "firing", at: dayStart + 100_000, since: dayStart + 100_000 });
});

test("of two series in one group twice as many samples are expected", () => {
  const devices = [{ match: ["*"], tags: {}, parameters: {}, intervalMs: 10_000 }];
  const sources = [sourceOf({ metric: ["temperature", "humidity"] })];
  const gateway = new FoldHarness({ rules: [ruleOf({ coverage: 0.6, sources, annotations: {} })], devices });
  gateway.sample(0, "a humidity", 1);
  for (let second = 1; second < 60; second += 10) gateway.sample(second, "a", 1);
  expect(gateway.sample(61, "a", 1).alerts).toMatchObject([{ state: "no-data", coverage: 7 / 12 }]);
});

test("what is found out about the past does not change what an alert stands on", () => {
  const window = windowOf({ type: "tumbling", sizeMs: 60_000 }, { reviseMs: 600_000 });
  const gateway = new FoldHarness({ rules: [ruleOf({ window, repeatMs: 60_000, annotations: {} })] });
  gateway.sample(0, "a", 1);
  gateway.sample(60, "a", 20);
  expect(told(gateway.sample(120, "a", 20).alerts)).toEqual(["warm a firing warning"]);
  const revised = gateway.stamped(121, "a", 99, 10).alerts;
  expect(revised).toMatchObject([{ historical: true, values: { mean: 50 } }]);
  expect(gateway.passTo(181)[0]).toMatchObject({ reason: "repeat", values: { mean: 20 } });
});

test("of a decision with too few samples a late one makes no alert", () => {
  const devices = [{ match: ["*"], tags: {}, parameters: {}, intervalMs: 10_000 }];
  const window = windowOf({ type: "tumbling", sizeMs: 60_000 }, { reviseMs: 600_000 });
  const gateway = new FoldHarness({ rules: [ruleOf({ window, coverage: 0.9, annotations: {} })], devices });
  gateway.sample(0, "a", 1);
  gateway.sample(61, "a", 1);
  expect(gateway.stamped(62, "a", 99, 10).alerts).toEqual([]);
});

test("a clock that is set fires nothing early where times are those of receipt although the device has its own", () => {
  const devices = [
    { match: ["*"], tags: {}, parameters: {}, clock: { mode: "receipt", aheadMs: 0 } as const },
  ];
  const gateway = new FoldHarness({ rules: [{ ...warm, forMs: 600_000 }], devices });
  gateway.boot(0, false);
  expect(told(gateway.stamped(1, "a", 9, 77).alerts)).toEqual(["warm a pending warning"]);
  gateway.setClock(365 * 86_400_000);
  expect(told(gateway.stamped(60, "a", 9, 78).alerts)).toEqual([]);
});

test("two standstills before anything comes count neither as holding nor as clear", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, forMs: 600_000 }] });
  gateway.sample(0, "a", 9);
  gateway.boot(3_000);
  gateway.boot(6_000);
  expect(told(gateway.sample(6_010, "a", 9).alerts)).toEqual([]);
});
