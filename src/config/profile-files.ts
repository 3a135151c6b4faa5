/** Finds and reads the files of device profiles. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, type Problem } from "../core/errors.ts";
import { documentBytesMax } from "./jsonc.ts";
import { compareTexts } from "./problems.ts";

/** Lines of a profile: more of them are code in disguise. */
export const linesMax = 150;

/** Files of profiles, or why there are none. */
export interface FoundFiles {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * The files under a path: itself, or of a directory every `*.json` below it, but schemas and hidden files.
 *
 * @param name - What the path is called in problems.
 */
export async function filesAt(path: string, name: string): Promise<FoundFiles> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], problems: [] };
    const names = await readdir(path, { recursive: true });
    const wanted = names.filter(
      (one) => one.endsWith(".json") && !one.endsWith(".schema.json") && !/(?:^|[/\\])\./.test(one),
    );
    return { files: wanted.toSorted(compareTexts).map((one) => join(path, one)), problems: [] };
  } catch (error) {
    return { files: [], problems: [{ ...unreadable(error), file: name }] };
  }
}

/** The text of a file, or why it has none; the problem names no file. */
export async function textOf(path: string): Promise<string | Problem> {
  try {
    const { size } = await stat(path);
    if (size <= documentBytesMax) return await readFile(path, "utf8");
    const message = `The file has ${size} bytes; at most ${documentBytesMax} are read.`;
    return {
      code: "PROFILE_FILE_LARGE",
      message,
      pointer: "",
      hint: `a profile has at most ${linesMax} lines`,
    };
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): Problem {
  const message = `This cannot be read: ${messageOf(error)}.`;
  const hint = "name directories and files that exist and may be read";
  return { code: "PROFILE_FILE_UNREADABLE", message, pointer: "", hint };
}
