import fc from "fast-check";
import { expect, test } from "vitest";
import { FlapFilter, flapHistoryMax, type ToldChange } from "../../../src/core/alert/flap.ts";
import { type AlertChange, stepAlert } from "../../../src/core/alert/lifecycle.ts";
import { AlertStatus } from "../../../src/core/alert/status.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

const definitions = fc
  .record({
    one: fc.double({ min: 0, max: 1, noNaN: true }),
    other: fc.double({ min: 0.01, max: 1, noNaN: true }),
    history: fc.integer({ min: 1, max: flapHistoryMax }),
  })
  .map(({ one, other, history }) => ({ low: Math.min(one, other), high: Math.max(one, other), history }));

/** Calm and lively stretches. */
const judgements = fc
  .array(
    fc.oneof(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc
        .record({ holds: fc.boolean(), count: fc.nat(60) })
        .map(({ holds, count }) => Array<boolean>(count).fill(holds)),
    ),
    { maxLength: 6 },
  )
  .map((stretches) => stretches.flat());

const noDelay = { forMs: 0, keepFiringForMs: 0 };

function changesOf(holds: readonly boolean[]): (AlertChange | undefined)[] {
  const status = new AlertStatus();
  return holds.map((one, at) => stepAlert(status, noDelay, at, one ? 0 : -1));
}

/** The weighted sum over the last decisions, written out. */
function shareOf(changed: readonly boolean[], history: number): number {
  const known = changed.slice(-history);
  const last = [...Array<boolean>(history - known.length).fill(false), ...known];
  const weights = last.map((_, index) => (history === 1 ? 1 : 0.8 + (0.4 * index) / (history - 1)));
  return last.reduce((total, one, index) => total + (one ? weights[index]! : 0), 0) / history;
}

test("the share is the weighted share of changes among the last decisions, between 0 and 1", () => {
  fc.assert(
    fc.property(definitions, judgements, ({ history }, holds) => {
      const filter = new FlapFilter();
      const status = new AlertStatus();
      const changed: boolean[] = [];
      for (const [at, one] of holds.entries()) {
        const change = stepAlert(status, noDelay, at, one ? 0 : -1);
        filter.step({ low: 0, high: 2, history }, status, at, change);
        changed.push(change !== undefined);
        expect(filter.share(history)).toBeCloseTo(shareOf(changed, history), 10);
        expect(filter.share(history)).toBeLessThanOrEqual(1 + 1e-12);
      }
    }),
    { numRuns: 50 },
  );
});

/** Begins at a change with a share of `high` or more, ends with a share of `low` or less. */
function statesByDefinition(
  definition: { low: number; high: number; history: number },
  holds: readonly boolean[],
): (string | undefined)[] {
  const changes = changesOf(holds);
  let flapping = false;
  return changes.map((change, index) => {
    const changed = changes.slice(0, index + 1).map((one) => one !== undefined);
    const share = shareOf(changed, definition.history);
    if (flapping && share <= definition.low) {
      flapping = false;
      return holds[index]! ? "firing" : "resolved";
    }
    if (flapping) return undefined;
    if (change === undefined || share < definition.high) return change?.state;
    flapping = true;
    return "flapping";
  });
}

function run(
  filter: FlapFilter,
  definition: Parameters<FlapFilter["step"]>[0],
  holds: readonly boolean[],
): (ToldChange | undefined)[] {
  const status = new AlertStatus();
  return holds.map((one, at) =>
    filter.step(definition, status, at, stepAlert(status, noDelay, at, one ? 0 : -1)),
  );
}

test("notices come and go as the share crosses the bounds", () => {
  fc.assert(
    fc.property(definitions, judgements, (definition, holds) => {
      // Shares on a bound depend on the order of a sum; that law is kept by the examples.
      const changed = changesOf(holds).map((change) => change !== undefined);
      const shares = changed.map((_, index) => shareOf(changed.slice(0, index + 1), definition.history));
      fc.pre(
        shares.every(
          (share) => share === 0 || bounds(definition).every((one) => Math.abs(one - share) > 1e-9),
        ),
      );
      const told = run(new FlapFilter(), definition, holds);
      expect(told.map((one) => one?.state)).toEqual(statesByDefinition(definition, holds));
    }),
    { numRuns: 100 },
  );
});

function bounds({ low, high }: { low: number; high: number }): number[] {
  return [low, high];
}

function written(filter: FlapFilter): Uint8Array {
  const writer = new SnapshotWriter(64);
  filter.write(writer);
  return writer.finish();
}

function restored(bytes: Uint8Array): FlapFilter {
  const filter = new FlapFilter();
  const reader = new SnapshotReader(bytes);
  filter.read(reader);
  expect(reader.finished).toBe(true);
  return filter;
}

test("written and read anywhere, a filter goes on as if nothing had been", () => {
  fc.assert(
    fc.property(definitions, judgements, fc.nat(150), (definition, holds, cut) => {
      const whole = new FlapFilter();
      let parted = new FlapFilter();
      const status = new AlertStatus();
      for (const [at, one] of holds.entries()) {
        if (at === cut) parted = restored(written(parted));
        const change = stepAlert(status, noDelay, at, one ? 0 : -1);
        expect(parted.step(definition, status, at, change)).toEqual(
          whole.step(definition, status, at, change),
        );
        expect(written(parted)).toEqual(written(whole));
      }
    }),
    { numRuns: 50 },
  );
});
