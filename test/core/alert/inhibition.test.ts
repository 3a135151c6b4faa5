import { expect, test } from "vitest";
import { InhibitionIndex, type InhibitionParty } from "../../../src/core/alert/inhibition.ts";

const rules = [
  { id: "gateway-power", inhibit: [] },
  { id: "storm", inhibit: [] },
  {
    id: "fridge-silent",
    inhibit: [
      { rule: "gateway-power", equal: ["site"] },
      { rule: "storm", equal: [] },
    ],
  },
  { id: "unrelated", inhibit: [] },
];

function partyOf(rule: string, name: string, values: Readonly<Record<string, string>>): InhibitionParty {
  return { identity: `${rule} ${name}`, rule, values };
}

const power = partyOf("gateway-power", "north", { site: "north", device: "ups-1" });
const storm = partyOf("storm", "", {});
const fridge = partyOf("fridge-silent", "fridge-1", { site: "north", device: "fridge-1" });
const otherFridge = partyOf("fridge-silent", "fridge-0", { site: "north", device: "fridge-0" });
const southFridge = partyOf("fridge-silent", "fridge-9", { site: "south", device: "fridge-9" });
const nowhere = partyOf("fridge-silent", "fridge-x", { device: "fridge-x" });

function indexOf(...firing: readonly InhibitionParty[]): InhibitionIndex<InhibitionParty> {
  const index = new InhibitionIndex(rules);
  for (const party of firing) index.fire(party);
  return index;
}

test.each([
  ["an equal value", fridge, "gateway-power"],
  ["another value", southFridge, undefined],
  ["no value", nowhere, undefined],
])("a firing alert mutes a dependant with %s: %o", (_, dependant, inhibitor) => {
  expect(indexOf(power).inhibitorOf(dependant.rule, dependant.values)).toBe(inhibitor);
});

test("two alerts that both lack the named value do not mute each other", () => {
  const index = indexOf(partyOf("gateway-power", "", {}));
  expect(index.inhibitorOf(nowhere.rule, nowhere.values)).toBeUndefined();
});

test("a name that objects have by nature is not a value", () => {
  const index = new InhibitionIndex([{ id: "a", inhibit: [{ rule: "b", equal: ["constructor"] }] }]);
  index.fire(partyOf("b", "", {}));
  expect(index.inhibitorOf("a", {})).toBeUndefined();
});

test("an inhibition without names mutes every alert of the rule", () => {
  expect(indexOf(storm).inhibitorOf(southFridge.rule, southFridge.values)).toBe("storm");
});

test("of several inhibitors the one that the rule names first is told", () => {
  expect(indexOf(storm, power).inhibitorOf(fridge.rule, fridge.values)).toBe("gateway-power");
});

test("an inhibitor that begins tells the dependants that it mutes, in order of identity", () => {
  expect(indexOf(fridge, southFridge, otherFridge).fire(power)).toEqual([otherFridge, fridge]);
});

test("an inhibitor that ends tells the dependants that it muted", () => {
  expect(indexOf(power, fridge, otherFridge).rest(power)).toEqual([otherFridge, fridge]);
});

test("a second inhibitor of the same dependants is no news, nor is its end", () => {
  const second = partyOf("gateway-power", "north-2", { site: "north", device: "ups-2" });
  const index = indexOf(power, fridge);
  expect([index.fire(second), index.rest(second)]).toEqual([[], []]);
});

test("an alert that is told twice is told once", () => {
  const index = indexOf(power, power, fridge);
  index.rest(power);
  expect(index.inhibitorOf(fridge.rule, fridge.values)).toBeUndefined();
});

test("an inhibitor that is told again tells nobody again", () => {
  expect(indexOf(power, fridge).fire(power)).toEqual([]);
});

test("an alert that was not firing ends without effect", () => {
  expect(indexOf(fridge).rest(power)).toEqual([]);
});

test("a muted alert mutes its own dependants", () => {
  const chain = new InhibitionIndex([
    { id: "a", inhibit: [] },
    { id: "b", inhibit: [{ rule: "a", equal: [] }] },
    { id: "c", inhibit: [{ rule: "b", equal: [] }] },
  ]);
  chain.fire(partyOf("a", "", {}));
  chain.fire(partyOf("b", "", {}));
  expect(chain.inhibitorOf("c", {})).toBe("b");
});
