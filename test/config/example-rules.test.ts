import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadRules } from "../../src/config/rules.ts";
import type { DeviceDescription } from "../../src/core/device.ts";
import { FoldState } from "../../src/core/fold/state.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import type { RuleTest } from "../../src/core/rule/rule-test.ts";
import { runTest } from "../../src/core/rule/test-run.ts";
import { ruleTools } from "../../src/rule-tools.ts";
import { FoldHarness } from "../support/fold-harness.ts";
import { valueOf } from "./loading.ts";

const directory = fileURLToPath(new URL("../../deploy/config/rules", import.meta.url));
const loaded = valueOf(await loadRules(directory, { expressions: () => ruleTools.loadExpressions() }));
await ruleTools.prepare(loaded.map(({ definition }) => definition));

const rules = loaded.map(({ definition, tests }) => ({ id: definition.id, rule: definition, tests }));
const tested = rules.flatMap(({ id, rule, tests }) =>
  tests.map((one) => ({ id, name: one.name, rule, test: one })),
);

function failuresOf(rule: RuleDefinition, one: RuleTest): readonly unknown[] {
  return runTest(one, { rule, makeState: () => new FoldState(ruleTools.tools) }).failures;
}

/** The rule with nothing but another condition to decide by. */
function deciding(rule: RuleDefinition, when: RuleDefinition["levels"][number]["when"]): RuleDefinition {
  const { detect: _detect, noData: _noData, ...rest } = rule;
  const { severity } = rule.levels[0]!;
  return { ...rest, levels: [{ severity, ...(when === undefined ? {} : { when }) }] };
}

const neverFiring = { any: [] };
const alwaysFiring = { all: [] };

test.each(tested)("the example $id: $name", ({ rule, test: one }) => {
  expect(failuresOf(rule, one)).toEqual([]);
});

test.each(tested)("the test can fail: $id: $name", ({ rule, test: one }) => {
  const never = failuresOf(deciding(rule, neverFiring), one);
  const always = failuresOf(deciding(rule, alwaysFiring), one);
  expect([...never, ...always]).not.toEqual([]);
});

test.each(rules)("the tests of $id notice a rule that never fires", ({ rule, tests }) => {
  const never = deciding(rule, neverFiring);
  expect(tests.filter((one) => failuresOf(never, one).length > 0)).not.toEqual([]);
});

test.each(rules)("the tests of $id notice a rule that always fires", ({ rule, tests }) => {
  const always = deciding(rule, alwaysFiring);
  expect(tests.filter((one) => failuresOf(always, one).length > 0)).not.toEqual([]);
});

/** A gateway with some of the rules, for what the tests in rule files cannot say. */
function gatewayWith(ids: readonly string[], devices: readonly DeviceDescription[] = []): FoldHarness {
  const chosen = rules.filter(({ id }) => ids.includes(id)).map(({ rule }) => rule);
  expect(chosen).toHaveLength(ids.length);
  return new FoldHarness({ rules: chosen, devices });
}

function described(device: string, description: Partial<DeviceDescription>): DeviceDescription {
  return { match: [device], tags: {}, parameters: {}, ...description };
}

test("site-power mutes the silent sensors of its own site, and of no other", () => {
  const gateway = gatewayWith(
    ["site-power", "sensor-silent"],
    [
      described("ups-1", { tags: { site: "north" } }),
      described("room-1", { tags: { site: "north" } }),
      described("room-2", { tags: { site: "south" } }),
    ],
  );
  for (let second = 0; second <= 300; second += 60) {
    gateway.sample(second, "room-1 temperature", 20);
    gateway.sample(second, "room-2 temperature", 20);
  }
  gateway.sample(300, "ups-1 mains.present", 0);
  const alerts = gateway.passTo(600).filter(({ state }) => state === "firing");
  expect(alerts.map(({ rule, key, inhibitedBy }) => [rule, key["device"], inhibitedBy])).toEqual([
    ["site-power", undefined, null],
    ["sensor-silent", "room-1", "site-power"],
    ["sensor-silent", "room-2", null],
  ]);
});

test("cold-room-warm takes the limit of each room from its parameters", () => {
  const gateway = gatewayWith(
    ["cold-room-warm"],
    [
      described("fridge-*", { intervalMs: 60_000 }),
      described("fridge-meat", { parameters: { max_temperature: 4, clear_temperature: 3 } }),
    ],
  );
  const firing: string[] = [];
  for (let minute = 0; minute <= 30; minute += 1) {
    const samples = ["fridge-1", "fridge-meat"].flatMap(
      (name) => gateway.sample(60 * minute, name, 5).alerts,
    );
    for (const { state, key } of samples) if (state === "firing") firing.push(key["device"] ?? "");
  }
  expect(firing).toEqual(["fridge-meat"]);
});

test("door-left-open blows the horn of its door, and ends it when the door is closed", () => {
  const gateway = gatewayWith(["door-left-open"]);
  const actions = [
    ...gateway.sample(0, "door-2 open", 1).actions,
    ...gateway.sample(180, "door-2 open", 1).actions,
    ...gateway.sample(200, "door-2 open", 0).actions,
  ];
  expect(actions).toEqual([
    {
      topic: "plant/horn/door-2",
      payload: '{"on":true,"why":"door-2 is open"}',
      qos: 0,
      retain: false,
    },
    { topic: "plant/horn/door-2", payload: '{"on":false}', qos: 1, retain: false },
  ]);
});

test("motor-current-anomaly is the one rule that only watches", () => {
  expect(rules.filter(({ rule }) => rule.shadow).map(({ id }) => id)).toEqual(["motor-current-anomaly"]);
});
