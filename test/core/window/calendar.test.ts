import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WindowDefinition } from "../../../src/core/rule/definition.ts";
import { calendarOf } from "../../../src/core/window/calendar.ts";
import { type Bounds, decisionsOf } from "./bounded.ts";
import { unordered } from "./naive.ts";
import { compareRun, events, Run } from "./runs.ts";

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

interface Place {
  readonly zone: string;
  /** The day whose clock is set, as people there write it, at noon UTC. */
  readonly noon: number;
}

const places: readonly [name: string, place: Place][] = [
  ["Berlin, an hour lost", { zone: "Europe/Berlin", noon: Date.UTC(2026, 2, 29, 12) }],
  ["Berlin, an hour twice", { zone: "Europe/Berlin", noon: Date.UTC(2026, 9, 25, 12) }],
  ["New York, an hour lost", { zone: "America/New_York", noon: Date.UTC(2026, 2, 8, 12) }],
  ["New York, an hour twice", { zone: "America/New_York", noon: Date.UTC(2026, 10, 1, 12) }],
  ["Lord Howe, half an hour lost", { zone: "Australia/Lord_Howe", noon: Date.UTC(2026, 9, 3, 12) }],
  ["Lord Howe, half an hour twice", { zone: "Australia/Lord_Howe", noon: Date.UTC(2026, 3, 4, 12) }],
  ["Santiago, midnight lost", { zone: "America/Santiago", noon: Date.UTC(2025, 8, 7, 12) }],
  ["Santiago, the hour before midnight twice", { zone: "America/Santiago", noon: Date.UTC(2025, 3, 5, 12) }],
  ["Cairo, midnight lost", { zone: "Africa/Cairo", noon: Date.UTC(2025, 3, 25, 12) }],
  ["Kathmandu, no change and a quarter hour", { zone: "Asia/Kathmandu", noon: Date.UTC(2026, 5, 1, 12) }],
];

/** What a wall clock shows, in milliseconds since Monday 1970-01-05 of that clock. */
function wallOf(zone: string, at: number): number {
  const text = formatOf(zone).format(at);
  const [, month, day, year, hour, minute] = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+)/.exec(text)!.map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute) - Date.UTC(1970, 0, 5);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  formats.set(zone, format);
  return format;
}

/** When, around a day, the wall clock first reached each quarter of an hour, minute by minute. */
function quartersOf({ zone, noon }: Place): ReadonlyMap<number, number> {
  const known = quarters.get(zone + noon);
  if (known !== undefined) return known;
  const firstAt = new Map<number, number>();
  let next = Math.ceil(wallOf(zone, noon - 3 * dayMs) / quarterMs) * quarterMs;
  for (let at = noon - 3 * dayMs; at < noon + 3 * dayMs; at += minuteMs) {
    const wall = wallOf(zone, at);
    for (; next <= wall; next += quarterMs) firstAt.set(next, at);
  }
  quarters.set(zone + noon, firstAt);
  return firstAt;
}

const quarters = new Map<string, ReadonlyMap<number, number>>();

/** Decisions of windows: each at the first minute at which the wall clock has reached a multiple of `every`. */
function boundsOf(place: Place, size: number, every: number): readonly Bounds[] {
  const firstAt = quartersOf(place);
  return Array.from(firstAt.keys())
    .filter((wall) => wall % every === 0 && firstAt.has(wall - size))
    .map((wall) => ({ from: firstAt.get(wall - size)!, at: firstAt.get(wall)! }));
}

function tumbling(sizeMs: number, timezone: string): WindowDefinition {
  return { type: "tumbling", sizeMs, timezone, latenessMs: 0, reviseMs: 0, idleMs: 0 };
}

/** Bounds of the tumbling windows that hold something, for a sample in every quarter of an hour. */
function made(place: Place, sizeMs: number): readonly Bounds[] {
  const run = new Run(tumbling(sizeMs, place.zone), unordered);
  for (let at = place.noon - 2 * dayMs; at < place.noon + 2 * dayMs; at += quarterMs)
    run.window.add(1, at, run);
  // The first one began before the first sample.
  return run.made.slice(1).map(({ start, end }) => ({ from: start, at: end }));
}

describe.each(places)("in %s", (_name, place) => {
  test.each([quarterMs, 30 * minuteMs, hourMs, 2 * hourMs, 6 * hourMs, dayMs])(
    "windows of %i ms follow the wall clock",
    (size) => {
      const windows = made(place, size);
      const wanted = boundsOf(place, size, size).filter(({ from, at }) => at > from);
      expect(windows.length).toBeGreaterThan(0);
      const told = new Set(wanted.map(({ from, at }) => `${from} ${at}`));
      expect(windows.filter(({ from, at }) => !told.has(`${from} ${at}`))).toEqual([]);
      expect(windows.slice(1).every(({ from }, index) => from === windows[index]!.at)).toBe(true);
    },
  );

  test("hopping windows decide and revise what the definition says, whatever comes when", () => {
    const sizes = fc.constantFrom(
      [hourMs, 30 * minuteMs],
      [3 * hourMs, hourMs],
      [6 * hourMs, 6 * hourMs],
      [dayMs, 6 * hourMs],
    );
    const from = place.noon - dayMs;
    const lists = new Map<string, readonly Bounds[]>();
    const timing = fc.record({
      latenessMs: fc.nat(hourMs),
      reviseMs: fc.oneof(fc.constant(0), fc.nat(dayMs)),
    });
    fc.assert(
      fc.property(
        events(2 * dayMs - 1, 12),
        sizes,
        timing,
        (all, [size, every], { latenessMs, reviseMs }) => {
          const moved = all.map((event) => {
            if (event.type === "restore") return event;
            return event.type === "sample"
              ? { ...event, at: event.at + from }
              : { ...event, watermark: Math.min(event.watermark + from, place.noon + 2 * dayMs) };
          });
          const name = `${size} ${every}`;
          const list = lists.get(name) ?? boundsOf(place, size, every);
          lists.set(name, list);
          const run = new Run(
            {
              type: "hopping",
              sizeMs: size,
              everyMs: every,
              timezone: place.zone,
              latenessMs,
              reviseMs,
              idleMs: 0,
            },
            unordered,
          );
          const late = moved.map((event) => run.apply(event));
          const reference = decisionsOf(list, { latenessMs, reviseMs }, moved);
          compareRun(run.made, reference.expected, unordered);
          expect(late).toEqual(reference.late);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("local time never goes back, and an instant is the first with its local time", () => {
    const calendar = calendarOf(place.zone);
    fc.assert(
      fc.property(fc.integer({ min: -2 * dayMs, max: 2 * dayMs }), fc.nat(2 * hourMs), (offset, later) => {
        const at = place.noon + offset;
        const local = calendar.localOf(at);
        expect(calendar.localOf(at + later)).toBeGreaterThanOrEqual(local);
        const first = calendar.instantOf(local);
        expect(first).toBeLessThanOrEqual(at);
        expect(calendar.localOf(first)).toBe(local);
        expect(calendar.localOf(first - 1)).toBeLessThan(local);
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ["Europe/Berlin", Date.UTC(2026, 2, 29, 12), 23],
  ["Europe/Berlin", Date.UTC(2026, 9, 25, 12), 25],
  ["America/New_York", Date.UTC(2026, 2, 8, 12), 23],
  ["America/New_York", Date.UTC(2026, 10, 1, 17), 25],
  ["Australia/Lord_Howe", Date.UTC(2026, 9, 3, 20), 23.5],
  ["Australia/Lord_Howe", Date.UTC(2026, 3, 4, 20), 24.5],
  ["America/Santiago", Date.UTC(2025, 8, 7, 17), 23],
  ["America/Santiago", Date.UTC(2025, 3, 5, 17), 25],
  ["Africa/Cairo", Date.UTC(2025, 3, 25, 12), 23],
  ["Asia/Kathmandu", Date.UTC(2026, 5, 1, 12), 24],
])("the local day in %s that holds %i has %f hours", (zone, noon, hours) => {
  const day = made({ zone, noon }, dayMs).find(({ from, at }) => from <= noon && noon < at)!;
  expect((day.at - day.from) / hourMs).toBe(hours);
});

test("an hour that is repeated makes one window of two hours", () => {
  const lengths = made({ zone: "Europe/Berlin", noon: Date.UTC(2026, 9, 25, 12) }, hourMs).map(
    ({ from, at }) => (at - from) / hourMs,
  );
  expect(lengths.filter((length) => length !== 1)).toEqual([2]);
});

test("weeks begin on Monday, also the one with a lost hour", () => {
  const run = new Run(tumbling(7 * dayMs, "Europe/Berlin"), unordered);
  for (let day = 1; day <= 31; day += 1) run.window.add(1, Date.UTC(2026, 2, day, 12), run);
  expect(run.made.map(({ start, end }) => [start, end])).toEqual(
    [
      ["2026-02-23T00:00+01:00", "2026-03-02T00:00+01:00"],
      ["2026-03-02T00:00+01:00", "2026-03-09T00:00+01:00"],
      ["2026-03-09T00:00+01:00", "2026-03-16T00:00+01:00"],
      ["2026-03-16T00:00+01:00", "2026-03-23T00:00+01:00"],
      ["2026-03-23T00:00+01:00", "2026-03-30T00:00+02:00"],
    ].map((texts) => texts.map((text) => Date.parse(text))),
  );
});

test("an unknown zone is refused", () => {
  expect(() => calendarOf("Europe/Atlantis")).toThrow(RangeError);
});
