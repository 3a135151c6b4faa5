/**
 * Patterns of `matches`, in RE2: the time grows with the length of the text, whatever the pattern is, where a
 * regular expression of JavaScript can be made to run for ever.
 */
import { RE2JS } from "re2js";
import { messageOf } from "../core/errors.ts";

/** Characters of a pattern. */
const patternCharactersMax = 256;

/** Instructions of a pattern; a test of a text costs at most this many steps a character. */
const programSizeMax = 512;

/** A pattern made ready, or why it is none. */
export type CompiledPattern =
  | { readonly ok: true; readonly test: (text: string) => boolean }
  | { readonly ok: false; readonly message: string };

/**
 * Compiles a pattern.
 *
 * It is found anywhere in a text, as the language has it; `^…$` takes the whole of it. The answer for the last
 * text is kept: names, labels and tags of a group hardly ever change.
 */
export function compilePattern(pattern: string): CompiledPattern {
  if (pattern.length > patternCharactersMax) {
    return { ok: false, message: `A pattern has at most ${patternCharactersMax} characters.` };
  }
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > programSizeMax) {
      return { ok: false, message: "The pattern repeats too much." };
    }
    let lastText: string | undefined;
    let lastAnswer = false;
    const test = (text: string): boolean => {
      if (text !== lastText) {
        lastAnswer = compiled.test(text);
        lastText = text;
      }
      return lastAnswer;
    };
    return { ok: true, test };
  } catch (error) {
    const reason = messageOf(error).replace(/^error parsing regexp: /, "");
    return { ok: false, message: `The pattern cannot be read: ${reason}.` };
  }
}
