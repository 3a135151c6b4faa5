/** The walk-through in `devices/README.md`, done as it stands there. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { holdfast } from "../cli/holdfast.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const text = await readFile(fileURLToPath(new URL("../../devices/README.md", import.meta.url)), "utf8");

function blocksOf(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return Array.from(text.matchAll(pattern), ([, block = ""]) => block);
}

/** A command as it stands in the text, and what it is said to print. */
interface Step {
  readonly command: string;
  readonly printed: string;
}

const steps: readonly Step[] = blocksOf("console").map((block) => {
  const [command = "", ...printed] = block.split("\n");
  return { command, printed: printed.join("\n") };
});

/** The words of a command; quotes hold those together that have blanks in them. */
function wordsOf(command: string): string[] {
  const words = Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, held, bare]) => held ?? bare ?? "");
  expect(words.slice(0, 2)).toEqual(["$", "holdfast"]);
  return words.slice(2);
}

test("the text is short, and has a profile and commands", () => {
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(80);
  expect(blocksOf("jsonc")).toHaveLength(1);
  expect(steps).toHaveLength(2);
});

test.each(steps)("$command prints what the text says", async ({ command, printed }) => {
  await using directory = await temporaryDirectory("readme");
  const [, file = ""] = /`(my-devices\/[\w/-]+\.json)`/.exec(text) ?? [];
  const path = join(directory.path, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, blocksOf("jsonc")[0]!);
  expect(await holdfast(wordsOf(command), directory.path)).toMatchObject({ code: 0, out: printed, err: "" });
});
