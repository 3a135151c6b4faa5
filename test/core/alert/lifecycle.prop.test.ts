import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AlertChange,
  type AlertTiming,
  endAlert,
  stepAlert,
  stepNoData,
  stepSilence,
  stepUnknown,
} from "../../../src/core/alert/lifecycle.ts";
import { AlertStatus } from "../../../src/core/alert/status.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

/** A judgement with its level, an unknown one, or the end that silence meaning `ok` brings. */
type Happening = { readonly at: number; readonly level: number | "unknown" | "end" };

const timings = fc.record({
  forMs: fc.integer({ min: 0, max: 12 }),
  keepFiringForMs: fc.integer({ min: 0, max: 12 }),
});

const histories = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 6 }),
      level: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: -1, max: 2 }) },
        { weight: 1, arbitrary: fc.constantFrom("unknown" as const, "end" as const) },
      ),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ gap, level }): Happening => {
      at += gap;
      return { at, level };
    });
  });

function take(status: AlertStatus, timing: AlertTiming, { at, level }: Happening): AlertChange | undefined {
  if (level === "unknown") return stepUnknown(status, at);
  if (level === "end") return stepNoData(status, "ok", at);
  return stepAlert(status, timing, at, level);
}

/** For how long, up to the last happening, judgements without a break have said `holds`. */
function lasted(
  history: readonly Happening[],
  holds: (level: number) => boolean,
): { since: number; ms: number } {
  const breakAt = history.findLastIndex(({ level }) => typeof level !== "number" || !holds(level));
  const since = history[breakAt + 1]!.at;
  return { since, ms: history.at(-1)!.at - since };
}

/** Whether one level fires after a history: it has held for `for`, and has not since been clear for `keepFiringFor`. */
function fires(history: readonly Happening[], timing: AlertTiming, level: number): boolean {
  let firing = false;
  for (let length = 1; length <= history.length; length += 1) {
    const part = history.slice(0, length);
    const judged = part.at(-1)!.level;
    if (judged === "end") firing = false;
    if (typeof judged !== "number") continue;
    const holds = judged >= level;
    if (!firing && holds) firing = lasted(part, (one) => one >= level).ms >= timing.forMs;
    else if (firing && !holds) firing = lasted(part, (one) => one < level).ms < timing.keepFiringForMs;
  }
  return firing;
}

interface Picture {
  readonly state: string;
  readonly level: number;
}

/** What the sentences say is shown after a history. */
function pictureOf(history: readonly Happening[], timing: AlertTiming): Picture {
  const judged = history.at(-1)?.level ?? "end";
  const level = [2, 1, 0].find((one) => fires(history, timing, one)) ?? -1;
  if (judged === "unknown") return { state: "no-data", level };
  if (level >= 0) return { state: "firing", level };
  return { state: typeof judged === "number" && judged >= 0 ? "pending" : "ok", level };
}

/** Every change of the picture, as it is to be announced, with the episode that it belongs to. */
function changesOf(history: readonly Happening[], timing: AlertTiming): AlertChange[] {
  const changes: AlertChange[] = [];
  let before: Picture = { state: "ok", level: -1 };
  let since = Number.NaN;
  for (let length = 1; length <= history.length; length += 1) {
    const part = history.slice(0, length);
    const { at } = part.at(-1)!;
    const after = pictureOf(part, timing);
    const changed = after.state !== before.state || after.level !== before.level;
    const judgedBefore = part.at(-2)?.level;
    if (changed && before.level < 0) {
      if (after.state === "no-data") since = at;
      if (after.state === "pending" || after.state === "firing")
        since = lasted(part, (one) => one >= 0).since;
    }
    const ended = after.state === "ok";
    const held = before.state === "pending" && typeof judgedBefore === "number" ? judgedBefore : before.level;
    const judged = part.at(-1)!.level;
    const shown = after.state === "pending" && typeof judged === "number" ? judged : after.level;
    if (changed) {
      changes.push({
        state: ended ? (before.level >= 0 ? "resolved" : "ok") : (after.state as AlertChange["state"]),
        level: Math.max(0, ended ? held : shown),
        at,
        since,
      });
    }
    before = after;
  }
  return changes;
}

test("what is announced is what the sentences say of the whole history", () => {
  fc.assert(
    fc.property(timings, histories, (timing, history) => {
      const status = new AlertStatus();
      const changes = history.flatMap((happening) => take(status, timing, happening) ?? []);
      expect(changes).toEqual(changesOf(history, timing));
    }),
    { numRuns: 500 },
  );
});

test("silence announces what judging the same again at every instant would", () => {
  fc.assert(
    fc.property(timings, histories, fc.integer({ min: 0, max: 40 }), (timing, history, silentMs) => {
      const judgements = history.filter(({ level }) => typeof level === "number");
      const last = judgements.at(-1) ?? { at: 0, level: -1 };
      const silent = new AlertStatus();
      const judged = new AlertStatus();
      for (const one of judgements) {
        take(silent, timing, one);
        take(judged, timing, one);
      }
      const bySilence: AlertChange[] = [];
      for (;;) {
        const change = stepSilence(silent, timing, last.at + silentMs);
        if (change === undefined) break;
        bySilence.push(change);
      }
      const instants = Array.from({ length: silentMs + 1 }, (_, ms) => last.at + ms);
      const byJudging = instants.flatMap((at) => take(judged, timing, { at, level: last.level }) ?? []);
      expect(bySilence).toEqual(byJudging);
    }),
  );
});

function written(status: AlertStatus): Uint8Array {
  const writer = new SnapshotWriter(64);
  status.write(writer);
  return writer.finish();
}

function restored(bytes: Uint8Array): AlertStatus {
  const status = new AlertStatus();
  stepAlert(status, { forMs: 9, keepFiringForMs: 9 }, 1, 2);
  const reader = new SnapshotReader(bytes);
  status.read(reader);
  expect(reader.finished).toBe(true);
  return status;
}

test("written and read anywhere, an alert goes on as if nothing had been", () => {
  fc.assert(
    fc.property(timings, histories, fc.nat(60), (timing, history, cut) => {
      const whole = new AlertStatus();
      let parted = new AlertStatus();
      for (const [index, happening] of history.entries()) {
        if (index === cut) parted = restored(written(parted));
        expect(take(parted, timing, happening)).toEqual(take(whole, timing, happening));
        expect(written(parted)).toEqual(written(whole));
      }
    }),
  );
});

test("at rest an alert is written as one byte", () => {
  fc.assert(
    fc.property(timings, histories, (timing, history) => {
      const status = new AlertStatus();
      for (const happening of history) take(status, timing, happening);
      endAlert(status, 1_000);
      expect(written(status)).toEqual(new Uint8Array([0]));
    }),
  );
});

test("a correction of the clock moves an alert as if every judgement had come at the right time", () => {
  fc.assert(
    fc.property(timings, histories, fc.integer({ min: -1e6, max: 1e6 }), (timing, history, byMs) => {
      const corrected = new AlertStatus();
      const right = new AlertStatus();
      for (const happening of history) {
        take(corrected, timing, happening);
        take(right, timing, { ...happening, at: happening.at + byMs });
      }
      corrected.shift(byMs);
      expect(written(corrected)).toEqual(written(right));
    }),
  );
});
