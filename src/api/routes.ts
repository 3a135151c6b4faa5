/** The table of what the read side answers. */
import { deadLettersMax } from "../core/limits.ts";
import type { ReadModel } from "../core/read-model.ts";
import { alertStates } from "../core/streams.ts";
import {
  badParameter,
  jsonAnswer,
  jsonMediaType,
  type Route,
  type RouteOutcome,
  type Schema,
} from "./route.ts";
import { samplesRoute } from "./samples-route.ts";
import type { TenantParts } from "./tenant-view.ts";
import { devicesRoute } from "./device-routes.ts";
import {
  alertsSchema,
  bridgesSchema,
  deadLettersSchema,
  healthSchema,
  ledgerSchema,
  profilesSchema,
  readinessSchema,
  rulesSchema,
  statusSchema,
  topicsSchema,
  upstreamsSchema,
} from "./schemas.ts";

/** What the routes read from. */
export interface RouteSources {
  readonly readModel: ReadModel;
  /** The Prometheus text, made when asked for. */
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Dead letters given without a `limit`. */
const deadLettersShown = 100;

/** Every route but the API document, which is made from them. */
export function routesOf({ readModel, scrape }: RouteSources): readonly Route[] {
  return [
    plain("/healthz", "Whether the process is alive.", healthSchema, () => ({ state: "alive" })),
    readinessRoute(readModel),
    metricsRoute(scrape),
    plain("/api/v1/status", "The gateway's own condition.", statusSchema, () => readModel.status()),
    plain("/api/v1/ledger", "The books: where every message and stream record is.", ledgerSchema, () =>
      readModel.ledger(),
    ),
    samplesRoute(readModel),
    alertsRoute(readModel),
    plain("/api/v1/rules", "The rules in force.", rulesSchema, () => ({ rules: readModel.rules() })),
    devicesRoute(readModel),
    topicsRoute(readModel),
    plain(
      "/api/v1/profiles",
      "The device profiles that were in force, with the stretches of the log that they decoded.",
      profilesSchema,
      () => ({ profiles: readModel.schemas() }),
    ),
    deadLettersRoute(readModel),
    plain("/api/v1/upstreams", "The links to the far ends.", upstreamsSchema, () => ({
      upstreams: readModel.upstreams(),
    })),
    plain("/api/v1/bridges", "The brokers from which messages are taken.", bridgesSchema, () => ({
      bridges: readModel.bridges(),
    })),
  ];
}

/** What of it a tenant is shown: nothing that tells of the gateway as a whole, or of others. */
export function tenantRoutesOf(readModel: TenantParts["readModel"]): readonly Route[] {
  return [
    plain("/healthz", "Whether the process is alive.", healthSchema, () => ({ state: "alive" })),
    readinessRoute(readModel),
    samplesRoute(readModel),
    alertsRoute(readModel),
    plain("/api/v1/rules", "The rules in force.", rulesSchema, () => ({ rules: readModel.rules() })),
    devicesRoute(readModel),
    topicsRoute(readModel),
    deadLettersRoute(readModel),
  ];
}

/** A route without parameters that answers with one JSON value. */
function plain(path: string, summary: string, schema: Schema, read: () => unknown): Route {
  return {
    path,
    summary,
    parameters: [],
    responses: { 200: { description: summary, contentType: jsonMediaType, schema } },
    handle: () => jsonAnswer(read()),
  };
}

function readinessRoute(readModel: Pick<ReadModel, "readiness">): Route {
  const body = { contentType: jsonMediaType, schema: readinessSchema };
  return {
    path: "/readyz",
    summary: "Whether broker, store and rules are ready.",
    parameters: [],
    responses: {
      200: { description: "Ready.", ...body },
      503: { description: "Not ready; `detail` says why.", ...body },
    },
    handle() {
      const parts = readModel.readiness();
      const ready = parts.broker.ready && parts.store.ready && parts.rules.ready;
      return jsonAnswer({ ready, ...parts }, ready ? 200 : 503);
    },
  };
}

function metricsRoute(scrape: RouteSources["scrape"]): Route {
  return {
    path: "/metrics",
    summary: "Metrics as Prometheus text.",
    parameters: [],
    responses: {
      200: {
        description: "Every metric family.",
        contentType: "text/plain; version=0.0.4; charset=utf-8",
        schema: { type: "string" },
      },
    },
    async handle() {
      const { contentType, text } = await scrape();
      return { answer: { status: 200, contentType, body: text } };
    },
  };
}

/** Topics of one answer. */
const topicsShown = 1_000;

function topicsRoute(readModel: Pick<ReadModel, "topics">): Route {
  return {
    path: "/api/v1/topics",
    summary: "Topics in use, and the codec and device profile by which each is decoded.",
    parameters: [{ name: "topic", description: "Only this one.", schema: { type: "string" } }],
    responses: { 200: { description: "Topics.", contentType: jsonMediaType, schema: topicsSchema } },
    handle(query) {
      const wanted = query.get("topic");
      const topics = readModel.topics().filter(({ topic }) => wanted === null || topic === wanted);
      return jsonAnswer({ topics: topics.slice(0, topicsShown), truncated: topics.length > topicsShown });
    },
  };
}

function alertsRoute(readModel: Pick<ReadModel, "alerts">): Route {
  return {
    path: "/api/v1/alerts",
    summary: "The newest transition of each alert.",
    parameters: [
      {
        name: "state",
        description: "Only alerts in this state, or in one of several joined by commas.",
        schema: { type: "string", examples: alertStates, pattern: stateListPattern() },
      },
    ],
    responses: { 200: { description: "Alerts.", contentType: jsonMediaType, schema: alertsSchema } },
    handle(query): RouteOutcome {
      const wanted = query.get("state")?.split(",");
      const unknown = wanted?.find((state) => !(alertStates as readonly string[]).includes(state));
      if (unknown !== undefined) {
        return badParameter(
          "state",
          `"${unknown}" is not a state of an alert; the states are ${alertStates.join(", ")}.`,
        );
      }
      const alerts = readModel.alerts();
      return jsonAnswer({
        alerts: wanted === undefined ? alerts : alerts.filter((alert) => wanted.includes(alert.state)),
      });
    },
  };
}

function stateListPattern(): string {
  const one = `(?:${alertStates.join("|")})`;
  return `^${one}(?:,${one})*$`;
}

function deadLettersRoute(readModel: Pick<ReadModel, "deadLetters">): Route {
  return {
    path: "/api/v1/dead-letters",
    summary: "Payloads that were refused, newest first.",
    parameters: [
      {
        name: "limit",
        description: "How many at most.",
        schema: { type: "integer", minimum: 1, maximum: deadLettersMax, default: deadLettersShown },
      },
    ],
    responses: {
      200: { description: "Dead letters.", contentType: jsonMediaType, schema: deadLettersSchema },
    },
    async handle(query) {
      const given = query.get("limit") ?? String(deadLettersShown);
      const limit = /^\d{1,6}$/.test(given) ? Number(given) : 0;
      if (limit < 1 || limit > deadLettersMax) {
        return badParameter("limit", `"${given}" is not a whole number from 1 to ${deadLettersMax}.`);
      }
      const letters = await readModel.deadLetters(limit);
      return jsonAnswer({
        deadLetters: letters.map((letter) => ({ ...letter, bytes: base64Of(letter.bytes) })),
      });
    },
  };
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
