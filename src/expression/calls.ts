/** Calls in expressions: functions, methods of texts, and macros over lists that are written out. */
import type { ASTNode } from "@marcbachmann/cel-js";
import {
  changed,
  functionNames,
  listMacros,
  mapped,
  mathChoices,
  mathFunctions,
  methodNames,
  parsedNumber,
  sizeOf,
  tested,
  textChanges,
  textTests,
} from "./functions.ts";
import {
  type Part,
  no,
  numberPart,
  type TextOf,
  textPart,
  type Truth,
  truth,
  truthPart,
  unknown,
  yes,
} from "./part.ts";
import type { Translation } from "./translate.ts";

type Call = ASTNode & { op: "call" };
type Method = ASTNode & { op: "rcall" };

/** Translates `name(…)`. */
export function translateCall(translation: Translation, node: Call): Part | undefined {
  const [name, written] = node.args;
  const [first] = written;
  if (!["has", "double", "int", "size"].includes(name))
    return unknownFunction(translation, node, name, functionNames);
  if (first === undefined || written.length > 1) return wrongCount(translation, node, name, 1);
  if (name === "has") return presence(translation, first);
  if (name === "size") {
    const part = translation.typed(first, "text", "size");
    return part === undefined ? undefined : numberPart(sizeOf(part.of));
  }
  const part = translation.partOf(first);
  if (part === undefined) return undefined;
  if (part.type === "boolean") {
    return translation.report("TYPE", first, `${name} takes a number or a text.`, "write cond ? 1 : 0");
  }
  const number = part.type === "text" ? parsedNumber(part.of) : part.of;
  return numberPart(name === "int" ? mapped(number, Math.trunc) : number);
}

/** Whether a value is there. */
function presence(translation: Translation, node: ASTNode): Part | undefined {
  if (translation.nameOf(node) === undefined) {
    return translation.report("FUNCTION", node, "has takes a name.", "write has(avg)");
  }
  const part = translation.named(node);
  if (part === undefined) return undefined;
  if (part.type === "number") {
    const { of } = part;
    return truthPart((values, texts) => truth(!Number.isNaN(of(values, texts))));
  }
  if (part.type === "boolean") return truthPart(() => yes);
  const { of } = part;
  return truthPart((values, texts) => truth(of(values, texts) !== undefined));
}

/** Translates `something.name(…)`. */
export function translateMethod(translation: Translation, node: Method): Part | undefined {
  const [name, receiver, written] = node.args;
  if (receiver.op === "id" && receiver.args === "math") return mathPart(translation, node, name, written);
  if (receiver.op === "list") return macroPart(translation, node);
  if (!methodNames.includes(name)) return unknownFunction(translation, node, name, methodNames);
  const text = translation.typed(receiver, "text", name);
  const change = textChanges.get(name);
  if (change !== undefined || name === "size") {
    if (written.length > 0) return wrongCount(translation, node, name, 0);
    if (text === undefined) return undefined;
    return change === undefined ? numberPart(sizeOf(text.of)) : textPart(changed(text.of, change));
  }
  const [first] = written;
  if (first === undefined || written.length > 1) return wrongCount(translation, node, name, 1);
  if (name === "matches") return text === undefined ? undefined : patternPart(translation, text.of, first);
  const other = translation.typed(first, "text", name);
  const test = textTests.get(name);
  if (text === undefined || other === undefined || test === undefined) return undefined;
  return truthPart(tested(text.of, other.of, test));
}

function patternPart(translation: Translation, text: TextOf, node: ASTNode): Part | undefined {
  if (node.op !== "value" || typeof node.args !== "string") {
    const message = "The pattern of matches has to stand here as a text.";
    return translation.report("PATTERN", node, message, "write it out: site.matches('^n[0-9]+$')");
  }
  const pattern = translation.patternOf(node.args);
  if (!pattern.ok) {
    return translation.report(
      "PATTERN",
      node,
      pattern.message,
      "patterns are RE2: no look-around, no back-references",
    );
  }
  const { test } = pattern;
  return truthPart((values, texts) => {
    const value = text(values, texts);
    return value === undefined ? unknown : truth(test(value));
  });
}

function mathPart(
  translation: Translation,
  node: Method,
  name: string,
  written: readonly ASTNode[],
): Part | undefined {
  const one = mathFunctions.get(name);
  const choose = mathChoices.get(name);
  if (one === undefined && choose === undefined) {
    return unknownFunction(translation, node, `math.${name}`, functionNames);
  }
  if (written.length === 0 || (one !== undefined && written.length > 1)) {
    return wrongCount(translation, node, `math.${name}`, 1);
  }
  const parts = written.map((argument) => translation.typed(argument, "number", `math.${name}`));
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  if (one !== undefined) return numberPart(mapped(known[0]!.of, one));
  if (choose === undefined) return undefined;
  return known.reduce((left, right) =>
    numberPart((values, texts) => choose(left.of(values, texts), right.of(values, texts))),
  );
}

/**
 * Translates `[a, b].exists(x, …)` and its like.
 *
 * Lists are at most 32 long and macros do not nest, so a macro costs at most 32 times what stands in it.
 */
function macroPart(translation: Translation, node: Method): Part | undefined {
  const [name, list, written] = node.args;
  const [variable, condition] = written;
  if (!listMacros.includes(name)) return unknownFunction(translation, node, name, listMacros);
  if (variable === undefined || condition === undefined) return wrongCount(translation, node, name, 2);
  if (translation.macroDepth > 0) {
    const message = `${name} cannot stand inside another macro.`;
    return translation.report("LIMIT", node, message, "write the inner list out, or use in");
  }
  const elements = translation.elementsOf(list);
  if (elements === undefined || variable.op !== "id") return undefined;
  const tests = elements.map((element) =>
    translation.withVariable(variable.args, element, () => translation.typed(condition, "boolean", name)),
  );
  const known = tests.filter((test) => test !== undefined);
  if (known.length < tests.length) return undefined;
  return truthPart((values, texts) => {
    let holding = 0;
    let open = 0;
    for (const { of } of known) {
      const one = of(values, texts);
      if (one === yes) holding += 1;
      else if (one === unknown) open += 1;
    }
    return outcomeOf(name, known.length, holding, open);
  });
}

function outcomeOf(name: string, count: number, holding: number, open: number): Truth {
  if (name === "exists") return holding > 0 ? yes : open > 0 ? unknown : no;
  if (name === "all") return holding === count ? yes : holding + open < count ? no : unknown;
  return holding > 1 ? no : open > 0 ? unknown : truth(holding === 1);
}

function unknownFunction(
  translation: Translation,
  node: Call | Method,
  name: string,
  known: readonly string[],
): undefined {
  const reason = forbidden.get(name);
  if (reason !== undefined)
    return translation.report("FUNCTION", node, `${name} is not possible in a rule.`, reason);
  const message = `There is no function ${JSON.stringify(name)} here.`;
  return translation.report("FUNCTION", node, message, `there are ${known.join(", ")}`, {
    word: name,
    known,
  });
}

/** What the language has and a rule cannot use. */
const forbidden: ReadonlyMap<string, string> = new Map([
  ["now", "rules know event time only: use for, windows and the aggregate lag"],
  ["timestamp", "rules know event time only: use for, windows and the aggregate lag"],
  ["duration", "write durations into the keys of the rule"],
  ["map", "use all, exists or exists_one over a list that is written out"],
  ["filter", "use all, exists or exists_one over a list that is written out"],
  ["abs", "write math.abs(…)"],
  ["max", "write math.greatest(…)"],
  ["min", "write math.least(…)"],
]);

function wrongCount(translation: Translation, node: Call | Method, name: string, count: number): undefined {
  const values = count === 0 ? "nothing" : count === 1 ? "one value" : "a variable and a condition";
  return translation.report(
    "FUNCTION",
    node,
    `${name} takes ${values} between its parentheses.`,
    "count the values",
  );
}
