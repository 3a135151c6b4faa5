/** Runs windows over events, and tells what they decided. */
import fc from "fast-check";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import type { AggregateDefinition, WindowDefinition } from "../../../src/core/rule/definition.ts";
import type { Pane } from "../../../src/core/window/pane.ts";
import { PaneStore } from "../../../src/core/window/pane-store.ts";
import { type AggregatePlan, planAggregates } from "../../../src/core/window/plan.ts";
import { openWindow, type Decider, type WindowState } from "../../../src/core/window/window.ts";
import { ddSketches } from "../../../src/sketch/ddsketch.ts";
import { aggregateOf, close, inOrder, type Sample } from "./naive.ts";

export type Event =
  | ({ readonly type: "sample" } & Sample)
  | { readonly type: "settle"; readonly watermark: number }
  /** Its state is written to bytes, and another window goes on from them. */
  | { readonly type: "restore" };

/** A decision as it should be: over these samples. */
export interface Expected {
  readonly at: number;
  /** 0 when it is made for the first time. */
  readonly revision: number;
  readonly held: boolean;
  readonly samples: readonly Sample[];
  /** Where the window says so: the start of its stretch, which then ends at `at`. */
  readonly from?: number;
}

export interface Made {
  readonly at: number;
  readonly revision: number;
  /** What it said before; false at first. */
  readonly held: boolean;
  readonly start: number;
  readonly end: number;
  readonly values: readonly number[];
}

/** Samples within a stretch, most of them near in order; now and then silence, or a cut. */
export function events(untilMs: number, lengthMax: number): fc.Arbitrary<readonly Event[]> {
  const at = fc.nat(untilMs);
  const value = fc.integer({ min: -20, max: 30 });
  const one = fc.oneof(
    { weight: 12, arbitrary: fc.record({ type: fc.constant("sample" as const), at, value }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("settle" as const), watermark: fc.nat(2 * untilMs) }),
    },
    { weight: 1, arbitrary: fc.constant({ type: "restore" as const }) },
  );
  return fc
    .tuple(fc.array(one, { maxLength: lengthMax, size: "max" }), fc.boolean())
    .map(([all, ordered]) => (ordered ? ordering(all) : all));
}

/** The same events, with their samples in order of time. */
function ordering(all: readonly Event[]): readonly Event[] {
  const stamps = all
    .flatMap((event) => (event.type === "sample" ? [event.at] : []))
    .toSorted((a, b) => a - b);
  let next = 0;
  return all.map((event) => {
    if (event.type !== "sample") return event;
    next += 1;
    return { ...event, at: stamps[next - 1]! };
  });
}

/** Whether a decision holds, from what every reference knows of it. */
export function holdsOf(count: number, sum: number): boolean {
  return (count + Math.abs(sum)) % 3 === 0;
}

export class Run implements Decider {
  readonly made: Made[] = [];
  readonly #definition: WindowDefinition;
  readonly #plan: AggregatePlan;
  #store: PaneStore = new PaneStore(ddSketches);
  window: WindowState;

  constructor(definition: WindowDefinition, aggregates: readonly AggregateDefinition[]) {
    this.#definition = definition;
    this.#plan = planAggregates(aggregates);
    this.window = openWindow(definition, this.#plan, this.#store);
  }

  /** Panes that the window holds. */
  get panes(): number {
    return this.#store.size;
  }

  decide(at: number, pane: Pane): boolean {
    return this.#note(at, pane, 0, false);
  }

  revise(at: number, pane: Pane, revision: number, held: boolean): boolean {
    return this.#note(at, pane, revision, held);
  }

  #note(at: number, pane: Pane, revision: number, held: boolean): boolean {
    const values = Array.from({ length: 32 }, () => 0);
    this.#plan.measure(pane, values, 1_000);
    this.made.push({ at, revision, held, start: pane.start, end: pane.end, values });
    return holdsOf(pane.count, pane.sum);
  }

  /** @returns whether it was late. */
  apply(event: Event): boolean {
    if (event.type === "sample") return this.window.add(event.value, event.at, this);
    if (event.type === "settle") this.window.settle(event.watermark, this);
    else this.restore();
    return false;
  }

  restore(): void {
    const bytes = this.bytes();
    this.#store = new PaneStore(ddSketches);
    this.window = openWindow(this.#definition, this.#plan, this.#store);
    const reader = new SnapshotReader(bytes);
    this.window.read(reader);
    if (!reader.finished) throw new Error("bytes are left over");
    if (Buffer.compare(bytes, this.bytes()) !== 0) throw new Error("what was read is written differently");
  }

  bytes(): Uint8Array {
    const writer = new SnapshotWriter();
    this.window.write(writer);
    return writer.finish();
  }
}

/** Throws when a run has not made these decisions. */
export function compareRun(
  made: readonly Made[],
  expected: readonly Expected[],
  aggregates: readonly AggregateDefinition[],
): void {
  const told = (all: readonly (Made | Expected)[]): string =>
    all.map(({ at, revision, held }) => `${at}#${revision}${held ? "!" : ""}`).join(" ");
  if (told(made) !== told(expected)) throw new Error(`made ${told(made)}, not ${told(expected)}`);
  for (const [index, { at, samples, from }] of expected.entries()) {
    const { start, end } = made[index]!;
    if (from !== undefined && (start !== from || end !== at)) {
      throw new Error(`bounds are ${start} to ${end}, not ${from} to ${at}`);
    }
    const sorted = inOrder(samples);
    for (const [field, aggregate] of aggregates.entries()) {
      const value = made[index]!.values[field]!;
      const right = aggregateOf(aggregate, sorted);
      if (!close(value, right)) throw new Error(`${aggregate.name} at ${at} is ${value}, not ${right}`);
    }
  }
}
