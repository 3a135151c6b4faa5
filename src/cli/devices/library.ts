/** Where commands find device profiles. */
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedProfiles, loadProfiles } from "../../config/profiles.ts";
import type { Config } from "../../config/config.ts";
import { failed, ok, type Result } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { loadConfiguration, profileOptions } from "../setup.ts";

/** What stands in the directory that comes with the program, wherever it is. */
const libraryMark = join("devices", "profile-1.schema.json");

/** Profiles, and the configuration where it was needed to find them. */
export interface ProfileSetup extends LoadedProfiles {
  readonly config: Config | undefined;
}

/**
 * Loads the profiles under some paths; where none are named, those of the configuration; where that names none
 * either, the library that comes with the program.
 *
 * @returns The problems of the configuration; those of profiles stand beside the profiles that load.
 */
export async function loadProfileSetup(
  context: CommandContext,
  paths: readonly string[],
  flags: { readonly config?: string },
): Promise<Result<ProfileSetup>> {
  const { workingDirectory } = context;
  const options = profileOptions(context);
  if (paths.length > 0) {
    const full = paths.map((path) => resolve(workingDirectory, path));
    return ok({ ...(await loadProfiles(full, options)), config: undefined });
  }
  const loaded = await loadConfiguration(context, flags);
  if (!loaded.ok) return failed(loaded.problems);
  const { config } = loaded.value;
  const { devicesDirs } = config.ingest;
  const directories = devicesDirs.length > 0 ? devicesDirs : await shippedLibrary();
  return ok({ ...(await loadProfiles(directories, options)), config });
}

/** The directory of the library that comes with the program, beside the sources or beside the bundle; none where it is missing. */
export async function shippedLibrary(): Promise<readonly string[]> {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 4; up += 1) {
    const mark = join(directory, libraryMark);
    if ((await stat(mark).catch(() => undefined))?.isFile() === true) return [dirname(mark)];
    directory = dirname(directory);
  }
  return [];
}
