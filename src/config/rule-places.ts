/** Where in a file something inside a text stands. */
import type { Position } from "./jsonc.ts";

/**
 * The place of a character of a text.
 *
 * @param source - The whole document.
 * @param start - Where the text begins, its opening quote.
 * @param offset - Index in the text as it is read, where an escape such as `\"` is one character.
 */
export function placeInText(source: string, start: Position, offset: number): Position {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  const line = text.split(/\r\n|\r|\n/)[start.line - 1] ?? "";
  // Columns count from 1, and the text begins behind its quote.
  let index = start.column;
  if (line.charAt(index - 1) !== '"') return start;
  for (let read = 0; read < offset && index < line.length; read += 1) {
    if (line.charAt(index) !== "\\") index += 1;
    else index += line.charAt(index + 1) === "u" ? 6 : 2;
  }
  return { line: start.line, column: Math.min(index, line.length) + 1 };
}
