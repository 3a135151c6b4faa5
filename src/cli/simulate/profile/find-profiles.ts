/** The device profiles that are to be simulated, by id or by the path of a file. */
import { nearest } from "../../../config/suggest.ts";
import { AppError, failed, ok, type Result } from "../../../core/errors.ts";
import type { DeviceProfile } from "../../../core/profile.ts";
import type { CommandContext } from "../../context.ts";
import { loadProfileSetup } from "../../devices/library.ts";

/**
 * Finds profiles where `holdfast devices try` finds them. What ends in `.json` is a file.
 *
 * @returns The problems of the configuration, or of the files that were named.
 * @throws AppError `CLI_USAGE` for an id that there is not; kind `operator`.
 */
export async function findProfiles(
  context: CommandContext,
  wanted: readonly string[],
  flags: { readonly config?: string },
): Promise<Result<readonly DeviceProfile[]>> {
  const [paths, ids] = [wanted.filter(isFile), wanted.filter((name) => !isFile(name))];
  const found: DeviceProfile[] = [];
  if (paths.length > 0) {
    const named = await loadProfileSetup(context, paths, flags);
    if (!named.ok) return named;
    if (named.value.problems.length > 0) return failed(named.value.problems);
    found.push(...named.value.profiles);
  }
  if (ids.length > 0) {
    const setup = await loadProfileSetup(context, [], flags);
    if (!setup.ok) return setup;
    const { profiles, problems } = setup.value;
    for (const id of new Set(ids)) {
      const profile = profiles.find((one) => one.id === id);
      if (profile !== undefined) found.push(profile);
      // A profile that does not load is told with what is wrong with it.
      else if (problems.some(({ file }) => file?.endsWith(`${id}.json`) === true)) return failed(problems);
      else throw unknown(id, profiles);
    }
  }
  return ok(found);
}

function isFile(name: string): boolean {
  return name.endsWith(".json");
}

function unknown(id: string, profiles: readonly DeviceProfile[]): AppError {
  const meant = nearest(
    id,
    profiles.map((profile) => profile.id),
  );
  return new AppError("CLI_USAGE", "operator", `There is no device profile "${id}".`, {
    hint:
      meant === undefined
        ? "`holdfast devices list --profiles` lists those that there are; a file is named by its path"
        : `did you mean "${meant}"?`,
  });
}
