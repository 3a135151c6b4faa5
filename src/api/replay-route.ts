/** `/api/v1/dead-letters/replay`: decodes kept dead letters again. */
import type { ReplayRequest } from "../core/dead-letter-replay.ts";
import { type RejectCause, rejectCauses } from "../core/decode.ts";
import { AppError } from "../core/errors.ts";
import { topicBytesMax } from "../core/limits.ts";
import type { DeadLetterReplayer } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import { isTopicFilter } from "../core/topic.ts";
import { Members } from "./members.ts";
import { type CommandRoute, jsonAnswer, jsonMediaType, type RouteOutcome } from "./route.ts";
import { replaySchema } from "./schemas.ts";

/** What the route works with. */
export interface ReplaySources {
  readonly readModel: Pick<ReadModel, "readiness">;
  readonly replayer: DeadLetterReplayer;
}

/** Makes the route. */
export function replayRoute(sources: ReplaySources): CommandRoute {
  const summary =
    "Decodes kept dead letters again, oldest first, with the routes and profiles now in force. What decodes is " +
    "stored, marked as old, and leaves the dead letters.";
  return {
    path: "/api/v1/dead-letters/replay",
    summary,
    parameters: [],
    body: {
      required: false,
      schema: {
        type: "object",
        properties: {
          topic: { type: "string", description: "An MQTT topic filter; without it every topic." },
          cause: { enum: rejectCauses, description: "Only what was refused for this." },
          dryRun: { type: "boolean", default: false, description: "Only tells what would become of them." },
        },
        additionalProperties: false,
      },
    },
    responses: {
      200: { description: "What has become of them.", contentType: jsonMediaType, schema: replaySchema },
    },
    handle: (_levels, body) => replay(sources, body),
  };
}

async function replay({ readModel, replayer }: ReplaySources, body: unknown): Promise<RouteOutcome> {
  const members = new Members(body, ["topic", "cause", "dryRun"]);
  const request = requestIn(members);
  if (members.refusal !== undefined) return members.refusal;
  if (!request.dryRun && !readModel.readiness().store.ready) return unwritable;
  try {
    return jsonAnswer(await replayer.replayDeadLetters(request));
  } catch (error) {
    if (error instanceof AppError) return unwritable;
    throw error;
  }
}

function requestIn(members: Members): ReplayRequest {
  const topic = members.text("topic", topicBytesMax);
  if (topic !== undefined && !isTopicFilter(topic)) members.wrong("topic", "is not a topic filter");
  const cause = causeIn(members);
  const dryRun = members.flag("dryRun");
  return { ...(topic === undefined ? {} : { topic }), ...(cause === undefined ? {} : { cause }), dryRun };
}

function causeIn(members: Members): RejectCause | undefined {
  const written = members.text("cause", topicBytesMax);
  const cause = rejectCauses.find((known) => known === written);
  if (written !== undefined && cause === undefined) {
    members.wrong("cause", `is none; the causes are ${rejectCauses.join(", ")}`);
  }
  return cause;
}

const unwritable: RouteOutcome = {
  problem: {
    status: 503,
    title: "The gateway cannot write.",
    detail: "The store does not take what was decoded; what is not stored is still kept. Try again.",
  },
};
