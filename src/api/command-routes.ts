/** The table of what people may command: acknowledge and shelve alerts. */
import { type AlertAddress, isAddressed, shelfMsMax } from "../core/alert/command.ts";
import { nameCharactersMax } from "../core/limits.ts";
import type { Commander } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import type { AlertRecord } from "../core/streams.ts";
import { durationPattern } from "../core/time/duration.ts";
import { commandFailure } from "./command-failure.ts";
import { Members } from "./members.ts";
import { type CommandRoute, jsonAnswer, jsonMediaType, type RouteOutcome, type Schema } from "./route.ts";
import { alertSchema } from "./schemas.ts";

/** What the commands work with. */
export interface CommandSources {
  readonly readModel: Pick<ReadModel, "alerts" | "rules" | "readiness">;
  readonly commander: Commander;
}

/** Characters of a reason. */
const reasonCharactersMax = 1_024;

/** Shortest shelf: what is over before its answer is read has not been there. */
const shelfMsMin = 1_000;

/** Who has said it when nobody is named. */
const nobodyNamed = "http";

const saidMembers = ["by", "reason", "undo"];
const saidSchemas: Readonly<Record<string, Schema>> = {
  by: { type: "string", minLength: 1, maxLength: nameCharactersMax, default: nobodyNamed },
  reason: { type: "string", minLength: 1, maxLength: reasonCharactersMax },
  undo: { type: "boolean", default: false, description: "Takes it back." },
};
const forSchema: Schema = {
  type: "string",
  pattern: durationPattern,
  examples: ["2h"],
  description: "From 1s to 30d. Demanded unless undo is true, and then not allowed.",
};
const responses: CommandRoute["responses"] = {
  200: { description: "The alert as it stands now.", contentType: jsonMediaType, schema: alertSchema },
};
const idParameter: CommandRoute["parameters"][number] = {
  name: "id",
  description: "Of the alert's episode, as /api/v1/alerts shows it.",
  schema: { type: "string", pattern: "^[0-9a-f]{16}$" },
};

/** Every route that takes a command. */
export function commandRoutesOf(sources: CommandSources): readonly CommandRoute[] {
  return [
    {
      path: "/api/v1/alerts/{id}/ack",
      summary: "Acknowledges an alert that is firing, flapping or without data, or takes that back.",
      parameters: [idParameter],
      body: { required: false, schema: bodySchema(saidSchemas) },
      responses,
      handle: ({ id = "" }, body) => acknowledge(sources, id, body),
    },
    {
      path: "/api/v1/alerts/{id}/shelve",
      summary: "Shelves an alert for a while, whatever episode it is in, or takes it from the shelf.",
      parameters: [idParameter],
      body: { required: true, schema: bodySchema({ for: forSchema, ...saidSchemas }) },
      responses,
      handle: ({ id = "" }, body) => shelveById(sources, id, body),
    },
    {
      path: "/api/v1/rules/{rule}/shelve",
      summary: "Shelves the alert of a rule and a key, also at rest: planned work.",
      parameters: [{ name: "rule", description: "Id of a rule in force.", schema: { type: "string" } }],
      body: {
        required: true,
        schema: bodySchema({ key: keySchema, for: forSchema, ...saidSchemas }, ["key"]),
      },
      responses,
      handle: ({ rule = "" }, body) => shelveByRule(sources, rule, body),
    },
  ];
}

const keySchema: Schema = {
  type: "object",
  additionalProperties: { type: "string" },
  description: "A value for each name in the rule's groupBy.",
};

function bodySchema(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}

async function acknowledge(sources: CommandSources, id: string, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, saidMembers);
  const { undo, ...said } = saidIn(members);
  if (members.refusal !== undefined) return members.refusal;
  const alert = sources.readModel.alerts().find((one) => one.id === id);
  if (alert === undefined) return noSuchAlert(id);
  if (!undo && !callsForPeople(alert)) return nothingToAcknowledge(alert);
  // By its id: what was not seen yet is not acknowledged, should the alert begin anew meanwhile.
  const target = { alert: id };
  const kind = undo ? "unacknowledge" : "acknowledge";
  const failure = await commandFailure(sources, { kind, target, ...said });
  if (failure !== undefined) return failure;
  const after = standing(sources, alert);
  if (after === undefined) return noSuchAlert(id);
  if (!undo && !(after.id === id && after.acknowledged)) return nothingToAcknowledge(after);
  return jsonAnswer(after);
}

async function shelveById(sources: CommandSources, id: string, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, ["for", ...saidMembers]);
  const shelf = shelfIn(members);
  if (members.refusal !== undefined) return members.refusal;
  const alert = sources.readModel.alerts().find((one) => one.id === id);
  if (alert === undefined) return noSuchAlert(id);
  const outcome = await shelve(sources, alert, shelf);
  return outcome ?? gone(`The rule of the alert, "${alert.rule}", is no longer in force.`);
}

async function shelveByRule(sources: CommandSources, rule: string, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, ["key", "for", ...saidMembers]);
  const shelf = shelfIn(members);
  const definition = sources.readModel.rules().find((one) => one.id === rule);
  if (definition === undefined) return notFound(`No rule "${rule}" is in force.`);
  const key = members.texts("key", definition.groupBy, nameCharactersMax);
  if (members.refusal !== undefined) return members.refusal;
  const outcome = await shelve(sources, { rule, key }, shelf);
  return outcome ?? notFound(`The rule "${rule}" has no alert of that key: nothing has come in for it yet.`);
}

/** @returns Nothing when there is no alert of that rule and key. */
async function shelve(
  sources: CommandSources,
  { rule, key }: Pick<AlertRecord, "rule" | "key">,
  shelf: ShelfSaid,
): Promise<RouteOutcome | undefined> {
  const target: AlertAddress = { rule, key };
  const { undo, forMs, by, reason } = shelf;
  const failure = await commandFailure(
    sources,
    undo ? { kind: "unshelve", target, by, reason } : { kind: "shelve", target, by, reason, forMs },
  );
  if (failure !== undefined) return failure;
  const after = standing(sources, { rule, key });
  if (after === undefined || (after.shelvedUntil === null) !== undo) return undefined;
  return jsonAnswer(after);
}

interface Said {
  readonly by: string;
  readonly reason: string;
  readonly undo: boolean;
}

interface ShelfSaid extends Said {
  readonly forMs: number;
}

function saidIn(members: Members): Said {
  return {
    by: members.text("by", nameCharactersMax) ?? nobodyNamed,
    reason: members.text("reason", reasonCharactersMax) ?? "",
    undo: members.flag("undo"),
  };
}

function shelfIn(members: Members): ShelfSaid {
  const said = saidIn(members);
  if (!said.undo)
    return { ...said, forMs: members.durationMs("for", { leastMs: shelfMsMin, mostMs: shelfMsMax }) };
  if (members.has("for")) members.wrong("for", 'does not go with "undo"');
  return { ...said, forMs: 0 };
}

/** The newest record of an alert, whichever episode it is in. */
function standing(
  { readModel }: CommandSources,
  { rule, key }: Pick<AlertRecord, "rule" | "key">,
): AlertRecord | undefined {
  return readModel.alerts().find((one) => isAddressed({ rule, key }, one));
}

function callsForPeople({ state, historical }: AlertRecord): boolean {
  return !historical && (state === "firing" || state === "no-data" || state === "flapping");
}

function nothingToAcknowledge({ state }: AlertRecord): RouteOutcome {
  const title = "There is nothing to acknowledge.";
  const detail = callsForNobody.has(state)
    ? `The alert is ${state}: it calls for nobody now.`
    : "The alert has changed meanwhile: look at it again.";
  return { problem: { status: 409, title, detail } };
}

const callsForNobody: ReadonlySet<string> = new Set(["ok", "pending", "resolved"]);

function noSuchAlert(id: string): RouteOutcome {
  return notFound(`No alert has the id "${id}"; /api/v1/alerts shows those that are known.`);
}

function notFound(detail: string): RouteOutcome {
  return { problem: { status: 404, title: "There is no such alert.", detail } };
}

function gone(detail: string): RouteOutcome {
  return { problem: { status: 409, title: "The alert is no longer there.", detail } };
}
