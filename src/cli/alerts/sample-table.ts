/** Samples around the firing of an alert as a table for people. */
import type { EpochMs } from "../../core/sample.ts";
import type { Output } from "../context.ts";
import { printable, styled } from "../style.ts";
import { localTime } from "./alert-table.ts";
import type { ShownSample } from "./shown-samples.ts";

const head = ["time", "metric", "value", ""];

/**
 * The table, one line a sample in the order given; the first line names the columns.
 *
 * @param firedAt - Behind the samples up to this instant stands a line that says so; nothing where it is not known.
 */
export function sampleTable(
  out: Output,
  samples: readonly ShownSample[],
  firedAt: EpochMs | undefined,
): string[] {
  const rows = samples.map(cellsOf);
  const widths = head.map((title, column) =>
    rows.reduce((width, cells) => Math.max(width, cells[column]!.length), title.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  const lines = rows.map(line);
  if (firedAt !== undefined) {
    const following = samples.findIndex(({ at }) => at > firedAt);
    const mark = styled(out, "red", `${preciseTime(firedAt)}  ---- the alert fires ----`);
    lines.splice(following === -1 ? lines.length : following, 0, mark);
  }
  return [styled(out, "dim", line(head)), ...lines];
}

function cellsOf({ at, metric, value, unit, quality }: ShownSample): string[] {
  const written = unit === "" ? valueText(value) : `${valueText(value)} ${unit}`;
  return [preciseTime(at), metric, written, quality].map(printable);
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Samples may be closer to each other than seconds. */
function preciseTime(at: EpochMs): string {
  const time = localTime(at);
  return time === "?"
    ? time
    : `${time}.${String(Math.floor(((at % 1_000) + 1_000) % 1_000)).padStart(3, "0")}`;
}
