import { expect, test } from "vitest";
import { PressureGauge } from "../../src/core/memory-pressure.ts";

function pressuresOf(...shares: readonly number[]): readonly string[] {
  const gauge = new PressureGauge();
  return shares.map((share) => {
    gauge.look(share, 0);
    return gauge.pressure;
  });
}

test.each([
  ["rises with what is used", [0.5, 0.84, 0.85, 0.94, 0.95, 2], "none none tight tight critical critical"],
  ["does not waver about a mark", [0.86, 0.84, 0.86, 0.84, 0.76], "tight tight tight tight tight"],
  ["ends a tenth below the mark", [0.86, 0.76, 0.74, 0.84], "tight tight none none"],
  [
    "falls as it has risen",
    [0.97, 0.9, 0.86, 0.84, 0.8, 0.74],
    "critical critical critical tight tight none",
  ],
  ["falls at once where all is free again", [0.97, 0.3], "critical none"],
])("the pressure %s", (_what, shares, expected) => {
  expect(pressuresOf(...shares).join(" ")).toBe(expected);
});

test("a look tells whether something has changed", () => {
  const gauge = new PressureGauge();
  expect([0.2, 0.9, 0.9, 0.99, 0.5, 0.5].map((share) => gauge.look(share, 0))).toEqual([
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
});

/** What is used, second by second; and the pressure. */
function seconds(...shares: readonly number[]): readonly string[] {
  const gauge = new PressureGauge();
  return shares.map((share, second) => {
    gauge.look(share, second * 1_000);
    return gauge.pressure;
  });
}

function times(count: number, share: number): readonly number[] {
  return Array.from({ length: count }, () => share);
}

test("what stays, and does not grow for a while, is no pressure; what grows beyond it is", () => {
  expect(seconds(0.87, ...times(9, 0.8)).at(-1)).toBe("tight");
  expect(seconds(0.87, ...times(10, 0.8)).at(-1)).toBe("none");
  expect(seconds(0.87, ...times(10, 0.8), 0.86).at(-1)).toBe("tight");
  expect(seconds(0.87, ...times(30, 0.87)).at(-1)).toBe("none");
  expect(seconds(0.87, ...times(30, 0.87), 0.91).at(-1)).toBe("none");
  expect(seconds(0.87, ...times(30, 0.87), 0.93).at(-1)).toBe("tight");
});

test("as long as it grows the pressure stays", () => {
  const growing = Array.from({ length: 40 }, (_, second) => 0.86 + second * 0.002);
  expect(new Set(seconds(...growing))).toEqual(new Set(["tight"]));
});

test("near the ceiling nobody new is let in, however long it stays there, and publishers are read again", () => {
  expect(seconds(...times(60, 0.96)).at(-1)).toBe("tight");
  expect(seconds(...times(60, 0.99)).at(-1)).toBe("critical");
});

test("once all is free the marks are where they were", () => {
  expect(seconds(...times(30, 0.87), 0.5, 0.86).at(-1)).toBe("tight");
});
