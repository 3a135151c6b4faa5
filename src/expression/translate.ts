/**
 * Gives the tree of an expression its meaning: checks names and types, and makes functions of its parts.
 *
 * Every mistake is found, not only the first: a part that is wrong has no value, and whatever holds it is passed
 * over in silence.
 */
import type { ASTNode } from "@marcbachmann/cel-js";
import type { ExpressionProblem, ExpressionScope } from "../core/rule/expression.ts";
import { translateCall, translateMethod } from "./calls.ts";
import { among, arithmetic, both, chosen, comparisonOf, either, inverted } from "./operators.ts";
import {
  kindOf,
  no,
  yes,
  type Part,
  numberPart,
  textPart,
  truthPart,
  type TruthOf,
  type TruthPart,
  fieldPart,
  namedText,
} from "./part.ts";
import { type CompiledPattern, compilePattern } from "./pattern.ts";

/** The outcome: a part, or problems, or both where a name is wrong beside it. */
interface Translated {
  readonly part: Part | undefined;
  readonly names: readonly string[];
  readonly problems: readonly ExpressionProblem[];
}

/** Translates a whole expression. */
export function translate(tree: ASTNode, text: string, scope: ExpressionScope): Translated {
  const translation = new Translation(text, scope);
  const part = translation.partOf(tree);
  return { part, names: translation.names, problems: translation.problems };
}

/** One expression while it is translated. */
export class Translation {
  readonly problems: ExpressionProblem[] = [];
  readonly #text: string;
  readonly #scope: ExpressionScope;
  readonly #parts = new Map<string, Part>();
  readonly #used = new Set<string>();
  readonly #patterns = new Map<string, CompiledPattern>();
  /** Variables of macros, the innermost last. */
  readonly #variables: { readonly name: string; readonly part: Part }[] = [];

  constructor(text: string, scope: ExpressionScope) {
    this.#text = text;
    this.#scope = scope;
    let index = 0;
    for (const { name, type } of scope) {
      // Should a name stand twice, the first counts.
      const part = this.#parts.get(name) ?? (type === "number" ? fieldPart(index) : namedText(name));
      this.#parts.set(name, part);
      if (type === "number") index += 1;
    }
  }

  get names(): readonly string[] {
    return [...this.#used];
  }

  /** How many macros enclose the present part. */
  get macroDepth(): number {
    return this.#variables.length;
  }

  report(
    code: string,
    node: { readonly start: number },
    message: string,
    hint: string,
    unknown?: ExpressionProblem["unknown"],
  ): undefined {
    // What stands in a macro is translated for each element, and told once.
    const told = this.problems.some(
      (problem) => problem.offset === node.start && problem.message === message,
    );
    if (told) return;
    const found = { code: `EXPRESSION_${code}`, message, pointer: "", hint, offset: node.start };
    this.problems.push(unknown === undefined ? found : { ...found, unknown });
  }

  /** A compiled pattern. What stands in a macro is translated for each element, and compiled once. */
  patternOf(written: string): CompiledPattern {
    const known = this.#patterns.get(written) ?? compilePattern(written);
    this.#patterns.set(written, known);
    return known;
  }

  /** Translates with a variable in sight, which hides a name of the scope. */
  withVariable<T>(name: string, part: Part, work: () => T): T {
    this.#variables.push({ name, part });
    const result = work();
    this.#variables.pop();
    return result;
  }

  /** The part that a node means; nothing where it is wrong, which is then reported. */
  partOf(node: ASTNode): Part | undefined {
    switch (node.op) {
      case "value":
        return this.#literal(node, node.args);
      case "id":
      case ".":
        return this.named(node);
      case "&&":
      case "||":
        return this.#logical(node);
      case "!_":
        return this.#not(node);
      case "-_":
        return this.#negative(node);
      case "?:":
        return this.#choice(node);
      case "in":
        return this.#membership(node);
      case "call":
        return translateCall(this, node);
      case "rcall":
        return translateMethod(this, node);
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        return this.#arithmetic(node);
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#comparison(node);
      case "list":
        return this.report("TYPE", node, "A list stands only behind in.", 'write site in ["a", "b"]');
      case "[]":
      case "[?]":
      case ".?":
      case "map":
        return this.report(
          "SYNTAX",
          node,
          `${this.#shown(node)} cannot stand here.`,
          "use names, numbers and texts",
        );
    }
  }

  /** The part of a certain type that a node means. */
  typed<T extends Part["type"]>(
    node: ASTNode,
    type: T,
    what: string,
  ): Extract<Part, { type: T }> | undefined {
    const part = this.partOf(node);
    if (part === undefined || isOf(part, type)) return part;
    const wanted = type === "number" ? "a number" : type === "text" ? "a text" : "true or false";
    const message = `${this.#shown(node)} is ${kindOf(part)}, and ${what} takes ${wanted}.`;
    return this.report("TYPE", node, message, conversionHint(part.type, type));
  }

  /** The name that a node is, dots included; nothing when it is none. */
  nameOf(node: ASTNode): string | undefined {
    if (node.op === "id") return node.args;
    if (node.op !== ".") return undefined;
    const holder = this.nameOf(node.args[0]);
    return holder === undefined ? undefined : `${holder}.${node.args[1]}`;
  }

  /** The part that a name means. */
  named(node: ASTNode): Part | undefined {
    const name = this.nameOf(node);
    if (name === undefined) {
      return this.report(
        "SYNTAX",
        node,
        `${this.#shown(node)} cannot stand here.`,
        "use names, numbers and texts",
      );
    }
    const variable = this.#variables.findLast((held) => held.name === name);
    if (variable !== undefined) return variable.part;
    const part = this.#parts.get(name);
    if (part !== undefined) {
      this.#used.add(name);
      return part;
    }
    const known = this.#scope.map((one) => one.name);
    const hint = known.length === 0 ? "nothing can be named here" : `it can name ${known.join(", ")}`;
    return this.report("NAME", node, `${JSON.stringify(name)} names nothing that this rule has.`, hint, {
      word: name,
      known,
    });
  }

  /** The elements of a list that is written out, all of one type. */
  elementsOf(node: ASTNode): Part[] | undefined {
    if (node.op !== "list") {
      return this.report("TYPE", node, "A list is expected here.", 'write it out: ["a", "b"]');
    }
    const parts = node.args.map((element) => this.partOf(element));
    const known = parts.filter((part) => part !== undefined);
    if (known.length < parts.length) return undefined;
    const odd = known.findIndex((part) => part.type !== known[0]?.type);
    if (odd < 0) return known;
    const message = `The list begins with ${kindOf(known[0]!)}, and this is ${kindOf(known[odd]!)}.`;
    return this.report("TYPE", node.args[odd]!, message, "all elements of a list are of one type");
  }

  #shown(node: ASTNode): string {
    const written = this.#text.slice(node.start, node.end);
    return written.length > 40 ? `${written.slice(0, 37)}…` : written;
  }

  #literal(node: ASTNode, value: unknown): Part | undefined {
    if (typeof value === "number" || typeof value === "bigint") {
      const number = Number(value);
      return numberPart(() => number);
    }
    if (typeof value === "string") return textPart(() => value);
    if (typeof value === "boolean") return truthPart(value ? () => yes : () => no);
    const hint =
      value === null ? "has(name) tells whether a value is there" : "write a number, or a text in quotes";
    const message = `${this.#shown(node)} is of a kind that rules do not have.`;
    return this.report("TYPE", node, message, hint);
  }

  #logical(node: ASTNode & { op: "&&" | "||" }): Part | undefined {
    const left = this.typed(node.args[0], "boolean", node.op);
    const right = this.typed(node.args[1], "boolean", node.op);
    if (left === undefined || right === undefined) return undefined;
    return truthPart(node.op === "&&" ? both(left.of, right.of) : either(left.of, right.of));
  }

  #not(node: ASTNode & { op: "!_" }): Part | undefined {
    const part = this.typed(node.args, "boolean", "!");
    return part === undefined ? undefined : truthPart(inverted(part.of));
  }

  #negative(node: ASTNode & { op: "-_" }): Part | undefined {
    const part = this.typed(node.args, "number", "-");
    if (part === undefined) return undefined;
    const { of } = part;
    return numberPart((values, texts) => -of(values, texts));
  }

  #arithmetic(node: ASTNode & { op: "+" | "-" | "*" | "/" | "%" }): Part | undefined {
    const left = this.typed(node.args[0], "number", node.op);
    const right = this.typed(node.args[1], "number", node.op);
    const make = arithmetic.get(node.op);
    if (left === undefined || right === undefined || make === undefined) return undefined;
    return numberPart(make(left.of, right.of));
  }

  #comparison(node: ASTNode & { op: "==" | "!=" | "<" | "<=" | ">" | ">=" }): Part | undefined {
    const [leftNode, rightNode] = node.args;
    const left = this.partOf(leftNode);
    const right = this.partOf(rightNode);
    if (left === undefined || right === undefined) return undefined;
    const compared = comparisonOf(node.op, left, right);
    if (compared !== undefined) return truthPart(compared);
    if (left.type === right.type) {
      return this.report(
        "TYPE",
        node,
        `true and false have no order, as ${node.op} needs.`,
        "join conditions by && and ||",
      );
    }
    const message = `${this.#shown(leftNode)} is ${kindOf(left)} and ${this.#shown(rightNode)} is ${kindOf(right)}: ${node.op} cannot compare them.`;
    const hint =
      rightNode.op === "value" && typeof rightNode.args === "string" && isNumeric(rightNode.args)
        ? `write ${rightNode.args} without quotes`
        : conversionHint(right.type, left.type);
    return this.report("TYPE", rightNode, message, hint);
  }

  #choice(node: ASTNode & { op: "?:" }): Part | undefined {
    const condition = this.typed(node.args[0], "boolean", "?:");
    const left = this.partOf(node.args[1]);
    const right = this.partOf(node.args[2]);
    if (condition === undefined || left === undefined || right === undefined) return undefined;
    const part = chosen(condition.of, left, right);
    if (part !== undefined) return part;
    const message = `The two outcomes are ${kindOf(left)} and ${kindOf(right)}.`;
    return this.report("TYPE", node.args[2], message, "both have to be of one type");
  }

  #membership(node: ASTNode & { op: "in" }): TruthPart | undefined {
    const part = this.partOf(node.args[0]);
    const elements = this.elementsOf(node.args[1]);
    if (part === undefined || elements === undefined) return undefined;
    const tests: TruthOf[] = [];
    for (const element of elements) {
      const test = comparisonOf("==", part, element);
      if (test !== undefined) tests.push(test);
    }
    if (tests.length === elements.length) return truthPart(among(tests));
    const message = `${this.#shown(node.args[0])} is ${kindOf(part)}, and the list holds something else.`;
    return this.report("TYPE", node.args[1], message, "both have to be of one type");
  }
}

function isOf<T extends Part["type"]>(part: Part, type: T): part is Extract<Part, { type: T }> {
  return part.type === type;
}

function isNumeric(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

function conversionHint(from: Part["type"], to: Part["type"]): string {
  if (to === "number") return from === "text" ? "double(text) makes a number of a text" : "write a number";
  if (to === "text") return 'write a text in quotes: "north"';
  return from === "number" ? "compare it: avg > 8" : 'compare it: site == "north"';
}
