import { expect, test } from "vitest";
import type { RoleDefinition } from "../../../src/core/access/definition.ts";
import { allGrants, bindGrants, noGrants } from "../../../src/core/access/grants.ts";
import { bindPattern, patternFault } from "../../../src/core/access/topic-pattern.ts";
import { allTopics, CaseSource, modelAllows, modelCovers, modelMatches } from "./access-model.ts";

const nobody = { user: "", clientId: "" };

function subscribing(...subscribe: readonly string[]): RoleDefinition {
  return { name: "r", publish: [], subscribe, limits: {} };
}

test.each<readonly [grant: string, filter: string, covered: boolean]>([
  ["sensors/a/#", "sensors/+/#", false],
  ["sensors/a/#", "sensors/a/#", true],
  ["sensors/a/#", "sensors/a", true],
  ["sensors/a/#", "sensors/#", false],
  ["sensors/+", "sensors/#", false],
  ["sensors/+", "sensors/+", true],
  ["sensors/+", "sensors/", true],
  ["sensors/a", "sensors/+", false],
  ["sensors/#", "sensors/+/x", true],
  ["#", "+/x", true],
  ["#", "#", true],
  ["+/#", "#", true],
  ["a/+/#", "a/#", false],
  ["#", "$SYS/#", false],
  ["+/#", "$SYS/#", false],
  ["$SYS/#", "$SYS/+/uptime", true],
  ["$share/g/a", "$share/g/a", false],
])("a grant of %s covers a subscription to %s: %s", (grant, filter, covered) => {
  expect(bindGrants([subscribing(grant)], nobody).maySubscribe(filter)).toBe(covered);
});

test.each<readonly [pattern: string, user: string, clientId: string, filter: string | undefined]>([
  ["s/%u/#", "a", "x", "s/a/#"],
  ["s/%c", "a", "x", "s/x"],
  ["s/v1-%c-%u", "a", "x", "s/v1-x-a"],
  ["s/100%%", "a", "x", "s/100%"],
  ["s/%u", "a/b", "x", undefined],
  ["s/%u", "+", "x", undefined],
  ["s/%u/x", "#", "x", undefined],
  ["s/%u", "", "x", undefined],
  ["s/v%c", "a", "", undefined],
  ["%u/#", "$SYS", "x", undefined],
  ["%u%c/#", "$", "SYS", undefined],
  ["s/%u", "$&", "x", "s/$&"],
  ["s/%u", "%c", "x", "s/%c"],
])("the pattern %s for user %s and client id %s is %s", (pattern, user, clientId, filter) => {
  expect(bindPattern(pattern, { user, clientId })).toBe(filter);
});

test.each([
  ["", "one character"],
  ["a/#/b", "last level"],
  ["a#", "last level"],
  ["a/b+", "its level"],
  ["a/%x", "stands for nothing"],
  ["a/100%", "stands for nothing"],
  [Array.from({ length: 33 }, () => "a").join("/"), "levels"],
  ["a".repeat(1_025), "characters"],
])("the pattern %s is refused: %s", (pattern, why) => {
  expect(patternFault(pattern)).toContain(why);
});

test("without a role nothing is granted, and without rules everything that is not the broker's", () => {
  for (const topic of allTopics) {
    expect([noGrants.mayPublish(topic), noGrants.mayReceive(topic)]).toEqual([false, false]);
    expect(allGrants.mayReceive(topic)).toBe(!topic.startsWith("$"));
  }
  expect(noGrants.maySubscribe("a")).toBe(false);
  expect([allGrants.maySubscribe("#"), allGrants.maySubscribe("$SYS/#")]).toEqual([true, false]);
});

test("what is received can be narrower than what is subscribed to", () => {
  const role = { ...subscribing("#"), receive: ["s/%u"] };
  const grants = bindGrants([role], { user: "a", clientId: "" });
  expect([grants.maySubscribe("#"), grants.mayReceive("s/a"), grants.mayReceive("s/b")]).toEqual([
    true,
    true,
    false,
  ]);
});

function limited(limits: RoleDefinition["limits"]): RoleDefinition {
  return { ...subscribing("a"), limits };
}

test("of several roles the wider limit counts, and one that says nothing lifts none", () => {
  const roles = [limited({ inFlight: 4, connections: 1 }), limited({ inFlight: 9 }), limited({})];
  expect(bindGrants(roles, nobody).limits).toEqual({ inFlight: 9, connections: 1 });
});

test("100,000 random cases agree with the model", { timeout: 120_000 }, () => {
  const source = new CaseSource(20_260_901);
  const differing: string[] = [];
  let covered = 0;
  let delivered = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const role = source.role();
    const subject = { user: source.name(), clientId: source.name() };
    const [filter, topic] = [source.filter(), source.topic()];
    const grants = bindGrants([role], subject);
    const receive = role.receive ?? role.subscribe;
    const agrees =
      grants.mayPublish(topic) === modelAllows(role.publish, subject, topic) &&
      grants.mayReceive(topic) === modelAllows(receive, subject, topic) &&
      // Enumerating what a filter covers takes long: that of each tenth, and of the others what would be a leak.
      (round % 10 === 0
        ? grants.maySubscribe(filter) === modelCovers(role.subscribe, subject, filter)
        : !grants.maySubscribe(filter) ||
          !modelMatches(filter, topic) ||
          modelAllows(role.subscribe, subject, topic));
    if (!agrees) differing.push(JSON.stringify({ role, subject, filter, topic }));
    if (grants.mayReceive(topic)) delivered += 1;
    if (grants.maySubscribe(filter)) covered += 1;
  }
  expect(differing).toEqual([]);
  // Both answers are met often enough to mean something.
  expect(Math.min(covered, delivered)).toBeGreaterThan(3_000);
});
