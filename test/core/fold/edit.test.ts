/** What an edit of the rules, or of what is said about devices, keeps and what it begins anew. */
import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { dayStart, FoldHarness, told } from "../../support/fold-harness.ts";
import { levelsOf, ruleOf, sourceOf, windowOf } from "../../support/records.ts";
import { allTools } from "../../support/rule-zoo.ts";

const each = windowOf({ type: "none" });
const above8 = levelsOf({ field: "value", op: ">", value: 8 });
const warm = ruleOf({ id: "warm", window: each, aggregates: [], levels: above8, annotations: {} });
const north = [{ match: ["*"], tags: { site: "north" }, parameters: {} }];

function poweredGateway(): FoldHarness {
  const power = { ...warm, id: "power", sources: [sourceOf({ device: ["mains"] })], groupBy: ["site"] };
  const cold = { ...warm, id: "cold", inhibit: [{ rule: "power", equal: ["site"] }] };
  return new FoldHarness({
    rules: [power, { ...cold, sources: [sourceOf({ device: ["f*"] })] }],
    devices: north,
  });
}

test("an alert that is muted by a tag of its device stays so when anything is edited", () => {
  const gateway = poweredGateway();
  gateway.sample(0, "mains", 9);
  gateway.sample(1, "f1", 9);
  expect(gateway.edit({ rollups: ["1m"] })).toEqual([]);
  expect(told(gateway.sample(2, "mains", 1).alerts)).toEqual([
    "power north resolved warning",
    "cold f1 firing warning (uninhibited)",
  ]);
});

test("an alert at rest is not told to be muted when anything is edited", () => {
  const gateway = poweredGateway();
  gateway.sample(0, "mains", 9);
  gateway.sample(1, "f1", 1);
  expect(gateway.edit({ rollups: ["1m"] })).toEqual([]);
});

test("a device that moves to another site is muted by what fires there", () => {
  const gateway = poweredGateway();
  gateway.sample(0, "mains", 9);
  gateway.sample(1, "f1", 9);
  const devices = [...north, { match: ["f1"], tags: { site: "south" }, parameters: {} }];
  expect(told(gateway.edit({ devices }))).toEqual(["cold f1 firing warning (uninhibited)"]);
});

test("an alert that fires is repeated from the moment on when its rule says so", () => {
  const gateway = new FoldHarness({ rules: [warm] });
  gateway.sample(0, "a", 9);
  gateway.passTo(100);
  gateway.edit({ rules: [{ ...warm, repeatMs: 60_000 }] });
  expect(told(gateway.passTo(165))).toEqual(["warm a firing warning (repeat)"]);
});

test("an alert that flaps is told as it is when its rule does not want to know of flapping any more", () => {
  const flapping = { ...warm, flap: { low: 0.1, high: 0.4, history: 5 } };
  const gateway = new FoldHarness({ rules: [flapping] });
  const before = [9, 1, 9, 1, 9].flatMap((value, index) => gateway.sample(index, "a", value).alerts);
  expect(before.at(-1)?.state).toBe("flapping");
  expect(told(gateway.edit({ rules: [warm] }))).toEqual(["warm a firing warning"]);
});

const silent: RuleDefinition = { ...warm, noData: { afterMs: 60_000, state: "firing" } };

test("an alert that fires by silence ends when silence means nothing any more", () => {
  const gateway = new FoldHarness({ rules: [silent] });
  gateway.sample(0, "a", 1);
  expect(told(gateway.passTo(100))).toEqual(["warm a firing warning"]);
  expect(told(gateway.edit({ rules: [warm] }))).toEqual(["warm a resolved warning"]);
});

test("silence that lasts is told again under a new condition", () => {
  const gateway = new FoldHarness({ rules: [silent] });
  gateway.sample(0, "a", 1);
  gateway.passTo(100);
  const levels = levelsOf({ field: "value", op: ">", value: 7 });
  const alerts = [...gateway.edit({ rules: [{ ...silent, levels }] }), ...gateway.passTo(102)];
  expect(told(alerts)).toEqual(["warm a resolved warning", "warm a firing warning"]);
});

const mean = { name: "mean", fn: "mean" } as const;
const held = ruleOf({ id: "held", forMs: 120_000, annotations: {} });

test.each<[string, Partial<RuleDefinition>]>([
  ["an aggregate that only a text names", { aggregates: [{ name: "max", fn: "max" }, mean] }],
  ["the severity of a level", { levels: [{ ...held.levels[0]!, severity: "critical" }] }],
  ["labels", { labels: { team: "cold" } }],
  ["noData", { noData: { afterMs: 900_000, state: "ok" } }],
  ["coverage", { coverage: 0.01 }],
  ["repeat", { repeatMs: 900_000 }],
  ["actions", { actions: [{ topic: "x", payload: 1, on: "firing", qos: 0, retain: false }] }],
  ["being on trial", { shadow: true }],
])("an alert that waits goes on waiting through an edit of %s", (_part, part) => {
  const gateway = new FoldHarness({ rules: [held] });
  gateway.sample(0, "a", 9);
  expect(told(gateway.sample(60, "a", 9).alerts)).toEqual(["held a pending warning"]);
  expect(gateway.edit({ rules: [{ ...held, ...part }] })).toEqual([]);
  gateway.sample(120, "a", 9);
  expect(gateway.sample(180, "a", 9).alerts).toMatchObject([{ state: "firing", values: { mean: 9 } }]);
});

test.each<[string, Partial<RuleDefinition>]>([
  ["the condition", { levels: levelsOf({ field: "mean", op: ">", value: 7 }) }],
  ["the aggregate that it names", { aggregates: [{ name: "mean", fn: "median" }] }],
  ["the window", { window: windowOf({ type: "tumbling", sizeMs: 30_000 }) }],
  ["the sources", { sources: [sourceOf({ device: ["a*"] })] }],
  ["being in force", { enabled: false }],
  ["the groups", { groupBy: ["metric"] }],
])("an alert that fires ends with an edit of %s", (_part, part) => {
  const gateway = new FoldHarness({ rules: [{ ...held, forMs: 0 }] });
  gateway.sample(0, "a", 9);
  expect(told(gateway.sample(60, "a", 9).alerts)).toEqual(["held a firing warning"]);
  expect(told(gateway.edit({ rules: [{ ...held, forMs: 0, ...part }] }))).toEqual([
    "held a resolved warning",
  ]);
});

test("values are shown under the names that they were measured for", () => {
  const rule = { ...held, forMs: 0 };
  const gateway = new FoldHarness({ rules: [rule] });
  gateway.sample(0, "a", 9);
  gateway.sample(30, "a", 11);
  gateway.sample(60, "a", 9);
  const levels = levelsOf({ field: "low", op: ">", value: 8 });
  gateway.edit({ rules: [{ ...rule, aggregates: [{ name: "low", fn: "min" }], levels }] });
  const target = { rule: "held", key: { device: "a" } };
  const [shelved] = gateway.command({ kind: "shelve", forMs: 1_000, by: "mia", reason: "", target });
  expect(shelved?.values).toEqual({ low: null });
});

test("a limit that a rule of a site begins to take from parameters is the default there", () => {
  const bySite = { ...warm, groupBy: ["site"] };
  const gateway = new FoldHarness({ rules: [bySite], devices: north });
  gateway.sample(0, "a", 1);
  const levels = levelsOf({ field: "value", op: ">", value: { param: "limit", default: 4 } });
  gateway.edit({ rules: [{ ...bySite, levels }] });
  expect(told(gateway.sample(10, "a", 5).alerts)).toEqual(["warm north firing warning"]);
});

test("a device that loses the tag that a rule groups by leaves no alert behind", () => {
  const gateway = new FoldHarness({ rules: [{ ...warm, groupBy: ["site"] }], devices: north });
  gateway.sample(0, "a", 9);
  expect(told(gateway.edit({ devices: [] }))).toEqual(["warm north resolved warning"]);
  expect(gateway.state.groupCount).toBe(0);
});

test("groups whose key is a number among names are the same after a restart", () => {
  const devices = [{ match: ["*"], tags: { "1": "one" }, parameters: {} }];
  const gateway = new FoldHarness({ rules: [{ ...warm, groupBy: ["device", "1"] }], devices });
  gateway.sample(0, "a", 9);
  expect(FoldState.restore(gateway.state.snapshot(), allTools)?.groupCount).toBe(1);
});

test("what a window had to let go is counted through edits and restarts", () => {
  const sliding = ruleOf({ window: windowOf({ type: "sliding", sizeMs: 86_400_000 }), annotations: {} });
  const gateway = new FoldHarness({ rules: [sliding] });
  for (let second = 0; second < 1_030; second += 1) gateway.sample(second, "a", 1);
  const { overflowCount } = gateway.state;
  expect(overflowCount).toBeGreaterThan(0);
  expect(FoldState.restore(gateway.state.snapshot(), allTools)?.overflowCount).toBe(overflowCount);
  gateway.edit({ rules: [] });
  expect(gateway.state.overflowCount).toBe(overflowCount);
});

test("a resolution that is added takes nothing from those that stay", () => {
  const gateway = new FoldHarness({ rules: [], rollups: ["1m", "5m"] });
  gateway.sample(0, "a", 1);
  gateway.edit({ rollups: ["1m", "5m", "1h"] });
  gateway.sample(30, "a", 1);
  expect(gateway.sample(80, "a", 1).summaries).toMatchObject([{ start: dayStart, count: 2, revision: 0 }]);
});
