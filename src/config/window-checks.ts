/** What the parts of a rule's window must be to each other, so that it can be kept in bounded memory. */
import { slidingSamplesMax, windowPanesMax } from "../core/limits.ts";
import { durationHint, formatDuration, parseDuration } from "../core/time/duration.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { quoted } from "./problems.ts";

/**
 * Takes one problem; `code` without its area, `pointer` within the rule.
 *
 * `offset` is the index of what is wrong in the text at the pointer, where it is a text.
 */
export type RuleReport = (
  pointer: string,
  code: string,
  message: string,
  hint: string,
  offset?: number,
) => void;

/** Which keys beside `lateness` and `idle` each type of window needs and may have. */
interface WindowKeys {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

const keysOfType: ReadonlyMap<unknown, WindowKeys> = new Map<unknown, WindowKeys>([
  ["none", { needed: [], optional: [] }],
  ["tumbling", { needed: ["size"], optional: ["timezone", "revise"] }],
  ["hopping", { needed: ["size", "every"], optional: ["timezone", "revise"] }],
  ["sliding", { needed: ["size"], optional: ["every", "revise"] }],
  ["session", { needed: ["gap"], optional: ["max"] }],
  ["count", { needed: ["count"], optional: ["every"] }],
  ["state", { needed: ["begin", "end"], optional: ["max"] }],
]);

/** What each key is, for whoever has left it out. */
const keyHints: ReadonlyMap<string, string> = new Map([
  ["size", 'how long the window is: "size": "5m"'],
  ["every", 'how often it is decided: "every": "30s"'],
  ["gap", 'the silence that closes it: "gap": "5m"'],
  ["count", 'how many samples it holds: "count": 10'],
  ["begin", 'the sample that opens it: "begin": { "op": ">", "value": 5 }'],
  ["end", 'the sample that closes it: "end": { "op": "<", "value": 5 }'],
]);

/** Keys that belong to some types only. */
const typedKeys = ["size", "every", "gap", "max", "count", "begin", "end", "timezone", "revise"];

/** Checks a window as it was written. */
export function checkWindow(window: unknown, report: RuleReport): void {
  if (!isObject(window)) return;
  const { type } = window;
  if (typeof type !== "string") return;
  const keys = keysOfType.get(type);
  if (keys === undefined) return;
  for (const key of typedKeys) {
    if (keys.needed.includes(key) && window[key] === undefined) {
      report(
        `/window/${key}`,
        "KEY_MISSING",
        `A ${type} window needs "${key}".`,
        keyHints.get(key) ?? "add it",
      );
    } else if (![...keys.needed, ...keys.optional].includes(key) && window[key] !== undefined) {
      const hint =
        type === "tumbling" && key === "every" ? 'use "hopping" or "sliding", or remove it' : "remove it";
      report(`/window/${key}`, "WINDOW_KEY", `A window of type "${type}" has no "${key}".`, hint);
    }
  }
  checkEveryKind(type, window["every"], report);
  if (type === "count") checkCount(window["count"], window["every"], report);
  if (type === "session") checkSession(window, report);
  if (type === "sliding" && window["every"] === undefined && window["revise"] !== undefined) {
    const message = 'A sliding window is revised only where it has "every": each sample decides once.';
    report("/window/revise", "WINDOW_KEY", message, 'add "every": "30s", or remove it');
  }
  if (type === "tumbling" || type === "hopping") checkCalendar(window, report);
  const sizeMs = durationIn(window, "size");
  const everyMs = type === "tumbling" ? sizeMs : durationIn(window, "every");
  if (!["tumbling", "hopping", "sliding"].includes(type) || sizeMs === undefined || everyMs === undefined)
    return;
  checkPanes(sizeMs, everyMs, window, report);
}

/** A duration above zero; the schema has refused everything else. */
function durationIn(window: JsonObject, key: string): number | undefined {
  const written = window[key];
  const durationMs = typeof written === "string" ? parseDuration(written) : undefined;
  return durationMs === 0 ? undefined : durationMs;
}

/** `every` counts samples in windows of type `count`, and is a duration in the others. */
function checkEveryKind(type: string, every: unknown, report: RuleReport): void {
  if (type === "count") {
    if (typeof every !== "string" || parseDuration(every) === undefined) return;
    const message = `A number of samples is expected here, not ${quoted(every)}.`;
    report("/window/every", "NUMBER", message, 'a count window counts samples: "every": 10');
  } else if (typeof every === "number" && Number.isInteger(every) && every > 0) {
    const message = `A duration is expected here, not ${quoted(every)}.`;
    report("/window/every", "DURATION", message, durationHint(every));
  }
}

function checkCount(count: unknown, every: unknown, report: RuleReport): void {
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1) return;
  const step = typeof every === "number" && Number.isInteger(every) && every > 0 ? every : 1;
  if (step > count) {
    const message = '"every" is larger than "count": the samples between would be overlooked.';
    report("/window/every", "WINDOW_EVERY", message, `at most ${count}`);
    return;
  }
  if (count <= slidingSamplesMax) return;
  const message = `This window would hold ${count} samples, and each decision look at all of them.`;
  report(
    "/window/count",
    "WINDOW_PANES",
    message,
    `at most ${slidingSamplesMax}; for more use "sliding" with "every"`,
  );
}

function checkSession(window: JsonObject, report: RuleReport): void {
  const gapMs = durationIn(window, "gap");
  const maxMs = window["max"] === undefined ? 86_400_000 : durationIn(window, "max");
  if (gapMs === undefined || maxMs === undefined || gapMs < maxMs) return;
  const message = '"gap" is not shorter than "max": the session would end before any silence does.';
  report("/window/gap", "WINDOW_GAP", message, `below ${formatDuration(maxMs)}, or a longer "max"`);
}

const dayMs = 86_400_000;

/** Windows of a calendar begin at the same times of every day, or every day, or every Monday. */
function checkCalendar(window: JsonObject, report: RuleReport): void {
  if (typeof window["timezone"] !== "string") return;
  for (const key of ["size", "every"]) {
    const lengthMs = durationIn(window, key);
    if (lengthMs === undefined || lengthMs === dayMs || lengthMs === 7 * dayMs) continue;
    if (lengthMs < dayMs && dayMs % lengthMs === 0) continue;
    const message = `${formatDuration(lengthMs)} does not fit the calendar of a time zone: windows would wander over the day.`;
    report(
      `/window/${key}`,
      "WINDOW_CALENDAR",
      message,
      "a part of a day such as 15m, 1h or 8h, or 1d or 7d",
    );
  }
}

function checkPanes(sizeMs: number, everyMs: number, window: JsonObject, report: RuleReport): void {
  if (everyMs > sizeMs) {
    const message = '"every" is longer than "size": what comes between would be overlooked.';
    report("/window/every", "WINDOW_EVERY", message, `at most ${formatDuration(sizeMs)}`);
    return;
  }
  // Panes are as long as the greatest common divisor, so that both borders of a window are borders of panes.
  const paneMs = greatestCommonDivisor(sizeMs, everyMs);
  const panes = sizeMs / paneMs;
  if (panes > windowPanesMax) {
    const message = `This window would be kept in ${panes} parts; at most ${windowPanesMax} are possible.`;
    const least = formatDuration(leastDivisor(sizeMs));
    report("/window/every", "WINDOW_PANES", message, `let "every" divide "size", and be at least ${least}`);
    return;
  }
  // While samples may still come late, the panes of several windows are open.
  let open = panes;
  for (const key of ["lateness", "revise"]) {
    const freeMs = (windowPanesMax - open) * paneMs;
    open += Math.ceil((durationIn(window, key) ?? 0) / paneMs);
    if (open <= windowPanesMax) continue;
    const message = `With this ${key} ${open} parts would be open at once; at most ${windowPanesMax} are possible.`;
    report(`/window/${key}`, "WINDOW_PANES", message, `at most ${formatDuration(freeMs)} for this size`);
    return;
  }
}

/** The least step that divides a length into few enough panes. */
function leastDivisor(length: number): number {
  for (let panes = windowPanesMax; panes > 1; panes -= 1) if (length % panes === 0) return length / panes;
  return length;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
