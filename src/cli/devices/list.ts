/** `holdfast devices list --profiles`. */
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { tellProblems } from "../setup.ts";
import { loadProfileSetup } from "./library.ts";
import { tableLines } from "./table.ts";

/** Prints the profiles by id; those that are wrong are named on the side. */
export async function listProfiles(
  context: CommandContext,
  paths: readonly string[],
  options: { readonly config?: string; readonly json: boolean },
): Promise<ExitCode> {
  const setup = await loadProfileSetup(context, paths, options);
  if (!setup.ok) {
    tellProblems(context, setup.problems, options);
    return exitCodes.invalid;
  }
  const { problems } = setup.value;
  const profiles = setup.value.profiles.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  if (options.json) {
    const shown = profiles.map(({ id, vendor, model, version, source, codec, match, metrics, tags }) => {
      const measured = metrics.map(({ name, unit }) => ({ name, ...(unit === undefined ? {} : { unit }) }));
      return { id, vendor, model, version, source, codec, match, metrics: measured, tags };
    });
    writeJson(context, { ok: problems.length === 0, profiles: shown, problems });
  } else {
    const rows = profiles.map(({ id, vendor, model, version, codec, match }) => [
      id,
      String(version),
      `${vendor} ${model}`,
      codec,
      match.join("  "),
    ]);
    const lines = tableLines(context.out, ["profile", "version", "device", "codec", "topics"], rows);
    for (const line of lines) context.out.write(`${line}\n`);
    if (problems.length > 0) tellProblems(context, problems, options);
  }
  return problems.length > 0 ? exitCodes.invalid : exitCodes.done;
}
