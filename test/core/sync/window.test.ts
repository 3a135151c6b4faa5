import { expect, test } from "vitest";
import {
  batchAcknowledged,
  batchSent,
  boundsWithin,
  burstBatches,
  nextRead,
  openWindow,
  overdueAt,
  type SendWindow,
  windowBounds,
} from "../../../src/core/sync/window.ts";
import type { StreamName } from "../../../src/core/streams.ts";

const none = { alerts: 0, status: 0, summaries: 0, ledger: 0 };
const heads =
  (known: Partial<Record<StreamName, number>>) =>
  (stream: StreamName): number =>
    known[stream] ?? 0;

/** Sends `count` batches of one record each, some time after the window was opened. */
function sent(window: SendWindow, stream: StreamName, count: number, bytes = 100, sentAt = 0): SendWindow {
  let next = window;
  for (let index = 0; index < count; index += 1) {
    const from = next.lanes[stream]?.nextSeq ?? 0;
    const id = next.inFlight.length + 1 + from * 100;
    next = batchSent(next, { id, stream, from, to: from, bytes, sentAt });
  }
  return next;
}

test("streams are read in the order of preference, whatever has waited longest", () => {
  let window = openWindow(windowBounds, none, 0);
  const order: (string | undefined)[] = [];
  for (let index = 0; index < 4; index += 1) {
    const next = nextRead(window, heads({ ledger: 1, summaries: 1, status: 1, alerts: 1 }), 0);
    if (next?.kind !== "read") break;
    order.push(next.stream);
    window = sent(window, next.stream, 1);
  }
  expect(order).toEqual(["alerts", "status", "summaries", "ledger"]);
});

test("a stream that is not named is not sent", () => {
  const window = openWindow(windowBounds, { ledger: 4 }, 0);
  expect(nextRead(window, heads({ alerts: 9, ledger: 5 }), 0)).toMatchObject({ stream: "ledger", from: 5 });
});

test("nothing is read when the streams have not grown", () => {
  expect(nextRead(openWindow(windowBounds, { alerts: 7 }, 0), heads({ alerts: 7 }), 0)).toBeUndefined();
});

test("a cursor does not pass a batch that is not acknowledged", () => {
  let window = openWindow(windowBounds, none, 0);
  for (const [id, from, to] of [
    [1, 1, 10],
    [2, 11, 11],
    [3, 12, 30],
  ] as const) {
    window = batchSent(window, { id, stream: "alerts", from, to, bytes: 100, sentAt: 0 });
  }
  const third = batchAcknowledged(window, 3, 1);
  expect(third.moved).toBeUndefined();
  const first = batchAcknowledged(third.window, 1, 2);
  expect(first.moved).toEqual({ stream: "alerts", to: 10 });
  const second = batchAcknowledged(first.window, 2, 3);
  expect(second.moved).toEqual({ stream: "alerts", to: 30 });
  expect(second.window.inFlight).toEqual([]);
});

test("an acknowledgement of another stream moves its own cursor only", () => {
  let window = openWindow(windowBounds, none, 0);
  window = batchSent(window, { id: 1, stream: "alerts", from: 1, to: 5, bytes: 100, sentAt: 0 });
  window = batchSent(window, { id: 2, stream: "ledger", from: 1, to: 2, bytes: 100, sentAt: 0 });
  const { moved, window: next } = batchAcknowledged(window, 2, 1);
  expect(moved).toEqual({ stream: "ledger", to: 2 });
  expect(next.lanes.alerts?.cursor).toBe(0);
});

test("an acknowledgement that was not waited for changes nothing", () => {
  const window = sent(openWindow(windowBounds, none, 0), "alerts", 1);
  expect(batchAcknowledged(window, 99, 1)).toEqual({ window });
});

test("a backlog leaves room for alerts", () => {
  let window = openWindow({ ...windowBounds, batchesPerSecondMax: 1_000 }, none, 0);
  let now = 0;
  for (;;) {
    now += 100;
    const next = nextRead(window, heads({ summaries: 1_000 }), now);
    if (next === undefined) break;
    window = sent(window, "summaries", 1, 100, now);
  }
  expect(window.inFlight.length).toBe(windowBounds.batchesMax - 2);
  expect(nextRead(window, heads({ summaries: 1_000, alerts: 1 }), now)).toMatchObject({ stream: "alerts" });
});

test("an alert goes although a slow line is full of summaries", () => {
  const window = sent(openWindow(windowBounds, none, 0), "summaries", 4, 90_000);
  expect(nextRead(window, heads({ summaries: 9 }), 0)).toBeUndefined();
  expect(nextRead(window, heads({ summaries: 9, alerts: 1 }), 0)).toMatchObject({ stream: "alerts" });
});

test("the server's limits hold where they are tighter than ours", () => {
  expect(boundsWithin(windowBounds, { receiveMax: 3, batchBytesMax: 900 })).toMatchObject({
    batchesMax: 3,
    batchBytesMax: 900,
  });
  expect(boundsWithin(windowBounds, { receiveMax: 65_535, batchBytesMax: 1e9 })).toEqual(windowBounds);
});

test("a server that takes one message at a time gets one at a time", () => {
  const window = openWindow(boundsWithin(windowBounds, { receiveMax: 1 }), none, 0);
  expect(nextRead(window, heads({ summaries: 9 }), 0)).toMatchObject({ kind: "read" });
  expect(nextRead(sent(window, "summaries", 1), heads({ summaries: 9, alerts: 1 }), 0)).toBeUndefined();
});

test("after a burst, batches wait for their turn by the second", () => {
  const window = sent(openWindow(windowBounds, none, 0), "alerts", burstBatches);
  expect(nextRead(window, heads({ alerts: 99 }), 0)).toEqual({ kind: "later", at: 20 });
  expect(nextRead(window, heads({ alerts: 99 }), 20)).toMatchObject({ kind: "read" });
});

test("prompt acknowledgements widen the window, up to its bound", () => {
  let window = openWindow(windowBounds, none, 0);
  const start = window.paceBytes;
  for (let id = 1; id <= 100; id += 1) {
    window = batchSent(window, {
      id,
      stream: "summaries",
      from: id,
      to: id,
      bytes: 50_000,
      sentAt: id * 100,
    });
    window = batchAcknowledged(window, id, id * 100 + 50).window;
  }
  expect(start).toBeLessThan(windowBounds.inFlightBytesMax);
  expect(window.paceBytes).toBe(windowBounds.inFlightBytesMax);
});

test("a line that crawls narrows the window once for the batches that were on it", () => {
  let window = sent(openWindow(windowBounds, none, 0), "summaries", 3, 8_000);
  const [first, second] = window.inFlight;
  const before = window.paceBytes;
  window = batchAcknowledged(window, first?.id ?? 0, 6_000).window;
  window = batchAcknowledged(window, second?.id ?? 0, 12_000).window;
  expect(window.paceBytes).toBe(before / 2);
});

test("the deadline runs from the last sign of life, and only while something is out", () => {
  let window = openWindow(windowBounds, none, 0);
  expect(overdueAt(window, 30_000)).toBeUndefined();
  window = sent(window, "alerts", 2, 100, 1_000);
  expect(overdueAt(window, 30_000)).toBe(31_000);
  window = batchAcknowledged(window, window.inFlight[0]?.id ?? 0, 20_000).window;
  expect(overdueAt(window, 30_000)).toBe(50_000);
  window = batchAcknowledged(window, window.inFlight[0]?.id ?? 0, 21_000).window;
  expect(overdueAt(window, 30_000)).toBeUndefined();
});
