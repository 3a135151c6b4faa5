import { expect, test } from "vitest";
import { firingTable, shortDuration } from "../../../src/cli/rules/firing-table.ts";
import type { Firing } from "../../../src/core/rule/firings.ts";

const plain = { write: () => undefined, isTerminal: false, colour: false };

function firingOf(key: Readonly<Record<string, string>>): Firing {
  return {
    rule: "hot",
    key,
    fired: 1_200,
    totalMs: 0,
    longestMs: 0,
    firstAt: 0,
    lastAt: 0,
    stillFiring: false,
  };
}

test.each([
  [0, "0s"],
  [1, "1ms"],
  [1_499, "1s"],
  [59_999, "1m"],
  [3_725_000, "1h2m"],
  [90_061_000, "1d1h"],
  [10 * 86_400_000, "10d"],
])("%d ms are shown as %s", (durationMs, text) => {
  expect(shortDuration(durationMs)).toBe(text);
});

test.each([
  [{ device: "a" }, "a"],
  [{ site: "north", line: "2" }, "line=2 site=north"],
  [{}, "the alert"],
  [{ device: "a\u001b[2J" }, "a\\x1b[2J"],
])("the key %j is shown as %s", (key, text) => {
  expect(firingTable(plain, [firingOf(key)])[1]).toContain(`hot   ${text}  `);
});

test("of many rows the first are shown, and how many more there are", () => {
  const lines = firingTable(
    plain,
    Array.from({ length: 1_205 }, () => firingOf({ device: "a" })),
  );
  expect(lines).toHaveLength(202);
  expect(lines.at(-1)).toBe("and 1,005 more; --json prints all");
});
