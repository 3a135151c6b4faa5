/**
 * Reads JSON with comments and trailing commas, and knows where in the text each value stands.
 */
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { Problem } from "../core/errors.ts";
import { childPointer, parentPointer } from "./pointer.ts";

/** Bytes of a configuration or rule file; a thousand rules fit. Larger files are refused unread. */
export const documentBytesMax: number = 1024 * 1024;

/** Nesting of a document: no setting is deeper than ten, and the parser underneath is recursive. */
const depthMax = 64;

/** 1-based line, and 1-based column in UTF-16 code units, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** An object read from a file. It has no prototype, so no key can mean more than itself. */
export interface JsonObject {
  [key: string]: unknown;
}

/** A document that was read. */
export interface JsoncDocument {
  readonly file: string;
  /** Missing when the text is not JSON: then `problems` says why. */
  readonly value: unknown;
  /** Syntax errors, keys that stand twice in an object, and keys that no object may have. */
  readonly problems: readonly Problem[];
  /** Where a value (or its key) begins. A value that is not there gives the place of what should hold it. */
  positionOf(pointer: string, part?: "key" | "value"): Position;
}

/** Tells whether a value is an object, and neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Makes an object on which every key is an ordinary key, `__proto__` and `constructor` included. */
export function emptyObject(): JsonObject {
  const made: JsonObject = { __proto__: null };
  return made;
}

/**
 * Reads a text. Never throws, whatever the text is.
 *
 * @param area - First word of the problems' codes: `CONFIG` or `RULE`. Problems are `…_SYNTAX`,
 *   `…_TOO_DEEP`, `…_KEY_TWICE` and `…_KEY_FORBIDDEN`.
 */
export function readJsonc(source: string, file: string, area: string): JsoncDocument {
  // A byte order mark is not JSON, and editors that write one do not show it.
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  const reader = new Reader(text, file, area);
  const deepAt = tooDeepAt(text);
  if (deepAt !== undefined) {
    reader.report("TOO_DEEP", deepAt, "", `More than ${depthMax} levels are nested here.`);
    return reader.document(undefined);
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  if (root === undefined || errors.length > 0) {
    reader.reportSyntax(errors);
    return reader.document(undefined);
  }
  return reader.document(reader.read(root, ""));
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  readonly #area: string;
  readonly #problems: Problem[] = [];
  readonly #values = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  #lineStarts: number[] | undefined;

  constructor(text: string, file: string, area: string) {
    this.#text = text;
    this.#file = file;
    this.#area = area;
  }

  document(value: unknown): JsoncDocument {
    return {
      file: this.#file,
      value,
      problems: this.#problems,
      positionOf: (pointer, part = "value") => this.#positionOf(pointer, part),
    };
  }

  report(code: string, offset: number, pointer: string, message: string, hint?: string): void {
    this.#problems.push({
      code: `${this.#area}_${code}`,
      message,
      pointer,
      file: this.#file,
      ...this.#positionAt(offset),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  reportSyntax(errors: readonly ParseError[]): void {
    if (this.#text.trim() === "") {
      this.report("SYNTAX", 0, "", "The file is empty.", "write {} for an empty object");
      return;
    }
    // One slip makes the parser complain several times on the way back to order; the first says most.
    const lines = new Set<number>();
    for (const error of errors) {
      const { line } = this.#positionAt(error.offset);
      if (lines.has(line)) continue;
      lines.add(line);
      this.report("SYNTAX", error.offset, "", syntaxMessage(error));
    }
  }

  read(node: Node, pointer: string): unknown {
    this.#values.set(pointer, node.offset);
    if (node.type === "array") {
      return (node.children ?? []).map((child, index) => this.read(child, childPointer(pointer, index)));
    }
    return node.type === "object" ? this.#readObject(node, pointer) : node.value;
  }

  #readObject(node: Node, pointer: string): JsonObject {
    const members = emptyObject();
    for (const property of node.children ?? []) {
      const [keyNode, valueNode] = property.children ?? [];
      if (keyNode === undefined || valueNode === undefined) continue;
      const key = String(keyNode.value);
      const place = childPointer(pointer, key);
      if (key === "__proto__") {
        this.report("KEY_FORBIDDEN", keyNode.offset, place, 'The key "__proto__" is not allowed.');
        continue;
      }
      if (Object.hasOwn(members, key)) {
        const first = this.#positionOf(place, "key");
        const message = `The key ${JSON.stringify(key)} stands twice; the first is in line ${first.line}.`;
        this.report("KEY_TWICE", keyNode.offset, place, message, "remove one of the two");
        continue;
      }
      this.#keys.set(place, keyNode.offset);
      members[key] = this.read(valueNode, place);
    }
    return members;
  }

  #positionOf(pointer: string, part: "key" | "value"): Position {
    const exact = (part === "key" ? this.#keys : this.#values).get(pointer);
    if (exact !== undefined) return this.#positionAt(exact);
    let place = pointer;
    while (place !== "" && !this.#values.has(place)) place = parentPointer(place);
    return this.#positionAt(this.#values.get(place) ?? 0);
  }

  #positionAt(offset: number): Position {
    this.#lineStarts ??= lineStartsOf(this.#text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (const lineBreak of text.matchAll(/\r\n|\r|\n/g)) starts.push(lineBreak.index + lineBreak[0].length);
  return starts;
}

/** Looks through the tokens without recursion; gives the offset at which the nesting becomes too deep. */
function tooDeepAt(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== endOfText; token = scanner.scan()) {
    if (token === openBrace || token === openBracket) {
      depth += 1;
      if (depth > depthMax) return scanner.getTokenOffset();
    } else if (token === closeBrace || token === closeBracket) depth -= 1;
  }
  return undefined;
}

// The kinds of token that the scanner gives. The package declares them as an ambient constant enumeration,
// which cannot be read where each file is compiled by itself.
const openBrace = 1;
const closeBrace = 2;
const openBracket = 3;
const closeBracket = 4;
const endOfText = 17;

const syntaxMessages: Readonly<Record<string, string>> = {
  InvalidSymbol: "This is not JSON; texts stand in double quotes.",
  InvalidNumberFormat: "This is not a number.",
  PropertyNameExpected: "A key in double quotes is expected here.",
  ValueExpected: "A value is expected here.",
  ColonExpected: "A colon is expected here.",
  CommaExpected: "A comma is expected here.",
  CloseBraceExpected: 'A closing "}" is missing.',
  CloseBracketExpected: 'A closing "]" is missing.',
  EndOfFileExpected: "The document ends before this; nothing may follow it.",
  InvalidCommentToken: "A comment cannot stand here.",
  UnexpectedEndOfComment: 'A comment is not closed by "*/".',
  UnexpectedEndOfString: "A text is not closed by a double quote.",
  UnexpectedEndOfNumber: "A number ends too early.",
  InvalidUnicode: 'A "\\u" must be followed by four hexadecimal digits.',
  InvalidEscapeCharacter: 'Only \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u may follow a backslash.',
  InvalidCharacter: "Control characters in a text are written as escapes.",
};

function syntaxMessage(error: ParseError): string {
  const name = printParseErrorCode(error.error);
  return syntaxMessages[name] ?? `This is not JSON (${name}).`;
}
