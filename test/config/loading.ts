/** Configuration files in directories of their own, removed after the test. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Problem, Result } from "../../src/core/errors.ts";
import { type LoadedConfig, loadConfig, type LoadOptions } from "../../src/config/load.ts";

/** Makes a directory with these files. */
export async function directoryWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-config-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

/** Loads a text as the configuration file `holdfast.jsonc` of a fresh directory. */
export async function loadText(
  text: string,
  options: Partial<LoadOptions> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<Result<LoadedConfig>> {
  const { files, ...rest } = options;
  const directory = await directoryWith({ "holdfast.jsonc": text, ...files });
  return await loadConfig({
    file: "holdfast.jsonc",
    environment: {},
    hostname: "host-1",
    directory,
    ...rest,
  });
}

/** The value of a result that must be one. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join("\n"));
  return result.value;
}

/** The problems of a result that must not be a value. */
export function problemsOf(result: Result<unknown>): readonly Problem[] {
  if (result.ok) throw new Error("no problem was found");
  return result.problems;
}
