import { expect, test } from "vitest";
import { Attention } from "../../../src/core/detect/anomaly-attention.ts";

const options = { restMin: 10, restShare: 0.1, restMax: 15, fatigue: 0.5, recovery: 100 };

/** Rows of nothing. */
function pass(attention: Attention, rows: number): void {
  for (let row = 0; row < rows; row += 1) attention.weigh(0.3, 1);
}

test("what has never alarmed is taken as it is", () => {
  expect(new Attention(options).weigh(0.7, 1)).toBe(0.7);
});

test("after an alarm the same surprise is none until the rest is over", () => {
  const attention = new Attention({ ...options, fatigue: 0 });
  expect(attention.weigh(1.5, 1)).toBe(1.5);
  pass(attention, 9);
  expect(attention.weigh(1.5, 1)).toBeLessThan(1);
  pass(attention, 1);
  expect(attention.weigh(1.5, 1)).toBe(1.5);
});

test("during the rest, what is twice as surprising as the alarm comes through", () => {
  const attention = new Attention({ ...options, fatigue: 0 });
  attention.weigh(1.5, 1);
  expect(attention.weigh(2.9, 1)).toBeLessThan(1);
  expect(attention.weigh(3.1, 1)).toBeGreaterThanOrEqual(1);
});

test("the rest grows with the rows seen, up to its limit", () => {
  const attention = new Attention({ ...options, fatigue: 0 });
  pass(attention, 1_000);
  attention.weigh(2, 1);
  pass(attention, 13);
  expect(attention.weigh(2, 1)).toBeLessThan(1);
  expect(attention.weigh(2, 1)).toBe(2);
});

test("each alarm of late raises what the next one has to show, and is forgotten with time", () => {
  const attention = new Attention(options);
  attention.weigh(2, 1);
  pass(attention, 15);
  expect(attention.weigh(1.2, 1)).toBeLessThan(1);
  pass(attention, 500);
  expect(attention.weigh(1.2, 1)).toBeGreaterThanOrEqual(1);
});

test("a bar of infinity is never reached", () => {
  expect(new Attention(options).weigh(1e9, Number.POSITIVE_INFINITY)).toBeLessThan(Number.POSITIVE_INFINITY);
});
