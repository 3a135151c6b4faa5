import fc from "fast-check";
import { expect, test } from "vitest";
import { cleaned, conversionBetween, type Unit, unitOf, unitSpellings } from "../../src/core/unit.ts";

function unit(written: string): Unit {
  const found = unitOf(written);
  if (found === undefined) throw new Error(`${written} is not known`);
  return found;
}

test.each([
  ["Cel", "°C"],
  ["\u2103", "°C"],
  ["%RH", "%"],
  ["mbar", "hPa"],
  ["lux", "lx"],
  ["\u03bcg/m3", "µg/m³"],
  ["ug/m3", "µg/m³"],
  ["m/s2", "m/s²"],
  ["kW.h", "kWh"],
  ["L", "l"],
  ["deg", "°"],
  ["rpm", "1/min"],
  [" V ", "V"],
])("%s is written %s here", (written, symbol) => {
  expect(unit(written).symbol).toBe(symbol);
});

test.each(["mv", "KPA", "celsiuss", "", "__proto__"])("%j is no unit: case counts", (written) => {
  expect(unitOf(written)).toBeUndefined();
});

// Source: NIST SP 811, appendix B.8 and B.9.
test.each([
  ["°F", "°C", 212, 100],
  ["°F", "°C", -40, -40],
  ["K", "°C", 273.15, 0],
  ["hPa", "Pa", 1_013.25, 101_325],
  ["psi", "kPa", 100, 689.475_729_316_8],
  ["mV", "V", 2_977, 2.977],
  ["Wh", "kWh", 1_842, 1.842],
  ["Wmin", "Wh", 60, 1],
  ["km/h", "m/s", 36, 10],
  ["kn", "km/h", 1, 1.852],
  ["mG", "m/s²", 1_000, 9.806_65],
  ["1", "%", 0.5, 50],
  ["l/min", "m³/h", 100, 6],
  ["ft³", "m³", 1, 0.028_316_846_592],
])("%s becomes %s: %d is %d", (from, to, value, expected) => {
  const conversion = conversionBetween(unit(from), unit(to));
  expect(value * conversion!.scale + conversion!.offset).toBeCloseTo(expected, 9);
});

test.each([
  ["°C", "hPa"],
  ["W", "kWh"],
  ["dBm", "W"],
  ["VA", "W"],
])("%s does not become %s", (from, to) => {
  expect(conversionBetween(unit(from), unit(to))).toBeUndefined();
});

test.each(unitSpellings)("%s is stored in a unit that stays itself, and that it converts to", (written) => {
  const { symbol, canonical } = unit(written);
  expect(unit(symbol).symbol).toBe(symbol);
  expect(unit(canonical)).toMatchObject({ symbol: canonical, canonical });
  expect(conversionBetween(unit(written), unit(canonical))).toBeDefined();
});

test("there and back again is the same value", () => {
  const any = fc.constantFrom(...unitSpellings);
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(any, any, value, (from, to, written) => {
      const forth = conversionBetween(unit(from), unit(to));
      const back = conversionBetween(unit(to), unit(from));
      expect(forth === undefined).toBe(back === undefined);
      if (forth === undefined || back === undefined) return;
      const there = written * forth.scale + forth.offset;
      const error = Math.abs(there * back.scale + back.offset - written);
      expect(error).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(written), Math.abs(forth.offset)));
    }),
  );
});

test.each([
  [0.1 * 3, 0.3],
  [0.07 * 100, 7],
  [5 / 9, 5 / 9],
  [1 / 3.6, 1 / 3.6],
  [0, 0],
])("%d is cleaned to %d", (value, expected) => {
  expect(cleaned(value)).toBe(expected);
});
