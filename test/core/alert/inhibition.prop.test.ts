import fc from "fast-check";
import { expect, test } from "vitest";
import { InhibitionIndex, type InhibitionParty } from "../../../src/core/alert/inhibition.ts";

const names = ["device", "site", "line"] as const;
const ruleIds = ["r0", "r1", "r2", "r3"] as const;

const ruleSets = fc
  .tuple(
    ...ruleIds.map(() =>
      fc.array(
        fc.record({ rule: fc.constantFrom(...ruleIds), equal: fc.uniqueArray(fc.constantFrom(...names)) }),
        { maxLength: 3 },
      ),
    ),
  )
  .map((inhibits) => inhibits.map((inhibit, index) => ({ id: ruleIds[index]!, inhibit })));

const parties = fc
  .array(
    fc.record({
      rule: fc.constantFrom(...ruleIds),
      values: fc.dictionary(fc.constantFrom(...names), fc.constantFrom("x", "y"), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) =>
    list.map((party, index): InhibitionParty => ({ ...party, identity: `${party.rule} ${index}` })),
  );

type Rules = readonly { id: string; inhibit: readonly { rule: string; equal: readonly string[] }[] }[];

/** Looks at every firing alert for every inhibition. */
function inhibitorByDefinition(
  rules: Rules,
  firing: Iterable<InhibitionParty>,
  party: InhibitionParty,
): string | undefined {
  const all = [...firing];
  return rules
    .find(({ id }) => id === party.rule)!
    .inhibit.find(({ rule, equal }) =>
      all.some(
        (one) =>
          one.rule === rule &&
          equal.every((name) => one.values[name] !== undefined && one.values[name] === party.values[name]),
      ),
    )?.rule;
}

const moves = fc.array(fc.record({ fires: fc.boolean(), index: fc.nat() }), { maxLength: 30 });

test("an alert is muted exactly when some firing alert of a named rule has equal values, and who begins or ceases to be is told", () => {
  fc.assert(
    fc.property(ruleSets, parties, moves, (rules, all, steps) => {
      const index = new InhibitionIndex<InhibitionParty>(rules);
      const firing = new Set<InhibitionParty>();
      for (const step of steps) {
        const party = all[step.index % all.length]!;
        const before = new Map([...firing].map((one) => [one, inhibitorByDefinition(rules, firing, one)]));
        if (step.fires) firing.add(party);
        else firing.delete(party);
        const told = step.fires ? index.fire(party) : index.rest(party);
        const answers = all.map((one) => index.inhibitorOf(one.rule, one.values));
        expect(answers).toEqual(all.map((one) => inhibitorByDefinition(rules, firing, one)));
        const changed = [...firing].filter(
          (one) => before.has(one) && before.get(one) !== inhibitorByDefinition(rules, firing, one),
        );
        expect(told).toEqual(expect.arrayContaining(changed));
        expect(told.every((one) => firing.has(one))).toBe(true);
      }
    }),
  );
});

test("told anew in another order after a restart, an index answers and tells the same", () => {
  fc.assert(
    fc.property(ruleSets, parties, fc.nat(), (rules, all, pick) => {
      const index = new InhibitionIndex<InhibitionParty>(rules);
      const rebuilt = new InhibitionIndex<InhibitionParty>(rules);
      for (const party of all) index.fire(party);
      for (const party of all.toReversed()) rebuilt.fire(party);
      const ending = all[pick % all.length]!;
      expect(rebuilt.rest(ending)).toEqual(index.rest(ending));
      expect(rebuilt.fire(ending)).toEqual(index.fire(ending));
    }),
  );
});
