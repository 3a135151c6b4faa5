import { expect, test } from "vitest";
import {
  durationHint,
  durationMsMax,
  formatDuration,
  parseDuration,
} from "../../../src/core/time/duration.ts";

test.each([
  ["0s", 0],
  ["1ms", 1],
  ["90s", 90_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["1w2d3h4m5s6ms", 788_645_006],
  ["7d", 604_800_000],
  ["36525d", durationMsMax],
])("%s is %d ms", (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each([
  ["", /whole numbers with a unit/],
  ["600", /"600s" for seconds/],
  ["-5m", /not negative/],
  ["1.5h", /whole numbers: "1h30m"/],
  ["1,5h", /whole numbers: "1h30m"/],
  ["30m1h", /largest unit first/],
  ["5m5m", /each unit once/],
  ["36526d", /up to 100 years/],
  ["99999999999999999999d", /up to 100 years/],
  ["5 min", /write "5m"/],
  ["2 Hours", /write "2h"/],
  ["90 seconds", /write "90s"/],
  ["250 milliseconds", /write "250ms"/],
  ["soon", /whole numbers with a unit/],
  ["5x", /whole numbers with a unit/],
  ["５m", /whole numbers with a unit/],
])("%j is refused with a hint that says what to write", (text, hint) => {
  expect(parseDuration(text)).toBeUndefined();
  expect(durationHint(text)).toMatch(hint);
});

test("a bare number is answered with the units it could have", () => {
  expect(durationHint(600)).toContain('"600s"');
});

test.each([
  [0, "0s"],
  [1, "1ms"],
  [90_000, "1m30s"],
  [5_400_000, "1h30m"],
  [604_800_000, "7d"],
])("%d ms is written as %s", (durationMs, expected) => {
  expect(formatDuration(durationMs)).toBe(expected);
});
