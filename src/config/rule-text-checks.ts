/** Templates of a rule: annotations, and the topics and payloads of its actions. */
import {
  payloadDepthMax,
  payloadItemsMax,
  payloadStringBytesMax,
  topicBytesMax,
  topicLevelsMax,
} from "../core/limits.ts";
import { compileTemplate } from "../core/rule/template.ts";
import { isObject } from "./jsonc.ts";
import { childPointer } from "./pointer.ts";
import { type RuleNames, shownNames } from "./rule-names.ts";
import { nearest } from "./suggest.ts";
import type { RuleReport } from "./window-checks.ts";

/** Checks the annotations of a rule. */
export function checkAnnotations(annotations: unknown, names: RuleNames, report: RuleReport): void {
  if (!isObject(annotations)) return;
  const known = shownNames(names);
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text === "string") checkTemplate(text, childPointer("/annotations", key), known, report);
  }
}

/** Checks the actions of a rule. */
export function checkActions(
  actions: unknown,
  names: RuleNames,
  ownPrefix: string,
  report: RuleReport,
): void {
  if (!Array.isArray(actions)) return;
  const known = [...shownNames(names), ...names.annotations, "state", "severity"];
  for (const [index, action] of actions.entries()) {
    const publish: unknown = isObject(action) ? action["publish"] : undefined;
    if (!isObject(publish)) continue;
    const place = `/actions/${index}/publish`;
    const { topic, payload } = publish;
    if (typeof topic === "string") {
      checkTopic(topic, `${place}/topic`, ownPrefix, report);
      checkTemplate(topic, `${place}/topic`, known, report);
    }
    checkPayload(payload, `${place}/payload`, known, report);
  }
}

function checkTemplate(text: string, pointer: string, known: readonly string[], report: RuleReport): void {
  const template = compileTemplate(text);
  if (!template.ok) {
    for (const { code, message, hint } of template.problems) report(pointer, code, message, hint ?? "");
    return;
  }
  for (const name of template.value.names) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `it can show ${known.join(", ")}` : `did you mean {{${meant}}}?`;
    report(pointer, "TEMPLATE_UNKNOWN", `"{{${name}}}" names nothing that this rule has.`, hint);
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const control = /[\u0000-\u001f\u007f]/;

/** A topic that a message can be published on, whatever the names in it become. */
function checkTopic(topic: string, pointer: string, ownPrefix: string, report: RuleReport): void {
  const fixed = topic.replaceAll(/\{\{[^}]*\}\}/g, "x");
  const problem = (message: string, hint: string): void => report(pointer, "TOPIC", message, hint);
  if (topic === "" || topic.length > topicBytesMax || fixed.split("/").length > topicLevelsMax) {
    const most = `${topicBytesMax} characters and ${topicLevelsMax} levels`;
    problem(`A topic has 1 to ${most}.`, 'for example "plant/horn/{{device}}"');
  } else if (/[+#]/.test(fixed)) {
    problem(
      "A message is published on one topic: + and # are for subscribing.",
      "name every level, or use {{device}}",
    );
  } else if (control.test(fixed)) {
    problem("A topic has no control characters.", "remove them");
  } else if (fixed.startsWith("$") || topic.startsWith(ownPrefix) || `${topic}/` === ownPrefix) {
    const own = fixed.startsWith("$") ? "$" : ownPrefix;
    problem(
      `Topics that begin with "${own}" belong to the broker itself.`,
      'use another one: "plant/horn/{{device}}"',
    );
  }
}

/** A payload of bounded size. The texts in it are templates; its keys are not. */
function checkPayload(payload: unknown, pointer: string, known: readonly string[], report: RuleReport): void {
  let items = 0;
  const visit = (value: unknown, place: string, depth: number): void => {
    items += 1;
    if (typeof value === "string") {
      if (value.length > payloadStringBytesMax) {
        const message = `A text of ${value.length} characters; at most ${payloadStringBytesMax} are possible.`;
        report(place, "PAYLOAD", message, "shorten it");
      } else checkTemplate(value, place, known, report);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    if (depth >= payloadDepthMax) {
      report(place, "PAYLOAD", `More than ${payloadDepthMax} levels are nested here.`, "flatten it");
      return;
    }
    for (const [key, member] of Object.entries(value)) visit(member, childPointer(place, key), depth + 1);
  };
  visit(payload, pointer, 0);
  if (items > payloadItemsMax) {
    report(pointer, "PAYLOAD", `The payload has ${items} values.`, `at most ${payloadItemsMax} are possible`);
  }
}
