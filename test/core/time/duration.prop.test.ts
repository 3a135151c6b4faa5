import fc from "fast-check";
import { expect, test } from "vitest";
import {
  durationHint,
  durationMsMax,
  formatDuration,
  parseDuration,
} from "../../../src/core/time/duration.ts";

test("what is written is read back as the same duration", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: durationMsMax }), (durationMs) => {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
    }),
  );
});

test("any text is read as a duration within bounds, or refused with a hint", () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^\d{1,30}(ms|[smhdw])(\d{1,3}(ms|[smhdw]))?$/));
  fc.assert(
    fc.property(texts, (text) => {
      const durationMs = parseDuration(text);
      expect(durationHint(text)).not.toBe("");
      if (durationMs === undefined) return;
      expect(Number.isInteger(durationMs)).toBe(true);
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(durationMs).toBeLessThanOrEqual(durationMsMax);
    }),
  );
});
