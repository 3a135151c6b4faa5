/** Which statements the tests of a file, or of the files of a folder, carry in their names. */
import { readdirSync, readFileSync } from "node:fs";

/** The numbers in brackets of a test file: `[MQTT-3.1.0-1]`. */
export function testedStatements(fileUrl: string | URL): ReadonlySet<string> {
  const found = readFileSync(new URL(fileUrl), "utf8").matchAll(/\[(MQTT-[\d.]+-\d+)\]/g);
  return new Set(Array.from(found, ([, number]) => number ?? ""));
}

/** Those of all test files of a folder, whose address ends with a slash. */
export function statementsTestedIn(folder: URL): ReadonlySet<string> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  return new Set(files.flatMap((name) => [...testedStatements(new URL(name, folder))]));
}
