/** Tells in the log which profiles are not in force, or not as their files are now. */
import type { Problem } from "../../core/errors.ts";
import type { Logger } from "../../core/ports.ts";

/** What is told about. */
export interface RefusedProfiles {
  /** What is wrong, in the order of files and places. */
  readonly refusedProfiles: readonly Problem[];
}

/** One line for each file, with the first thing that is wrong: `holdfast devices check` names all of them. */
export function tellRefusedProfiles(logger: Logger, { refusedProfiles }: RefusedProfiles): void {
  for (const [file, problems] of Map.groupBy(refusedProfiles, (problem) => problem.file)) {
    const [{ line, column, code, message, pointer, hint } = { message: "" }] = problems;
    logger.error(
      {
        event: "profile-refused",
        file,
        line,
        column,
        code,
        pointer,
        message,
        hint,
        problems: problems.length,
      },
      "A device profile is refused; the others, and what was in force of it, stay in force.",
    );
  }
}
