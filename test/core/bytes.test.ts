import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesHint, formatBytes, parseBytes } from "../../src/core/bytes.ts";

test.each([
  ["0B", 0],
  ["1B", 1],
  ["512MB", 512_000_000],
  ["2GiB", 2_147_483_648],
  ["1kB", 1_000],
  ["1KB", 1_000],
  ["1KiB", 1_024],
  ["1TiB", 1_099_511_627_776],
])("%s is %d bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "512", "2 GiB", "-1B", "1.5GiB", "2gib", "GiB", "99999999TiB"])("%j is refused", (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test("a bare number is answered with the size it would be", () => {
  expect(bytesHint(1_048_576)).toBe('add the unit: "1MiB"');
});

test("what is written is read back as the same size", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(parseBytes(formatBytes(bytes))).toBe(bytes);
    }),
  );
});
