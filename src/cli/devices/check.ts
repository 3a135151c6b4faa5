/** `holdfast devices check`. */
import { decoders } from "../../codec-makers.ts";
import { sortProblems } from "../../config/problems.ts";
import type { ProfileFile } from "../../config/profiles.ts";
import type { Problem } from "../../core/errors.ts";
import { failingExamples } from "../../ingest/profile-examples.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { tellProblems } from "../setup.ts";
import { loadProfileSetup } from "./library.ts";

/** Names every problem of every profile in directories and files, and every example that fails. */
export async function checkProfiles(
  context: CommandContext,
  paths: readonly string[],
  options: { readonly config?: string; readonly json: boolean },
): Promise<ExitCode> {
  const setup = await loadProfileSetup(context, paths, options);
  if (!setup.ok) {
    tellProblems(context, setup.problems, options);
    return exitCodes.invalid;
  }
  const { files, profiles } = setup.value;
  const problems = sortProblems([...setup.value.problems, ...files.flatMap(exampleProblemsOf)]);
  if (problems.length > 0) {
    tellProblems(context, problems, options);
    return exitCodes.invalid;
  }
  const ids = profiles.map(({ id }) => id);
  const examples = profiles.reduce((sum, { good, bad }) => sum + good.length + bad.length, 0);
  if (options.json) writeJson(context, { ok: true, profiles: ids, examples, problems: [] });
  else {
    const valid = ids.length === 1 ? "1 profile is" : `${ids.length} profiles are`;
    context.out.write(`${valid} valid, and ${examples} examples pass.\n`);
  }
  return exitCodes.done;
}

function exampleProblemsOf(file: ProfileFile): Problem[] {
  return failingExamples(file.profile, decoders()).flatMap(({ pointer, messages }) =>
    messages.map((message) => ({
      code: "PROFILE_EXAMPLE",
      message,
      pointer,
      hint: "`holdfast devices try` shows what becomes of a payload",
      ...file.placeOf(pointer),
    })),
  );
}
