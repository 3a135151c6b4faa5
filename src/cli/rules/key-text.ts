/** The identity of an alert as people read it. */
import { printable } from "../style.ts";

/** Writes the values of a key, each with its name where there are several: `fridge-1`, or `site=north line=2`. */
export function keyText(key: Readonly<Record<string, string>>): string {
  const entries = Object.entries(key).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const [first] = entries;
  if (first === undefined) return "the alert";
  if (entries.length === 1) return printable(first[1]);
  return printable(entries.map(([name, value]) => `${name}=${value}`).join(" "));
}
