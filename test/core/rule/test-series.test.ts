import { expect, test } from "vitest";
import { parseTestSeries, seriesSamplesMax } from "../../../src/core/rule/test-series.ts";

test.each([
  ["7", [7]],
  ["-1.5e3 2", [-1500, 2]],
  ["4x3", [4, 4, 4]],
  ["0+2x4", [0, 2, 4, 6]],
  ["10-1x3", [10, 9, 8]],
  ["-3-0.5x3", [-3, -3.5, -4]],
  ["-2+1x3", [-2, -1, 0]],
  ["1e-3x2", [0.001, 0.001]],
  ["_ 1 _x2", [null, 1, null, null]],
  ["true false", [true, false]],
  ["truex2 falsex1", [true, true, false]],
  ["  1\n\t2  ", [1, 2]],
  ["1 stale", [1, "stale"]],
])("%j is a series", (text, values) => {
  expect(parseTestSeries(text)).toEqual({ ok: true, values });
});

test("a rising term does not add up rounding errors", () => {
  const read = parseTestSeries("0+0.1x11");
  expect(read.ok && read.values.at(-1)).toBe(1);
});

test.each([
  ["", 0, "4x5"],
  ["4x5 4*5", 4, '"4x5"'],
  ["4X5", 0, '"4x5"'],
  ["1, 2", 0, "blanks"],
  ["1 null", 2, '"_"'],
  ["1 on", 2, '"true"'],
  ["5+2", 0, '"5+2x10"'],
  [".5", 0, '"0.5"'],
  ["+5", 0, '"5"'],
  ["4x0", 0, "how many"],
  ["4x-1", 0, "terms are"],
  ["4x1.5", 0, "terms are"],
  ["_+1x3", 0, "terms are"],
  ["stalex2", 0, "terms are"],
  ["stale 5", 6, 'end with "stale"'],
  ["1 1e999", 2, "smaller"],
  ["1e308+1e308x9", 0, "smaller"],
  [`1 0x${seriesSamplesMax}`, 2, "longer interval"],
  ["1x99999999999999999999", 0, "longer interval"],
])("%j is refused at its character %d", (text, offset, hint) => {
  const read = parseTestSeries(text);
  expect(read).toMatchObject({ ok: false, problems: [{ offset, hint: expect.stringContaining(hint) }] });
});

test("every bad term is named, up to eight", () => {
  const read = parseTestSeries("a 1 b 2 c");
  expect(read.ok ? [] : read.problems.map(({ offset }) => offset)).toEqual([0, 4, 8]);
  const many = parseTestSeries("a ".repeat(1_000));
  expect(many.ok ? [] : many.problems).toHaveLength(8);
});

test("as many samples as are possible are taken", () => {
  const read = parseTestSeries(`0+1x${seriesSamplesMax}`);
  expect(read.ok && read.values.length).toBe(seriesSamplesMax);
});
