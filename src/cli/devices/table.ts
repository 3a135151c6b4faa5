/** Tables for people: columns as wide as what stands in them. */
import type { Output } from "../context.ts";
import { printable, styled } from "../style.ts";

/** The lines of a table; the first names the columns. */
export function tableLines(
  out: Output,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = head.map((title, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]!.length), title.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  return [styled(out, "dim", line(head)), ...cells.map(line)];
}
