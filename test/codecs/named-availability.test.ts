import { expect, test } from "vitest";
import { autoPlan } from "../../src/codecs/auto.ts";
import { namedAvailabilityPlan } from "../../src/codecs/named-availability.ts";
import type { DecodePlan, PlanSpec } from "../../src/core/decode.ts";
import type { AvailabilityFact } from "../../src/core/fact.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const fact = (device: string, more: Partial<AvailabilityFact> = {}): AvailabilityFact => ({
  kind: "availability",
  source: "discovery",
  topic: "plant/status",
  device,
  readings: `${device}/state`,
  available: "online",
  unavailable: "offline",
  ...more,
});

function planOf(facts: readonly AvailabilityFact[]): (spec: PlanSpec) => DecodePlan {
  return (spec) => namedAvailabilityPlan(() => facts, autoPlan(spec));
}

const inState = fact("press", { path: "state" });

const tables: readonly [
  law: string,
  facts: readonly AvailabilityFact[],
  payload: string,
  rows: readonly FamilyRow[],
][] = [
  ["a word", [fact("press")], "online", [["press", "online", true]]],
  ["the other word", [fact("press")], "offline", [["press", "online", false]]],
  [
    "a word of the operator's",
    [fact("press", { available: "up", unavailable: "down" })],
    "down",
    [["press", "online", false]],
  ],
  [
    "a word of two devices",
    [fact("press"), fact("pump")],
    "offline",
    [
      ["press", "online", false],
      ["pump", "online", false],
    ],
  ],
  [
    "what was said last of one device",
    [fact("press"), fact("press", { available: "offline", unavailable: "x" })],
    "offline",
    [["press", "online", true]],
  ],
  ["a word in an object", [inState], '{"state":"offline"}', [["press", "online", false]]],
  [
    "a word deep in an object that holds more, and the rest",
    [fact("press", { path: "a.0.b", available: "True", unavailable: "False" })],
    '{"a":[{"b":false}],"ts":1762000000,"t":4}',
    [
      ["plant/status", "a.0.b", false],
      ["plant/status", "t", 4],
      ["press", "online", false],
    ],
  ],
  ["what is no such word, as without", [fact("press")], "21.5", [["plant", "status", 21.5]]],
  ["words in other letters, as without", [fact("press")], "Online", [["plant", "status", true]]],
  ["an object without the path, as without", [inState], '{"t":4}', [["plant/status", "t", 4]]],
  ["a plain word where an object is due, as without", [inState], "offline", [["plant", "status", false]]],
  ["everything as without, when nothing is said any more", [], "offline", [["plant", "status", false]]],
];

test.each(tables)("a named topic gives %s", (_, facts, payload, rows) => {
  expect(decoded(planOf(facts), "plant/status", payload).rows).toStrictEqual(rows);
});

test("the stamp of an object holds for both", () => {
  const { stampAt } = decoded(planOf([inState]), "plant/status", '{"state":"online","ts":1762000000}');
  expect(stampAt).toBe(1_762_000_000_000);
});

test.each([
  ["free text", "it is dark", "undetected"],
  ["an object that breaks off", '{"state":"online"', "malformed"],
  ["nothing", "", "empty"],
])("%s is refused as without", (_, payload, cause) => {
  expect(decoded(planOf([fact("press"), inState]), "plant/status", payload).cause).toBe(cause);
});

test("an object that cannot be decoded otherwise still says whether the device is there", () => {
  const payload = `{"state":"online","${"x".repeat(200)}":1}`;
  expect(decoded(planOf([inState]), "plant/status", payload).rows).toStrictEqual([["press", "online", true]]);
});
