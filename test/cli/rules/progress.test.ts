import { expect, test } from "vitest";
import { Progress } from "../../../src/cli/rules/progress.ts";
import { systemClock } from "../../../src/ops/clock.ts";

function open(isTerminal: boolean): {
  readonly written: string[];
  readonly progress: Progress;
  readonly pass: (ms: number) => void;
} {
  const written: string[] = [];
  let nowMs = 0;
  const err = { isTerminal, colour: false, write: (text: string) => void written.push(text) };
  const progress = new Progress({
    out: err,
    err,
    environment: {},
    workingDirectory: "/",
    clock: Object.assign(Object.create(systemClock), { monotonicMs: () => nowMs }),
    random: () => 0,
    onSignal: () => () => undefined,
    exitNow: () => undefined,
  });
  return {
    written,
    progress,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test("a bar shows how far it is, and is taken away at the end", () => {
  const { written, progress } = open(true);
  progress.show(0.5, "7 samples");
  progress.clear();
  progress.clear();
  expect(written).toEqual(["\r\u001b[K[###############---------------]  50 %  7 samples", "\r\u001b[K"]);
});

test("it is written a few times a second, however often it is told", () => {
  const { written, progress, pass } = open(true);
  for (let index = 0; index < 100; index += 1) {
    progress.show(index / 100, "");
    pass(10);
  }
  expect(written).toHaveLength(5);
});

test("where nobody looks nothing is written", () => {
  const { written, progress } = open(false);
  progress.show(0.5, "");
  progress.clear();
  expect(written).toEqual([]);
});
