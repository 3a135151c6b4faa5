/** Keeps profiles out of force that would give a stored metric another meaning. */
import { AppError, type Problem } from "./errors.ts";
import type { SchemaHistory } from "./fold/schema-history.ts";
import type { DeviceProfile } from "./profile.ts";
import { schemaBreaks, schemaOf } from "./schema.ts";

/** Every metric that keeps its name and would change its unit or type, as a problem of its profile. */
export function schemaProblems(
  known: Pick<SchemaHistory, "latest">,
  profiles: readonly DeviceProfile[],
): readonly Problem[] {
  return profiles.flatMap((profile) => {
    const before = known.latest(profile.id);
    if (before === undefined) return [];
    return schemaBreaks(before, schemaOf(profile)).map(({ metric, what, before: was, after }): Problem => {
      const change = `${was === "" ? "none" : `"${was}"`} to ${after === "" ? "none" : `"${after}"`}`;
      return {
        code: "PROFILE_INCOMPATIBLE",
        message: `${profile.id}: the ${what} of "${metric}" changes from ${change}, and samples of version ${before.version} are stored.`,
        pointer: `/metrics/${metric}/${what}`,
        file: `${profile.id}.json`,
        hint: "give the metric another name; or start the gateway with --force, which begins the series anew",
      };
    });
  });
}

/**
 * @throws AppError `PROFILE_INCOMPATIBLE`, kind operator: nothing has changed; the operator edits the profile, or
 *   starts with `--force`.
 */
export function expectKeptSchemas(
  known: Pick<SchemaHistory, "latest">,
  { profiles, force = false }: { readonly profiles: readonly DeviceProfile[]; readonly force?: boolean },
): void {
  if (force) return;
  const problems = schemaProblems(known, profiles);
  const [first] = problems;
  if (first === undefined) return;
  const message = problems.map((problem) => problem.message).join(" ");
  const { hint = "" } = first;
  throw new AppError("PROFILE_INCOMPATIBLE", "operator", message, { hint });
}
