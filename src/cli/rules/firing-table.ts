/** What rules would have fired, as tables for people. */
import type { Firing, FiringDifference, FiringVerdict } from "../../core/rule/firings.ts";
import { formatDuration } from "../../core/time/duration.ts";
import type { Output } from "../context.ts";
import { grouped, printable, type Style, styled } from "../style.ts";
import { instantText } from "./instants.ts";
import { keyText } from "./key-text.ts";

/** Rows that are shown; more are in the JSON. */
const rowsMax = 200;

/** What fired, one line an alert; the first line names the columns. */
export function firingTable(out: Output, firings: readonly Firing[]): string[] {
  return table(out, {
    head: ["rule", "key", "fired", "total", "longest", "first", "last"],
    numbers: [2, 3, 4],
    rows: firings.map(({ rule, key, fired, totalMs, longestMs, firstAt, lastAt, stillFiring }) => ({
      style: undefined,
      cells: [
        rule,
        keyText(key),
        grouped(fired),
        shortDuration(totalMs),
        shortDuration(longestMs),
        instantText(firstAt),
        instantText(lastAt) + (stillFiring ? " (still firing)" : ""),
      ],
    })),
  });
}

const verdictTexts: Readonly<Record<FiringVerdict, string>> = {
  added: "+ new",
  gone: "- gone",
  more: "> more",
  fewer: "< fewer",
  longer: "> longer",
  shorter: "< shorter",
  same: "= same",
};

const verdictStyles: Partial<Readonly<Record<FiringVerdict, Style>>> = {
  added: "red",
  more: "red",
  longer: "yellow",
  gone: "green",
  fewer: "green",
  shorter: "green",
};

/** How two rule sets differ, one line an alert that both or one of them made fire. */
export function differenceTable(out: Output, differences: readonly FiringDifference[]): string[] {
  return table(out, {
    head: ["", "rule", "key", "fired before", "now", "total before", "now"],
    numbers: [3, 4, 5, 6],
    rows: differences.map(({ rule, key, verdict, now, before }) => ({
      style: verdictStyles[verdict],
      cells: [
        verdictTexts[verdict],
        rule,
        keyText(key),
        grouped(before?.fired ?? 0),
        grouped(now?.fired ?? 0),
        shortDuration(before?.totalMs ?? 0),
        shortDuration(now?.totalMs ?? 0),
      ],
    })),
  });
}

interface Table {
  readonly head: readonly string[];
  /** Columns that stand to the right. */
  readonly numbers: readonly number[];
  readonly rows: readonly { readonly style: Style | undefined; readonly cells: readonly string[] }[];
}

function table(out: Output, { head, numbers, rows }: Table): string[] {
  const shown = rows.slice(0, rowsMax).map(({ style, cells }) => ({ style, cells: cells.map(printable) }));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...shown.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        numbers.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const lines = shown.map(({ style, cells }) =>
    style === undefined ? line(cells) : styled(out, style, line(cells)),
  );
  const rest = rows.length - shown.length;
  return [
    styled(out, "dim", line(head)),
    ...lines,
    ...(rest > 0 ? [`and ${grouped(rest)} more; --json prints all`] : []),
  ];
}

/** A duration in its two largest units: `3d4h`, `12m30s`. */
export function shortDuration(durationMs: number): string {
  if (durationMs < 1_000) return durationMs === 0 ? "0s" : `${durationMs}ms`;
  const unitMs = durationMs >= 86_400_000 ? 3_600_000 : durationMs >= 3_600_000 ? 60_000 : 1_000;
  return formatDuration(Math.round(durationMs / unitMs) * unitMs);
}
