/** The schema of a rule: every key, its default, and what is said about a wrong value. */
import * as z from "zod/mini";
import type { Severity } from "../core/streams.ts";
import { condition, type WrittenCondition } from "./rule-condition-schema.ts";
import { detect, type WrittenDetect } from "./rule-detectors.ts";
import { source, sources, type WrittenSide, type WrittenSource } from "./rule-source-schema.ts";
import { ruleTestsSchema } from "./rule-tests.ts";
import { aggregate, window, type WrittenAggregate, type WrittenWindow } from "./rule-window-schema.ts";
import { key, nameText, numberWithin, shortText } from "./rule-words.ts";
import {
  choice,
  described,
  duration,
  expecting,
  flag,
  integer,
  listOf,
  object,
  recordOf,
  type Schema,
  text,
} from "./shape.ts";

/** The longest stretch of raw samples that a firing keeps on one side. */
const captureMsMax = 86_400_000;

/** The severities, in ascending order. */
export const severities: readonly ["info", "warning", "critical"] = ["info", "warning", "critical"];

function optional<S extends Schema>(schema: S, description: string): z.ZodMiniExactOptional<S> {
  // The description goes to the key: conditions share one schema.
  return key(z.exactOptional(schema), description);
}

function ruleId(): ReturnType<typeof text> {
  return text(
    { code: "ID", expected: "An id of a-z, 0-9 and -", hint: () => 'for example "cold-room-warm"' },
    /^[a-z0-9][a-z0-9-]{0,63}$/,
  );
}

const levels = object({
  info: optional(condition, "When the alert is worth knowing."),
  warning: optional(condition, "When somebody should look."),
  critical: optional(condition, "When somebody has to act."),
});

const publish = object({
  topic: key(
    expecting(z.string(), {
      code: "TOPIC",
      expected: "A topic",
      hint: () => 'for example "plant/horn/{{device}}"',
    }),
    "The topic on the gateway's own broker; a template.",
  ),
  payload: key(
    z.exactOptional(z.unknown()),
    "What is published: any JSON. Texts in it are templates. Left out: null.",
  ),
  on: key(
    z.prefault(choice(["firing", "resolved", "no-data", "change"]), "firing"),
    "Which change of the alert publishes it.",
  ),
  qos: key(
    z.prefault(
      expecting(z.union([z.literal(0), z.literal(1)]), {
        code: "NUMBER",
        expected: "0 or 1",
        hint: () => "1 for a message that has to arrive",
      }),
      0,
    ),
    "The quality of service.",
  ),
  retain: key(z.prefault(flag(), false), "Whether the broker keeps it for later subscribers."),
});

const shape = object({
  $schema: z.exactOptional(z.string()),
  id: key(ruleId(), "The stable identity of the rule."),
  description: key(z.prefault(shortText(1_024), ""), "What the rule is for."),
  tenant: optional(
    text(
      { code: "NAME", expected: "A name of a-z, 0-9 and -", hint: () => 'for example "north"' },
      /^[a-z0-9][a-z0-9-]{0,63}$/,
    ),
    "Whose devices it sees, by the names that the tenant gives them, and who hears of it. Default: everything.",
  ),
  enabled: key(z.prefault(flag(), true), "false: the rule is read and checked, and does nothing."),
  shadow: key(z.prefault(flag(), false), "true: the rule decides and records, and does not act."),
  source: optional(source, "The series that feed the rule."),
  sources: optional(sources, 'Several sides by name, to be compared: fields are then "a.mean", "b.mean".'),
  groupBy: key(
    z.prefault(listOf(nameText(), 0, 8), ["device"]),
    "What an alert is about: device, metric, profile, or names of tags.",
  ),
  window: key(z.prefault(window, { type: "none" }), "The stretch of event time that a decision looks at."),
  aggregate: key(
    z.prefault(recordOf(nameText(), aggregate), {}),
    "Values computed over the window, by name.",
  ),
  detect: optional(detect, "A built-in detector, instead of or beside when."),
  when: optional(condition, "When the alert is on."),
  levels: optional(levels, "Several severities in one rule, instead of when."),
  for: key(z.prefault(duration(), "0s"), "How long the condition must hold before the alert fires."),
  keepFiringFor: key(
    z.prefault(duration(), "0s"),
    "How long the condition must be clear before the alert resolves.",
  ),
  noData: optional(
    object({
      after: key(duration(1), "How much silence it takes."),
      state: key(z.prefault(choice(["no-data", "firing", "ok"]), "no-data"), "What silence means."),
    }),
    "What happens when nothing comes.",
  ),
  coverage: optional(
    numberWithin(0, 1, { hint: "a share: 0.8 for 80 %" }),
    "Share of the expected samples below which the state is no-data.",
  ),
  flap: optional(
    object({
      low: key(z.prefault(share(), 0.25), "It flaps no longer below this share of changes."),
      high: key(z.prefault(share(), 0.5), "It flaps from this share of changes on."),
      history: key(z.prefault(integer(2, 32), 20), "How many decisions are looked at."),
    }),
    "While an alert flaps, one notice replaces its changes.",
  ),
  severity: optional(choice(severities), "How bad it is. Default: warning."),
  inhibit: key(
    z.prefault(
      listOf(
        object({
          when: key(object({ rule: key(ruleId(), "The id of the other rule.") }), "What mutes this rule."),
          equal: key(
            z.prefault(listOf(nameText(), 0, 8), []),
            "Group keys, labels or tags that have to be the same on both.",
          ),
        }),
        0,
        16,
      ),
      [],
    ),
    "Rules that mute this one while they fire.",
  ),
  repeat: optional(duration(1_000), "How often an unacknowledged alert is told again."),
  escalate: optional(
    object({
      after: key(duration(1), "How long the alert stays unacknowledged."),
      severity: key(choice(severities), "What it becomes."),
    }),
    "Makes an unacknowledged alert more severe.",
  ),
  capture: optional(
    object({
      before: key(z.prefault(duration(0, captureMsMax), "0s"), "How far before the firing."),
      after: key(z.prefault(duration(0, captureMsMax), "0s"), "How far behind it."),
    }),
    "Raw samples around a firing that are kept.",
  ),
  actions: key(
    z.prefault(listOf(object({ publish: key(publish, "Publishes a message.") }), 0, 16), []),
    "What is done when the alert changes.",
  ),
  labels: key(z.prefault(recordOf(nameText(), shortText(256)), {}), "Fixed texts that go with the alert."),
  annotations: key(
    z.prefault(recordOf(nameText(), shortText(1_024)), {}),
    "Texts for people: {{name}} stands for group keys, labels and fields.",
  ),
  tests: z.exactOptional(described(z.unknown(), ruleTestsSchema())),
});

function share(): z.ZodMiniNumber {
  return numberWithin(0, 1, { hint: "a share: 0.25 for 25 %" });
}

/** The schema of one rule, for walking. */
export const ruleShape: Schema = shape;

/** A rule whose shape is right, with defaults, in milliseconds. */
export interface WrittenRule {
  readonly id: string;
  readonly description: string;
  readonly tenant?: string;
  readonly enabled: boolean;
  readonly shadow: boolean;
  readonly source?: WrittenSource;
  readonly sources?: Readonly<Record<string, WrittenSide>>;
  readonly groupBy: readonly string[];
  readonly window: WrittenWindow;
  readonly aggregate: Readonly<Record<string, string | WrittenAggregate>>;
  readonly detect?: string | WrittenDetect;
  readonly when?: WrittenCondition;
  readonly levels?: { readonly [S in Severity]?: WrittenCondition };
  readonly for: number;
  readonly keepFiringFor: number;
  readonly noData?: { readonly after: number; readonly state: "no-data" | "firing" | "ok" };
  readonly coverage?: number;
  readonly flap?: { readonly low: number; readonly high: number; readonly history: number };
  readonly severity?: Severity;
  readonly inhibit: readonly {
    readonly when: { readonly rule: string };
    readonly equal: readonly string[];
  }[];
  readonly repeat?: number;
  readonly escalate?: { readonly after: number; readonly severity: Severity };
  readonly capture?: { readonly before: number; readonly after: number };
  readonly actions: readonly { readonly publish: WrittenPublish }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface WrittenPublish {
  readonly topic: string;
  readonly payload?: unknown;
  readonly on: "firing" | "resolved" | "no-data" | "change";
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What zod says about a rule. */
export type ShapedRule =
  | { readonly ok: true; readonly value: WrittenRule }
  | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

/** Checks the shape of one rule. */
export function shapeRule(value: unknown): ShapedRule {
  const checked = z.safeParse(shape, value);
  return checked.success ? { ok: true, value: checked.data } : { ok: false, issues: checked.error.issues };
}

/** The JSON Schema (draft 7) of a rule file, for editors. */
export function rulesSchema(): Record<string, unknown> {
  described(shape, { id: "rule" });
  described(condition, { id: "condition" });
  const several = z.strictObject({
    $schema: z.exactOptional(z.string()),
    description: z.exactOptional(z.string()),
    rules: z.array(shape),
  });
  const schema = z.toJSONSchema(z.union([shape, several]), { target: "draft-7", io: "input" });
  return { ...schema, title: "holdfast rules" };
}
