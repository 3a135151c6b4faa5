/** JSON Schemas of what the read side answers, for the API document. */
import { alertStates, severities } from "../core/streams.ts";
import type { Schema } from "./route.ts";

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };
const instant: Schema = { type: "number", description: "Epoch milliseconds." };

function mapOf(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** An object whose properties are all there. */
function objectOf(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required };
}

const counts = mapOf(count);
const position = objectOf({ acked: count, pending: count, evicted: count });
const condition = objectOf({ ready: flag, detail: text });

/** `/healthz` */
export const healthSchema: Schema = objectOf({ state: { const: "alive" } });

/** `/readyz` */
export const readinessSchema: Schema = objectOf({
  ready: flag,
  broker: condition,
  store: condition,
  rules: condition,
});

/** `/api/v1/status` */
export const statusSchema: Schema = objectOf({
  gateway: text,
  version: text,
  state: text,
  startedAt: instant,
  uptimeMs: { type: "number" },
  clock: { enum: ["synced", "unsynced"] },
  listeners: listOf(objectOf({ protocol: text, host: text, port: count })),
  connections: count,
  series: count,
  rules: count,
  firing: count,
  logSeq: count,
  backlog: counts,
});

/** `/api/v1/ledger` */
export const ledgerSchema: Schema = objectOf({
  received: count,
  stored: count,
  rejected: counts,
  dropped: counts,
  samples: objectOf({ decoded: count, stored: count, duplicate: count, late: count, corrected: count }),
  streams: mapOf(objectOf({ length: count, evicted: count, upstreams: mapOf(position) })),
  balanced: flag,
});

/** `/api/v1/samples` */
export const samplesSchema: Schema = objectOf({
  samples: listOf(
    objectOf(
      {
        device: text,
        metric: text,
        at: { ...instant, description: "Event time, epoch milliseconds." },
        value: {
          type: ["number", "boolean", "string", "null"],
          description: "null where the device sent nothing that is a value.",
        },
        unit: text,
        quality: {
          enum: ["corrected", "bad"],
          description:
            "corrected: the device's stamp was not taken as it came. bad: no finite number where one belongs.",
        },
        stampAt: { ...instant, description: "The device's own stamp, where `at` is another one." },
      },
      ["unit", "quality", "stampAt"],
    ),
  ),
  truncated: { type: "boolean", description: "There are more, or there may be: not everything was read." },
});

/** One alert, as its newest transition shows it. */
export const alertSchema: Schema = objectOf({
  seq: count,
  id: { type: "string", description: "Of this episode of the alert." },
  rule: text,
  key: mapOf(text),
  state: { enum: alertStates },
  severity: { enum: severities },
  since: instant,
  at: instant,
  reason: { type: "string", description: "Why this was told: change, repeat, acknowledge, shelve, …" },
  values: mapOf({ type: ["number", "string", "boolean", "null"] }),
  labels: mapOf(text),
  annotations: mapOf(text),
  coverage: { type: ["number", "null"] },
  revision: count,
  historical: flag,
  acknowledged: flag,
  acknowledgedBy: { type: ["string", "null"] },
  shelvedUntil: { type: ["number", "null"] },
  inhibitedBy: { type: ["string", "null"], description: "The rule whose alert mutes this one." },
  shadow: flag,
  capture: {
    type: ["object", "null"],
    properties: { from: instant, to: instant },
    required: ["from", "to"],
    description: "Event time of the raw samples around the firing; see /api/v1/samples.",
  },
});

/** `/api/v1/alerts` */
export const alertsSchema: Schema = objectOf({ alerts: listOf(alertSchema) });

/** `/api/v1/rules` */
export const rulesSchema: Schema = objectOf({
  rules: listOf({
    type: "object",
    description: "A rule with every default filled in; durations in milliseconds.",
    properties: { id: text, description: text, enabled: flag },
    required: ["id"],
  }),
});

/** `/api/v1/dead-letters` */
export const deadLettersSchema: Schema = objectOf({
  deadLetters: listOf(
    objectOf({
      at: instant,
      topic: text,
      clientId: text,
      cause: text,
      detail: text,
      length: { ...count, description: "Bytes of the whole payload; `bytes` may hold only its beginning." },
      bytes: { type: "string", contentEncoding: "base64" },
    }),
  ),
});

/** `/api/v1/upstreams` */
export const upstreamsSchema: Schema = objectOf({
  upstreams: listOf(
    objectOf({
      name: text,
      url: text,
      connected: flag,
      state: text,
      detail: text,
      streams: mapOf(position),
    }),
  ),
});
