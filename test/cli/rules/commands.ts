/** Directories with rule files and recordings, and the commands that try rules, run in this process. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { holdfastInProcess, type Outcome } from "../in-process.ts";

/** Makes a directory with these files; it is gone after the test. */
export function directoryOf(files: Readonly<Record<string, unknown>>): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-rules-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return directory;
}

/** Runs `holdfast rules …` in a directory with these files. */
export function rules(files: Readonly<Record<string, unknown>>, ...words: string[]): Promise<Outcome> {
  return rulesIn(directoryOf(files), ...words);
}

/** Runs `holdfast rules …` in a directory, as the process does but for starting one. */
export async function rulesIn(workingDirectory: string, ...words: string[]): Promise<Outcome> {
  const before = process.cwd();
  process.chdir(workingDirectory);
  onTestFinished(() => process.chdir(before));
  return holdfastInProcess(["rules", ...words], workingDirectory);
}

/** Fires while a temperature is over 8. */
export function hotRule(part: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: "hot",
    source: { device: "*", metric: "temperature" },
    when: { field: "value", op: ">", value: 8 },
    ...part,
  };
}

/** A test of that rule: one device that reports each minute. */
export function hotTest(
  values: string,
  at: string,
  state: string,
  part: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name: `${state} at ${at}`,
    interval: "1m",
    input: [{ device: "fridge-1", metric: "temperature", values }],
    expect: [{ at, key: { device: "fridge-1" }, state }],
    ...part,
  };
}
