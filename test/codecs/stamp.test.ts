import fc from "fast-check";
import { expect, test } from "vitest";
import { stampOfDigits, stampOfNumber, stampOfText } from "../../src/codecs/stamp.ts";

const textStamp = (text: string): number => stampOfText(Buffer.from(text), 0, Buffer.byteLength(text));
const digitsStamp = (text: string): number => stampOfDigits(Buffer.from(text), 0, text.length);

test.each([
  ["seconds", 1_762_000_000, 1_762_000_000_000],
  ["seconds with a fraction", 1_762_000_000.123, 1_762_000_000_123],
  ["the first second of ten digits", 1e9, 1e12],
  ["milliseconds", 1_762_000_000_123, 1_762_000_000_123],
  ["milliseconds with a fraction", 1_762_000_000_123.9, 1_762_000_000_123],
  ["microseconds", 1_762_000_000_123_999, 1_762_000_000_123],
  ["nanoseconds", 1_762_000_000_123_999_744, 1_762_000_000_123],
])("an epoch in %s is told by its magnitude", (_, epoch, at) => {
  expect(stampOfNumber(epoch)).toBe(at);
});

test.each([0, -0, 1, -1_762_000_000, 999_999_999, 1e11, 1e14, 1e17, 1e300, Infinity, -Infinity, Number.NaN])(
  "%d is not a time",
  (epoch) => {
    expect(stampOfNumber(epoch)).toBeNaN();
  },
);

test("nanoseconds in digits are exact to the last one", () => {
  expect(digitsStamp("1762000000123999999")).toBe(1_762_000_000_123);
  expect(digitsStamp("1762000000124000000")).toBe(1_762_000_000_124);
});

test("digits and the number they write are the same time", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), (epoch) => {
      const isExact = epoch <= BigInt(Number.MAX_SAFE_INTEGER);
      const stamp = digitsStamp(epoch.toString());
      expect(digitsStamp(`00${epoch}`)).toBe(stamp);
      expect(isExact ? stampOfNumber(Number(epoch)) : stamp).toBe(stamp);
    }),
  );
});

test("a time that Date writes is read back as itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e12, max: 2e14 }), (at) => {
      expect(textStamp(new Date(at).toISOString())).toBe(at);
    }),
  );
});

test.each([
  ["2025-11-01T12:26:40Z", 1_762_000_000_000],
  ["2025-11-01t12:26:40z", 1_762_000_000_000],
  ["2025-11-01 12:26:40Z", 1_762_000_000_000],
  ["2025-11-01T12:26:40.1Z", 1_762_000_000_100],
  ["2025-11-01T12:26:40.123999999Z", 1_762_000_000_123],
  ["2025-11-01T13:26:40+01:00", 1_762_000_000_000],
  ["2025-11-01T06:56:40.5-05:30", 1_762_000_000_500],
  ["2025-11-01T12:26:40-00:00", 1_762_000_000_000],
  ["2024-02-29T00:00:00Z", 1_709_164_800_000],
  ["2016-12-31T23:59:60Z", 1_483_228_800_000],
  ["1762000000", 1_762_000_000_000],
  ["1762000000123", 1_762_000_000_123],
  ["1762000000123999999", 1_762_000_000_123],
])("%s is %d", (text, at) => {
  expect(textStamp(text)).toBe(at);
});

test.each([
  "",
  "now",
  "2025-11-01",
  "2025-11-01T12:26:40",
  "2025-11-01T12:26:40.123456",
  "2025-11-01T12:26:40.Z",
  "2025-11-01T12:26Z",
  "2025-11-01T12:26:40Zx",
  "2025-11-01T12:26:40+0100",
  "2025-11-01T12:26:40+25:00",
  "2025-11-01T12:26:40+01:60",
  "2025-11-01T24:00:00Z",
  "2025-11-01T12:60:00Z",
  "2025-11-01T12:00:61Z",
  "2025-13-01T12:26:40Z",
  "2025-00-01T12:26:40Z",
  "2025-11-31T12:26:40Z",
  "2025-02-29T12:26:40Z",
  "2100-02-29T12:26:40Z",
  "2025/11/01T12:26:40Z",
  "1970-01-01T00:00:05Z",
  "-1762000000",
  "17620000001239999999999999999",
  "1762000000.5",
])("%j is not a time that everybody would read alike", (text) => {
  expect(textStamp(text)).toBeNaN();
});
