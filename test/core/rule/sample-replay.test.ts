import { expect, test } from "vitest";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { RuleDefinition } from "../../../src/core/rule/definition.ts";
import { Replay } from "../../../src/core/rule/replay.ts";
import { SampleReplay } from "../../../src/core/rule/sample-replay.ts";
import { levelsOf, ruleOf, windowOf } from "../../support/records.ts";

const startAt = 1_767_571_200_000;
const single = ruleOf({
  window: windowOf({ type: "none" }),
  aggregates: [],
  levels: levelsOf({ field: "value", op: ">", value: 8 }),
});

function open(rule: RuleDefinition): { readonly replay: Replay; readonly samples: SampleReplay } {
  const replay = new Replay({ rules: [rule], devices: [], state: new FoldState() });
  return { replay, samples: new SampleReplay([replay]) };
}

test("years without a sample are passed in no time, and silence is noticed in them", () => {
  const { replay, samples } = open({ ...single, noData: { afterMs: 900_000, state: "firing" } });
  const series = samples.seriesOf("a", "temperature");
  samples.add(series, 1, startAt);
  samples.add(series, 1, startAt + 5 * 365 * 86_400_000);
  samples.flush();
  expect(replay.books.firings(0)).toMatchObject([{ fired: 1, firstAt: startAt + 900_000 }]);
});

test("samples out of order are counted, and stay what they are", () => {
  const { replay, samples } = open(single);
  const series = samples.seriesOf("a", "temperature");
  for (const [minutes, value] of [
    [10, 1],
    [0, 1],
    [9.5, 1],
    [11, 9],
  ] as const) {
    samples.add(series, value, startAt + minutes * 60_000);
  }
  samples.flush();
  expect(samples).toMatchObject({
    sampleCount: 4,
    disorderCount: 1,
    startAt,
    endAt: startAt + 11 * 60_000,
    seriesCount: 1,
  });
  expect(replay.books.firings(0)).toMatchObject([{ firstAt: startAt + 11 * 60_000 }]);
});

test("texts and truth values are taken like numbers", () => {
  const { replay, samples } = open({ ...single, levels: levelsOf({ field: "value", op: "==", value: 1 }) });
  const series = samples.seriesOf("a", "temperature");
  for (const [index, value] of (["open", false, true] as const).entries()) {
    samples.add(series, value, startAt + index * 1_000);
  }
  samples.flush();
  expect(replay.books.firings(0)).toMatchObject([{ fired: 1, firstAt: startAt + 2_000 }]);
});

test("names that are none have no series", () => {
  const { samples } = open(single);
  expect([samples.seriesOf("", "m"), samples.seriesOf("a", "\n")]).toEqual([-1, -1]);
});
