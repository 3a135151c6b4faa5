import fc from "fast-check";
import { expect, test } from "vitest";
import { hourOfWeekAt } from "../../../src/core/detect/local-hour.ts";

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "America/St_Johns",
];
// Since 1973 every zone is whole quarters of an hour from UTC.
const instant = fc.integer({ min: 100_000_000_000, max: 4_000_000_000_000 });

test("without a zone the hour is that of UTC", () => {
  fc.assert(
    fc.property(fc.integer({ min: -8e15, max: 8e15 }), (at) => {
      const date = new Date(at);
      expect(hourOfWeekAt(at)).toBe(((date.getUTCDay() + 6) % 7) * 24 + date.getUTCHours());
    }),
  );
});

test.each(zones)("in %s the hour is the one on the wall, in whatever order one asks", (timeZone) => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
  });
  fc.assert(
    fc.property(instant, fc.integer({ min: 0, max: 3_600_000 }), (at, later) => {
      expect(hourOfWeekAt(at + later, timeZone)).toBeTypeOf("number");
      const parts = Object.fromEntries(
        format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
      );
      const day = new Date(Date.UTC(parts["year"]!, parts["month"]! - 1, parts["day"])).getUTCDay();
      expect(hourOfWeekAt(at, timeZone)).toBe(((day + 6) % 7) * 24 + parts["hour"]!);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["before summer time begins", "2024-03-31T00:59:59Z", 6 * 24 + 1],
  ["after it has begun", "2024-03-31T01:00:00Z", 6 * 24 + 3],
  ["before summer time ends", "2024-10-27T00:59:59Z", 6 * 24 + 2],
  ["in the hour that comes again", "2024-10-27T01:59:59Z", 6 * 24 + 2],
  ["after it", "2024-10-27T02:00:00Z", 6 * 24 + 3],
  ["on Monday at midnight", "2024-07-07T22:00:00Z", 0],
])("in Berlin, %s", (_name, text, hour) => {
  expect(hourOfWeekAt(Date.parse(text), "Europe/Berlin")).toBe(hour);
});

test.each([Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 8.64e15])(
  "an instant of %d has an hour",
  (at) => {
    const hour = hourOfWeekAt(at, "Europe/Berlin");
    expect(Number.isInteger(hour) && hour >= 0 && hour < 168).toBe(true);
  },
);
