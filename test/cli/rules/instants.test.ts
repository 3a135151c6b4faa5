import { expect, test } from "vitest";
import { instantText, parseInstant, stampOf } from "../../../src/cli/rules/instants.ts";

const monday = Date.UTC(2026, 0, 5);

test.each([
  [monday, monday],
  [monday / 1_000, monday],
  [String(monday), monday],
  ["2026-01-05", monday],
  ["2026-01-05 00:00:01", monday + 1_000],
  ["2026-01-05T00:00:01.5", monday + 1_500],
  ["2026-01-05T00:00:00Z", monday],
  ["2026-01-05T01:00:00+01:00", monday],
])("%j is an instant", (written, at) => {
  expect(stampOf(written)).toBe(at);
});

test.each([
  [undefined],
  [null],
  [true],
  [{}],
  [""],
  ["monday"],
  ["2026-02-30"],
  ["2026-01-05 25:00:00"],
  ["x".repeat(99)],
  [Number.NaN],
  [-5],
])("%j is none", (written) => {
  expect(stampOf(written)).toBeNaN();
});

test.each([
  ["now", monday],
  ["-7d", monday - 7 * 86_400_000],
  ["-1h30m", monday - 5_400_000],
  ["2026-01-05", monday],
  ["-7", undefined],
  ["-", undefined],
  ["7d", undefined],
  ["yesterday", undefined],
])("%j on the command line is %j", (written, at) => {
  expect(parseInstant(written, monday)).toBe(at);
});

test("instants are shown in UTC, to the second", () => {
  expect(instantText(monday + 61_999)).toBe("2026-01-05 00:01:01");
});
