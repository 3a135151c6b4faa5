/** How filters lie to each other, against every topic that could tell. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { filterCovers, filtersOverlap, isNarrower } from "../../src/core/filter-overlap.ts";
import { filterMatches } from "../../src/core/topic.ts";

const levelsMax = 3;
const names = ["a", "b", "$s", ""];

/** Every topic of up to one level more than the filters have, with a name that no filter has. */
const topics = everyPath(["a", "b", "$s", "", "other"], levelsMax + 1);

function everyPath(parts: readonly string[], length: number): string[] {
  if (length === 1) return [...parts];
  const shorter = everyPath(parts, length - 1);
  const longest = shorter.filter((path) => path.split("/").length === length - 1);
  return [...shorter, ...longest.flatMap((path) => parts.map((part) => `${path}/${part}`))];
}

const filter = fc
  .tuple(fc.array(fc.constantFrom(...names, "+"), { maxLength: levelsMax }), fc.boolean())
  .filter(([levels, open]) => levels.length > 0 || open)
  .map(([levels, open]) => [...levels, ...(open ? ["#"] : [])].join("/"))
  .filter((written) => written !== "");

function matched(written: string): Set<string> {
  return new Set(topics.filter((topic) => filterMatches(written, topic)));
}

test("there are topics enough to tell filters apart", () => {
  expect(topics).toHaveLength(5 + 25 + 125 + 625);
});

test("filters overlap when a topic is matched by both", () => {
  fc.assert(
    fc.property(filter, filter, (left, right) => {
      const both = matched(left).intersection(matched(right));
      expect(filtersOverlap(left, right)).toBe(both.size > 0);
      expect(filtersOverlap(right, left)).toBe(both.size > 0);
    }),
    { numRuns: 2_000 },
  );
});

test("a filter covers another when it matches every topic of it", () => {
  fc.assert(
    fc.property(filter, filter, (wide, narrow) => {
      expect(filterCovers(wide, narrow)).toBe(matched(narrow).isSubsetOf(matched(wide)));
    }),
    { numRuns: 2_000 },
  );
});

test("of two filters at most one is narrower", () => {
  fc.assert(
    fc.property(filter, filter, (left, right) => {
      const less = matched(left);
      const more = matched(right);
      expect(isNarrower(left, right)).toBe(less.isSubsetOf(more) && less.size < more.size);
    }),
    { numRuns: 1_000 },
  );
});
