/** `/api/v1/samples`: raw samples out of the log. */
import { type ReadModel, type SampleQuery, samplesMax } from "../core/read-model.ts";
import type { EpochMs } from "../core/sample.ts";
import { parseInstant } from "./instant.ts";
import { badParameter, jsonAnswer, jsonMediaType, type Route, type RouteOutcome } from "./route.ts";
import { samplesSchema } from "./schemas.ts";

/** Samples given without a `limit`. */
const samplesShown = 1_000;

const instantForms = "epoch milliseconds, or RFC 3339 with a zone";

/** Makes the route. */
export function samplesRoute(readModel: Pick<ReadModel, "samples">): Route {
  return {
    path: "/api/v1/samples",
    summary:
      "Raw samples of a device, in the order of event time. What arrived more than an hour late may be missing.",
    parameters: [
      {
        name: "device",
        description: "Its name.",
        required: true,
        schema: { type: "string", examples: ["fridge-1"] },
      },
      { name: "metric", description: "Only this one.", schema: { type: "string" } },
      {
        name: "from",
        description: `Event times from here on: ${instantForms}. Without it, an hour before \`to\`.`,
        schema: { type: "string", examples: ["2026-01-31T08:00:00Z", "1769846400000"] },
      },
      {
        name: "to",
        description: `Event times before this: ${instantForms}. Without it, now.`,
        schema: { type: "string" },
      },
      {
        name: "limit",
        description: "How many at most, the earliest; `truncated` tells whether there are more.",
        schema: { type: "integer", minimum: 1, maximum: samplesMax, default: samplesShown },
      },
    ],
    responses: { 200: { description: "Samples.", contentType: jsonMediaType, schema: samplesSchema } },
    async handle(query): Promise<RouteOutcome> {
      const asked = sampleQueryOf(query);
      if ("refusal" in asked) return asked.refusal;
      const found = await readModel.samples(asked);
      return "unknown" in found ? unknownName(asked, found.unknown) : jsonAnswer(found);
    },
  };
}

function sampleQueryOf(query: URLSearchParams): SampleQuery | { readonly refusal: RouteOutcome } {
  const device = query.get("device") ?? "";
  if (device === "") return refused("device", 'The device has to be named: "device=fridge-1".');
  const metric = query.get("metric");
  if (metric === "") return refused("metric", '"metric" is empty; without it every metric is given.');
  const given = query.get("limit") ?? String(samplesShown);
  const limit = /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (limit < 1 || limit > samplesMax) {
    return refused("limit", `"${given}" is not a whole number from 1 to ${samplesMax}.`);
  }
  const bounds: { from?: EpochMs; to?: EpochMs } = {};
  for (const name of ["from", "to"] as const) {
    const written = query.get(name);
    if (written === null) continue;
    const at = parseInstant(written);
    if (at === undefined) return refused(name, `"${written}" is no instant: write ${instantForms}.`);
    bounds[name] = at;
  }
  if (bounds.from !== undefined && bounds.to !== undefined && bounds.from >= bounds.to) {
    return refused("to", '"to" is not after "from".');
  }
  return { device, limit, ...(metric === null ? {} : { metric }), ...bounds };
}

function refused(parameter: string, detail: string): { readonly refusal: RouteOutcome } {
  return { refusal: badParameter(parameter, detail) };
}

function unknownName({ device, metric }: SampleQuery, what: "device" | "metric"): RouteOutcome {
  const detail =
    what === "device"
      ? `No device "${device}" has ever sent a sample.`
      : `The device "${device}" has never sent a metric "${metric}".`;
  return { problem: { status: 404, title: `The ${what} is not known.`, detail, parameter: what } };
}
