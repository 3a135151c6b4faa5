/** Actions: messages that a rule publishes on the local broker when its alert changes. */
import { invariant } from "../errors.ts";
import type { LocalAction } from "../record.ts";
import type { AlertState } from "../streams.ts";
import { topicLevelOf } from "../topic.ts";
import type { PublishAction } from "./definition.ts";
import { compileTemplate, type TemplateValue } from "./template.ts";

/** What templates of an action can name. */
export type ActionValues = Readonly<Record<string, TemplateValue>>;

/** A compiled action. */
export interface Action {
  /** Whether it is done when an alert changes to this state. */
  runsOn(state: AlertState): boolean;
  /** Fills in its texts. Names in the topic are encoded, so that no value adds a level or a wildcard. */
  render(values: ActionValues): LocalAction;
}

/** Compiles an action once, to be rendered often. */
export function compileAction(definition: PublishAction): Action {
  const { on, qos, retain } = definition;
  const topic = renderer(definition.topic);
  const payload = compilePayload(definition.payload);
  return {
    runsOn: (state) => on === "change" || on === state,
    render: (values) => ({
      topic: topic(encodedLevels(values)),
      payload: JSON.stringify(payload(values)),
      qos,
      retain,
    }),
  };
}

/** Any JSON whose texts are templates. A text that is nothing but one name becomes the value itself: a number stays one. */
function compilePayload(payload: unknown): (values: ActionValues) => unknown {
  if (typeof payload === "string") {
    const alone = /^\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}$/.exec(payload)?.[1];
    if (alone !== undefined) return (values) => (Object.hasOwn(values, alone) ? values[alone] : null);
    return renderer(payload);
  }
  if (Array.isArray(payload)) {
    const elements = payload.map(compilePayload);
    return (values) => elements.map((element) => element(values));
  }
  if (typeof payload === "object" && payload !== null) {
    const members = Object.entries(payload).map(([name, value]) => [name, compilePayload(value)] as const);
    return (values) => Object.fromEntries(members.map(([name, member]) => [name, member(values)]));
  }
  return () => payload;
}

function renderer(text: string): (values: ActionValues) => string {
  const template = compileTemplate(text);
  invariant(template.ok, `${JSON.stringify(text)} of an action is not a template`);
  return (values) => template.value.render(values);
}

function encodedLevels(values: ActionValues): ActionValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? topicLevelOf(value) : value,
    ]),
  );
}
