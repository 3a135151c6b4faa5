import { expect, test } from "vitest";
import { compareFirings, type Firing, FiringBooks } from "../../../src/core/rule/firings.ts";
import type { AlertRecord } from "../../../src/core/streams.ts";
import { alertOf } from "../../support/stores.ts";

function booksOf(...parts: readonly Partial<AlertRecord>[]): FiringBooks {
  const books = new FiringBooks();
  for (const [index, part] of parts.entries()) books.add(alertOf(index + 1, part));
  return books;
}

function firingOf(part: Partial<Firing>): Firing {
  return {
    rule: "warm",
    key: { device: "a" },
    fired: 1,
    totalMs: 10,
    longestMs: 10,
    firstAt: 0,
    lastAt: 0,
    stillFiring: false,
    ...part,
  };
}

test("firings are counted and their time is added up", () => {
  const books = booksOf(
    { state: "pending", at: 50 },
    { state: "firing", at: 100 },
    { state: "resolved", at: 130 },
    { state: "firing", at: 200 },
    { state: "resolved", at: 210 },
  );
  expect(books.firings(1_000)).toEqual([
    {
      rule: "warm",
      key: { device: "d1" },
      fired: 2,
      totalMs: 40,
      longestMs: 30,
      firstAt: 100,
      lastAt: 200,
      stillFiring: false,
    },
  ]);
});

test("an alert that was only pending has not fired", () => {
  expect(booksOf({ state: "pending" }, { state: "ok" }).firings(1_000)).toEqual([]);
});

test("what is firing at the end counts until then, and goes on afterwards", () => {
  const books = booksOf({ state: "firing", at: 100 });
  expect(books.firings(150)).toMatchObject([{ totalMs: 50, longestMs: 50, stillFiring: true }]);
  expect(books.firings(300)).toMatchObject([{ fired: 1, totalMs: 200, stillFiring: true }]);
});

test.each([
  ["a reminder", { state: "firing", reason: "repeat", at: 120 }],
  ["a higher severity", { state: "firing", severity: "critical", at: 120 }],
  ["a notice of flapping", { state: "flapping", at: 120 }],
  ["a firing in the past", { state: "firing", historical: true, at: 90 }],
  ["the end of one in the past", { state: "resolved", historical: true, at: 95 }],
] as const)("%s neither begins nor ends a firing", (_name, part) => {
  const books = booksOf({ state: "firing", at: 100 }, part, { state: "resolved", at: 140 });
  expect(books.firings(1_000)).toMatchObject([{ fired: 1, totalMs: 40, firstAt: 100, lastAt: 100 }]);
});

test("data that go missing end a firing, and are counted", () => {
  const books = booksOf({ state: "firing", at: 100 }, { state: "no-data", at: 130 });
  expect(books.firings(1_000)).toMatchObject([{ totalMs: 30, stillFiring: false }]);
  expect(books.noDataCount).toBe(1);
});

test("firings are ordered by rule and key, however they came", () => {
  const books = booksOf(
    { state: "firing", rule: "b", key: { device: "x" } },
    { state: "firing", rule: "a", key: { device: "z" } },
    { state: "firing", rule: "a", key: { device: "y" } },
  );
  expect(books.firings(0).map(({ rule, key }) => [rule, key["device"]])).toEqual([
    ["a", "y"],
    ["a", "z"],
    ["b", "x"],
  ]);
});

function listOf(part: Partial<Firing> | undefined): Firing[] {
  return part === undefined ? [] : [firingOf(part)];
}

test.each<[verdict: string, now: Partial<Firing> | undefined, before: Partial<Firing> | undefined]>([
  ["added", {}, undefined],
  ["gone", undefined, {}],
  ["more", { fired: 3, totalMs: 1 }, { fired: 2 }],
  ["fewer", { fired: 1, totalMs: 99 }, { fired: 2 }],
  ["longer", { totalMs: 11 }, {}],
  ["shorter", { totalMs: 9 }, {}],
  ["same", { firstAt: 7 }, {}],
])("%s is told where that is the difference", (verdict, now, before) => {
  expect(compareFirings(listOf(now), listOf(before))).toMatchObject([{ verdict, rule: "warm" }]);
});

test("every alert of both sets is compared once, in order", () => {
  const now = [firingOf({ rule: "a" }), firingOf({ rule: "c" })];
  const before = [firingOf({ rule: "b" }), firingOf({ rule: "c" })];
  expect(compareFirings(now, before).map(({ rule, verdict }) => [rule, verdict])).toEqual([
    ["a", "added"],
    ["b", "gone"],
    ["c", "same"],
  ]);
});
