/** Texts with a mark at the place where a problem is expected. */

const mark = "▸";

/** A text without its mark, and where the mark stood. */
export interface Marked {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** Takes the mark out of a text. */
export function unmarked(written: string): Marked {
  const before = written.slice(0, written.indexOf(mark)).split("\n");
  return { text: written.replace(mark, ""), line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
