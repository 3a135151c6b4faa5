import { expect, test } from "vitest";
import { PressureGauge } from "../../src/core/memory-pressure.ts";

function pressuresOf(...shares: readonly number[]): readonly string[] {
  const gauge = new PressureGauge();
  return shares.map((share) => {
    gauge.look(share);
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
  expect([0.2, 0.9, 0.9, 0.99, 0.5, 0.5].map((share) => gauge.look(share))).toEqual([
    false,
    true,
    false,
    true,
    true,
    false,
  ]);
});
