/** Problems as people see them: in the order of the file, each with its place. */
import type { Problem } from "../core/errors.ts";

/**
 * Sorts problems by file, line and column; those without a place come first.
 *
 * The order of problems at one place is kept.
 */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (left, right) =>
      compareTexts(left.file ?? "", right.file ?? "") ||
      (left.line ?? 0) - (right.line ?? 0) ||
      (left.column ?? 0) - (right.column ?? 0),
  );
}

/** Writes problems as `file:line:column path: message`, each followed by its hint, one a line. */
export function formatProblems(problems: readonly Problem[]): string[] {
  return problems.map((problem) => {
    const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
    const where = [place, problem.pointer].filter((part) => part !== "").join(" ");
    const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
    return `${where === "" ? "" : `${where}: `}${problem.message}${hint}`;
  });
}

/** A value as it would stand in the file, cut to a length that fits into a sentence. */
export function quoted(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const plain = value === null || typeof value === "number" || typeof value === "boolean";
  const text = typeof value === "string" ? JSON.stringify(value) : plain ? String(value) : typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Joins words as a choice: `"a", "b" or "c"`. */
export function choiceOf(words: readonly string[]): string {
  const written = words.map((word) => JSON.stringify(word));
  return written.length < 2
    ? written.join("")
    : `${written.slice(0, -1).join(", ")} or ${written.at(-1) ?? ""}`;
}

/** Order by code units: the same on every machine, whatever its language. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
