import fc from "fast-check";
import { expect, test } from "vitest";
import { nameOfDevice } from "../../../src/cli/simulate/profile/device-names.ts";
import { civilStamp, epochStamp } from "../../../src/cli/simulate/profile/payload-stamps.ts";

test.each([
  ["cb:b8:33:4c:88:4f", "cb:b8:33:4c:89:17"],
  ["CB-B8-33-4C-88-FF", "CB-B8-33-4C-89-C7"],
  ["84fce612eff4", "84fce612f0bc"],
  ["0013430C981C", "0013430C98E4"],
  ["shellyflood-01792f", "shellyflood-0179f7"],
  ["00000001", "00000201"],
  ["279", "479"],
  ["field-1", "field-200"],
  ["kitchen", "kitchen-200"],
])("device 200 of a model whose example is %s is %s", (example, name) => {
  expect(nameOfDevice(example, 200)).toBe(name);
});

test("names of different devices differ, whatever the example is called", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[0-9a-f]{1,16}$/)),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (example, one, other) => {
        fc.pre(one !== other);
        expect(nameOfDevice(example, one)).not.toBe(nameOfDevice(example, other));
      },
    ),
  );
});

const at = Date.UTC(2027, 0, 15, 8, 0, 0, 123);

test.each([
  ["2025-11-01T12:26:40Z", "2027-01-15T08:00:00Z"],
  ["2025-11-01T12:26:40.123456789Z", "2027-01-15T08:00:00.123000000Z"],
  ["2025-11-01T12:26:40.5+00:00", "2027-01-15T08:00:00.1+00:00"],
  ["2025-11-01 12:26:40-05:30", "2027-01-15 02:30:00-05:30"],
  ["2025-11-01T13:26:40", "2027-01-15T08:00:00"],
])("the time %s is written %s later, in its own notation", (text, later) => {
  expect(civilStamp(text)?.write(at)).toBe(later);
});

test.each([
  ["1762000000", "1800000000"],
  ["1762000000.25", "1800000000.12"],
  ["1762000000123", "1800000000123"],
  ["1762000000123456", "1800000000123000"],
  ["1762000000123456789", "1800000000123000000"],
])("the epoch %s is written %s later, in its own unit", (text, later) => {
  expect(epochStamp(text)?.write(at)).toBe(later);
});

test("what a stamp writes reads as the instant, to its resolution", () => {
  const notations = ["2025-11-01T12:26:40.12+02:00", "2025-11-01T12:26:40Z"].map((text) => civilStamp(text)!);
  fc.assert(
    fc.property(fc.integer({ min: 1.1e12, max: 4e12 }), fc.constantFrom(...notations), (instant, stamp) => {
      const read = civilStamp(stamp.write(instant))!.at;
      expect(instant - read).toBeGreaterThanOrEqual(0);
      expect(instant - read).toBeLessThan(stamp.resolutionMs);
    }),
  );
});

test.each(["2025-13-01T00:00:00Z", "2024-12-31", "12:26:40", "22-31 days", "1234567", "-1762000000", ""])(
  "%j is no stamp",
  (text) => {
    expect(civilStamp(text)).toBeUndefined();
    expect(epochStamp(text)).toBeUndefined();
  },
);
