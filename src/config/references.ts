/** Texts that stand for other texts: `${env:NAME}` and `${file:PATH}`. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, type Problem } from "../core/errors.ts";
import { isObject, type JsoncDocument } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";

/** What a reference may bring in. Longer files are certainly not one value. */
const referenceBytesMax = 65_536;

/** `$${` writes `${` itself. */
const reference = /\$\$\{|\$\{([^}]*)\}/g;

/** What was resolved. */
export interface Resolved {
  readonly value: unknown;
  /** Pointers of texts that hold references, with the text as written. */
  readonly references: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/**
 * Resolves every reference of a document.
 *
 * A file's text is taken without the line break at its end. Problems: `CONFIG_REFERENCE` (neither `env:` nor
 * `file:`), `CONFIG_ENVIRONMENT_UNSET`, `CONFIG_FILE_UNREADABLE`; then the text stays as it was written.
 */
export async function resolveReferences(
  document: JsoncDocument,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): Promise<Resolved> {
  const references = new Map<string, string>();
  const problems: Problem[] = [];

  async function resolved(value: unknown, pointer: string): Promise<unknown> {
    if (typeof value === "string") return value.includes("${") ? await resolvedText(value, pointer) : value;
    if (Array.isArray(value)) {
      return await Promise.all(
        value.map((element, index) => resolved(element, childPointer(pointer, index))),
      );
    }
    if (isObject(value)) {
      await Promise.all(
        Object.entries(value).map(async ([key, member]) => {
          value[key] = await resolved(member, childPointer(pointer, key));
        }),
      );
    }
    return value;
  }

  async function resolvedText(written: string, pointer: string): Promise<string> {
    const pieces: string[] = [];
    let from = 0;
    for (const match of written.matchAll(reference)) {
      pieces.push(written.slice(from, match.index));
      from = match.index + match[0].length;
      if (match[1] === undefined) pieces.push("${");
      else {
        references.set(pointer, written);
        pieces.push((await lookUp(match[1], pointer)) ?? match[0]);
      }
    }
    pieces.push(written.slice(from));
    return pieces.join("");
  }

  function report(pointer: string, code: string, message: string, hint: string): undefined {
    const place = { file: document.file, ...document.positionOf(pointer) };
    problems.push({ code: `CONFIG_${code}`, message, pointer, hint, ...place });
  }

  async function lookUp(what: string, pointer: string): Promise<string | undefined> {
    const [, kind, name] = /^(env|file):(.+)$/s.exec(what) ?? [];
    if (kind === undefined || name === undefined) {
      const message = `"\${${what}}" is not a reference.`;
      return report(
        pointer,
        "REFERENCE",
        message,
        'write "${env:NAME}" or "${file:PATH}", or "$${" for "${" itself',
      );
    }
    if (kind === "env") {
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (value !== undefined) return value;
      return report(pointer, "ENVIRONMENT_UNSET", `The environment has no ${name}.`, `set ${name}`);
    }
    const path = resolve(directory, name);
    try {
      const text = await readFile(path, "utf8");
      if (text.length <= referenceBytesMax) return text.replace(/\r?\n$/, "");
      const message = `${path} is too long for a value.`;
      return report(pointer, "FILE_UNREADABLE", message, `at most ${referenceBytesMax} characters`);
    } catch (error) {
      const message = `${path} cannot be read: ${messageOf(error)}.`;
      return report(pointer, "FILE_UNREADABLE", message, "the path is relative to this file");
    }
  }

  return { value: await resolved(document.value, ""), references, problems };
}
