/** What the parts of a rule's window must be to each other, so that it can be kept in bounded memory. */
import { windowPanesMax } from "../core/limits.ts";
import { formatDuration, parseDuration } from "../core/time/duration.ts";
import { isObject, type JsonObject } from "./jsonc.ts";

/** Takes one problem; `code` without its area, `pointer` within the rule. */
export type RuleReport = (pointer: string, code: string, message: string, hint: string) => void;

/** Which keys beside `lateness` each type of window needs and may have. */
const keysOfType: ReadonlyMap<
  unknown,
  { readonly needed: readonly string[]; readonly allowed: readonly string[] }
> = new Map([
  ["none", { needed: [], allowed: [] }],
  ["tumbling", { needed: ["size"], allowed: ["size"] }],
  ["hopping", { needed: ["size", "every"], allowed: ["size", "every"] }],
  ["sliding", { needed: ["size"], allowed: ["size", "every"] }],
]);

/** Checks a window as it was written. */
export function checkWindow(window: unknown, report: RuleReport): void {
  if (!isObject(window)) return;
  const { type } = window;
  if (typeof type !== "string") return;
  const keys = keysOfType.get(type);
  if (keys === undefined) return;
  for (const key of ["size", "every"]) {
    if (keys.needed.includes(key) && window[key] === undefined) {
      const hint =
        key === "size" ? 'how long the window is: "size": "5m"' : 'how often it is decided: "every": "30s"';
      report(`/window/${key}`, "KEY_MISSING", `A ${type} window needs "${key}".`, hint);
    } else if (!keys.allowed.includes(key) && window[key] !== undefined) {
      const hint = type === "tumbling" ? 'use "hopping" or "sliding", or remove it' : "remove it";
      report(`/window/${key}`, "WINDOW_KEY", `A window of type "${type}" has no "${key}".`, hint);
    }
  }
  const sizeMs = durationIn(window, "size");
  const everyMs = type === "tumbling" ? sizeMs : durationIn(window, "every");
  if (type === "none" || sizeMs === undefined || everyMs === undefined) return;
  checkPanes(sizeMs, everyMs, durationIn(window, "lateness") ?? 0, report);
}

/** A duration above zero; the schema has refused everything else. */
function durationIn(window: JsonObject, key: string): number | undefined {
  const written = window[key];
  const durationMs = typeof written === "string" ? parseDuration(written) : undefined;
  return durationMs === 0 ? undefined : durationMs;
}

function checkPanes(sizeMs: number, everyMs: number, latenessMs: number, report: RuleReport): void {
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
    const least = formatDuration(leastEveryMs(sizeMs));
    report("/window/every", "WINDOW_PANES", message, `let "every" divide "size", and be at least ${least}`);
    return;
  }
  // While samples may still come late, the panes of several windows are open.
  const open = panes + Math.ceil(latenessMs / paneMs);
  if (open <= windowPanesMax) return;
  const message = `With this lateness ${open} parts would be open at once; at most ${windowPanesMax} are possible.`;
  const most = formatDuration((windowPanesMax - panes) * paneMs);
  report("/window/lateness", "WINDOW_PANES", message, `at most ${most} for this size`);
}

/** The shortest `every` that divides the size into few enough panes. */
function leastEveryMs(sizeMs: number): number {
  for (let panes = windowPanesMax; panes > 1; panes -= 1) if (sizeMs % panes === 0) return sizeMs / panes;
  return sizeMs;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
