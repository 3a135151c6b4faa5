/** Colours for people, where an output may have them. Source: ECMA-48 § 8.3.117 (SGR). */
import type { Output } from "./context.ts";

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof codes;

/** The text in a style, or as it is where colours are not wanted. */
export function styled(output: Output, style: Style, text: string): string {
  return output.colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
}

/** Makes text from a device or a file safe to show: control characters could move the cursor or lie. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** A count with thousands separated, the same on every machine. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
