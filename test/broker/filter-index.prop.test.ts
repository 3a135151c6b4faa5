import fc from "fast-check";
import { expect, test } from "vitest";
import { FilterIndex } from "../../src/broker/filter-index.ts";
import { filterMatches } from "../../src/core/topic.ts";

const level = fc.constantFrom("", "a", "b", "$x", "constructor", "__proto__");
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 3 }), fc.constantFrom("#", "+", "a", ""))
  .map(([levels, last]) => [...levels, last].join("/"));

test("what is found follows every filter that comes or goes", () => {
  const step = fc.tuple(fc.boolean(), filter, fc.constantFrom("one", "two"));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), topic, (steps, name) => {
      const index = new FilterIndex<string>();
      const expected = new Map<string, string>();
      for (const [isAdded, one, key] of steps) {
        if (isAdded) {
          index.set(one, key, one);
          expected.set(`${key} ${one}`, one);
        } else {
          index.delete(one, key);
          expected.delete(`${key} ${one}`);
        }
        const found: string[] = [];
        index.forEach(name, (value) => found.push(value));
        const matching = [...expected.values()].filter((other) => filterMatches(other, name));
        expect(found.toSorted()).toEqual(matching.toSorted());
        expect(index.has(name)).toBe(matching.length > 0);
      }
    }),
  );
});

test("the index finds exactly the filters that match", () => {
  fc.assert(
    fc.property(
      fc.array(filter, { maxLength: 20 }),
      fc.array(filter, { maxLength: 10 }),
      topic,
      (added, removed, name) => {
        const index = new FilterIndex<string>();
        const expected = new Set(added);
        for (const one of added) index.set(one, "key", one);
        for (const one of removed) {
          index.delete(one, "key");
          expected.delete(one);
        }
        const found: string[] = [];
        index.forEach(name, (value) => found.push(value));
        const matching = [...expected].filter((one) => filterMatches(one, name));
        expect(found.toSorted()).toEqual(matching.toSorted());
        expect(index.has(name)).toBe(matching.length > 0);
        expect(index.size).toBe(expected.size);
      },
    ),
  );
});

test("keys under one filter are independent", () => {
  const index = new FilterIndex<number>();
  index.set("a/+", "one", 1);
  index.set("a/+", "two", 2);
  index.set("a/+", "two", 3);
  index.delete("a/+", "one");
  index.delete("a/+", "none");
  expect(index.get("a/+", "two")).toBe(3);
  expect(index.size).toBe(1);
});
