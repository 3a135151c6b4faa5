/** The same log gives the same alerts and summaries, wherever the gateway was restarted in between. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ruleZoo } from "../../support/rule-zoo.ts";
import { life, lived, replay } from "./life.ts";

test("a log that is folded again, with restarts anywhere, gives what it gave live, byte for byte", () => {
  fc.assert(
    fc.property(life, fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), (all, restarts) => {
      const live = lived(all);
      const again = replay(live.log, new Set(restarts));
      expect(JSON.stringify(again.effects)).toBe(JSON.stringify(live.effects));
      expect(again.end).toEqual(live.state.snapshot());
    }),
    { numRuns: 100 },
  );
});

test("lives of this kind raise alerts of every rule of the zoo", () => {
  const raised = new Set<string>();
  const reasons = new Set<string>();
  const states = new Set<string>();
  for (const all of fc.sample(life, { numRuns: 120, seed: 3 })) {
    for (const { alerts } of lived(all).effects) {
      for (const { rule, reason, state } of alerts) {
        raised.add(rule);
        reasons.add(reason);
        states.add(state);
      }
    }
  }
  const silent = ruleZoo.map(({ id }) => id).filter((id) => !raised.has(id));
  expect(silent).toEqual([]);
  expect([...reasons].toSorted()).toEqual([
    "acknowledge",
    "change",
    "escalate",
    "inhibited",
    "repeat",
    "revision",
    "shelf-ended",
    "shelve",
    "unacknowledge",
    "uninhibited",
    "unshelve",
  ]);
  expect([...states].toSorted()).toEqual(["firing", "flapping", "no-data", "ok", "pending", "resolved"]);
});
