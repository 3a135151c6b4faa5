import fc from "fast-check";
import { expect, test } from "vitest";
import { type StreamName, streamNames } from "../../../src/core/streams.ts";
import {
  batchAcknowledged,
  batchSent,
  nextRead,
  openWindow,
  type SendWindow,
  windowBounds,
} from "../../../src/core/sync/window.ts";

type Action =
  | { readonly kind: "grow"; readonly stream: StreamName; readonly by: number }
  | { readonly kind: "send"; readonly records: number; readonly bytes: number }
  | { readonly kind: "acknowledge"; readonly pick: number }
  | { readonly kind: "wait"; readonly forMs: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("grow" as const),
    stream: fc.constantFrom(...streamNames),
    by: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({
    kind: fc.constant("send" as const),
    records: fc.integer({ min: 1, max: 20 }),
    bytes: fc.integer({ min: 1, max: 98_304 }),
  }),
  fc.record({ kind: fc.constant("acknowledge" as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant("wait" as const), forMs: fc.integer({ min: 1, max: 8_000 }) }),
);

/** Runs actions as the forwarder would, and tells every window that came of it. */
function run(actions: readonly Action[]): {
  readonly windows: readonly SendWindow[];
  readonly moves: readonly { readonly stream: StreamName; readonly to: number }[];
  readonly acknowledged: ReadonlySet<string>;
} {
  let window = openWindow(windowBounds, { alerts: 0, status: 0, summaries: 0, ledger: 0 }, 0);
  const heads: Record<StreamName, number> = { alerts: 0, status: 0, summaries: 0, ledger: 0 };
  const windows: SendWindow[] = [window];
  const moves: { stream: StreamName; to: number }[] = [];
  const acknowledged = new Set<string>();
  let now = 0;
  let id = 0;
  for (const step of actions) {
    if (step.kind === "grow") heads[step.stream] += step.by;
    else if (step.kind === "wait") now += step.forMs;
    else if (step.kind === "send") {
      const next = nextRead(window, (stream) => heads[stream], now);
      if (next?.kind !== "read") continue;
      const to = Math.min(heads[next.stream], next.from + step.records - 1);
      id += 1;
      const { stream, from } = next;
      window = batchSent(window, { id, stream, from, to, bytes: step.bytes, sentAt: now });
    } else {
      const batch = window.inFlight[step.pick % Math.max(1, window.inFlight.length)];
      if (batch === undefined) continue;
      for (let seq = batch.from; seq <= batch.to; seq += 1) acknowledged.add(`${batch.stream}/${seq}`);
      const outcome = batchAcknowledged(window, batch.id, now);
      window = outcome.window;
      if (outcome.moved !== undefined) moves.push(outcome.moved);
    }
    windows.push(window);
  }
  return { windows, moves, acknowledged };
}

test("every record below a cursor is acknowledged, and cursors only grow", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const { moves, acknowledged } = run(actions);
      const cursors = new Map<StreamName, number>();
      for (const { stream, to } of moves) {
        const before = cursors.get(stream) ?? 0;
        expect(to).toBeGreaterThan(before);
        for (let seq = before + 1; seq <= to; seq += 1)
          expect(acknowledged.has(`${stream}/${seq}`)).toBe(true);
        cursors.set(stream, to);
      }
    }),
  );
});

test("what is in flight stays within its bounds, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      for (const window of run(actions).windows) {
        const open = window.inFlight.filter((batch) => !batch.acknowledged);
        const bytes = open.reduce((sum, batch) => sum + batch.bytes, 0);
        expect(window.inFlight.length).toBeLessThanOrEqual(windowBounds.batchesMax);
        expect(bytes).toBeLessThanOrEqual(windowBounds.inFlightBytesMax + 98_304);
        expect(window.allowance).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test("once everything is sent and acknowledged the cursors stand at the heads", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const drain: Action[] = Array.from({ length: 1_500 }, (_, index) =>
        index % 3 === 0
          ? { kind: "wait", forMs: 1_000 }
          : index % 3 === 1
            ? { kind: "send", records: 20, bytes: 100 }
            : { kind: "acknowledge", pick: 0 },
      );
      const heads = { alerts: 0, status: 0, summaries: 0, ledger: 0 };
      for (const step of actions) if (step.kind === "grow") heads[step.stream] += step.by;
      const last = run([...actions, ...drain]).windows.at(-1);
      for (const stream of streamNames) expect(last?.lanes[stream]?.cursor).toBe(heads[stream]);
      expect(last?.inFlight).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
