/** What goes wrong with LevelDB and the disk, as errors with a code, a kind and a hint. */
import { AppError, messageOf } from "../core/errors.ts";

/** Messages of an error and of everything that caused it. */
function chainOf(error: unknown): { readonly text: string; readonly codes: readonly string[] } {
  const texts: string[] = [];
  const codes: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    texts.push(current.message);
    if ("code" in current && typeof current.code === "string") codes.push(current.code);
    current = current.cause;
  }
  return { text: texts.length === 0 ? messageOf(error) : texts.join(": "), codes };
}

/** A file or directory is not there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** The disk, the partition or the quota is full. */
export function isFull(error: unknown): boolean {
  const { text, codes } = chainOf(error);
  return (
    codes.some((code) => code === "ENOSPC" || code === "EDQUOT") ||
    /No space left on device|Disk quota exceeded/.test(text)
  );
}

/** Another handle, in this process or another, has the store open. */
export function isLocked(error: unknown): boolean {
  return chainOf(error).codes.includes("LEVEL_LOCKED");
}

/** The files of the store contradict themselves or each other, so that a repair can help. */
export function isDamage(error: unknown): boolean {
  const { text, codes } = chainOf(error);
  if (codes.includes("LEVEL_CORRUPTION") || /Corruption:/.test(text)) return true;
  // What mapping or reading past the end of a table that is too short gives.
  if (/\.(ldb|sst): Invalid argument/.test(text)) return true;
  return /No such file or directory|does not exist|CURRENT/.test(text) && !isFull(error);
}

/** The error that tells a caller why the store could not do what it was asked. */
export function storeError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const { text } = chainOf(error);
  if (isLocked(error)) {
    return new AppError("STORE_LOCKED", "operator", `another process has the store open, while ${doing}`, {
      hint: "Stop the other gateway that uses this data directory, or give this one a directory of its own.",
      cause: error,
    });
  }
  if (isFull(error)) {
    return new AppError("STORE_FULL", "operator", `the disk is full, while ${doing}: ${text}`, {
      hint: "Free space on the partition of the data directory; the gateway then goes on by itself.",
      cause: error,
    });
  }
  if (isDamage(error)) {
    return new AppError("STORE_DAMAGED", "corrupt", `the store is damaged, while ${doing}: ${text}`, {
      hint: "Run `holdfast verify` to see which sequences are affected.",
      cause: error,
    });
  }
  return new AppError("STORE_FAILED", "transient", `the store failed, while ${doing}: ${text}`, {
    hint: "Check the disk and the permissions of the data directory.",
    cause: error,
  });
}
