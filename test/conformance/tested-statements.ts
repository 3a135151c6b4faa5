/** Which statements the tests of a file carry in their names. */
import { readFileSync } from "node:fs";

/** The numbers in brackets of a test file: `[MQTT-3.1.0-1]`. */
export function testedStatements(fileUrl: string): ReadonlySet<string> {
  const found = readFileSync(new URL(fileUrl), "utf8").matchAll(/\[(MQTT-[\d.]+-\d+)\]/g);
  return new Set(Array.from(found, ([, number]) => number ?? ""));
}
