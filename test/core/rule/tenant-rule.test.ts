import { expect, test } from "vitest";
import { parseRuleFile } from "../../../src/config/rules.ts";
import { describeDevices } from "../../../src/core/device.ts";
import { type CompiledRule, compileRule } from "../../../src/core/rule/compile.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";

const devices = describeDevices([]);

function ruleOf(more: object): RuleDefinition {
  const rule = {
    id: "r",
    source: { device: "fridge-*", metric: "t", topic: "cold/#" },
    when: { field: "value", op: ">", value: 8 },
  };
  const parsed = parseRuleFile(JSON.stringify({ ...rule, ...more }), "r.jsonc");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value[0]!.definition;
}

function fedBy({ sources }: CompiledRule): readonly string[] {
  const names = ["fridge-1", "@north/fridge-1", "@south/fridge-1", "@north/oven", "@northern/fridge-1"];
  const series = names.flatMap((device) =>
    ["cold/x", "@north/cold/x", "@south/cold/x"].map((topic) => ({ id: 0, device, metric: "t", topic })),
  );
  const fed = series.filter((one) => sources[0]!.feeds(one, devices(one.device)));
  return fed.map(({ device, topic }) => `${device} on ${topic}`);
}

test("a tenant's rule sees the devices and topics of the tenant, by the names that the tenant gives them", () => {
  const rule = compileRule(ruleOf({ tenant: "north" }));
  expect(rule.definition.tenant).toBe("north");
  expect(fedBy(rule)).toContain("@north/fridge-1 on @north/cold/x");
  expect(fedBy(rule).every((one) => one.startsWith("@north/fridge-1"))).toBe(true);
});

test("a rule of the gateway itself names everything by its whole name", () => {
  expect(fedBy(compileRule(ruleOf({})))).toEqual(["fridge-1 on cold/x"]);
  const everything = compileRule(ruleOf({ source: { device: "*", metric: "t" } }));
  expect(fedBy(everything)).toHaveLength(15);
});

test("what a tenant's rule publishes is published in the topics of the tenant", () => {
  const publish = { topic: "horn/{{device}}", payload: "{{device}}" };
  const { actions } = compileRule(ruleOf({ tenant: "north", actions: [{ publish }] }));
  expect(actions[0]!.render({ device: "fridge-1" })).toMatchObject({
    topic: "@north/horn/fridge-1",
    payload: '"fridge-1"',
  });
});

test("a rule that is given to another tenant begins anew, and one without a tenant is what it was", () => {
  const shapes = [undefined, "north", "south"].map(
    (tenant) => compileRule(ruleOf({ ...(tenant && { tenant }) })).windowShape,
  );
  expect(new Set(shapes).size).toBe(3);
});

test.each(["North", "a/b", "", "@north"])("a rule belongs to no tenant %j", (tenant) => {
  expect(
    parseRuleFile(
      JSON.stringify({
        id: "r",
        tenant,
        source: { metric: "t" },
        when: { field: "value", op: ">", value: 8 },
      }),
      "r.jsonc",
    ),
  ).toMatchObject({
    ok: false,
    problems: [{ code: "RULE_NAME", pointer: "/tenant" }],
  });
});
