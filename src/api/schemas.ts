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
  memory: { enum: ["none", "tight", "critical"] },
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
  recovered: { ...counts, description: "Messages that had been rejected, by cause, and were decoded later." },
  samples: objectOf({
    decoded: count,
    stored: count,
    duplicate: count,
    suppressed: { ...count, description: "Within the dead band of the last one kept." },
    late: count,
    corrected: count,
  }),
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
        profile: {
          type: "string",
          description: "The device profile that decoded it, with its version then: vendor/model@2.",
        },
        stampAt: { ...instant, description: "The device's own stamp, where `at` is another one." },
        historical: {
          const: true,
          description: "The sender or a replay marks it as old: rules have not seen it.",
        },
      },
      ["unit", "quality", "profile", "stampAt", "historical"],
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
    properties: {
      id: text,
      description: text,
      enabled: flag,
      fromProfile: {
        ...text,
        description: "The device profile that it came with; missing for the operator's own.",
      },
    },
    required: ["id"],
  }),
});

/** One device of the registry. */
export const deviceSchema: Schema = objectOf(
  {
    device: text,
    label: { type: "string", description: "What people call it; its name where nobody has said." },
    vendor: text,
    model: text,
    firmware: text,
    via: { type: "string", description: "Through which device it is reached." },
    profile: { type: "string", description: "The profile by which it is decoded." },
    tags: mapOf(text),
    firstSeen: { type: ["number", "null"] },
    lastSeen: { type: ["number", "null"] },
    online: { type: ["boolean", "null"], description: "null while that is not known." },
    onlineBy: {
      enum: ["said", "interval", null],
      description: "said: by the device or who watches it. interval: by how often it sends.",
    },
    intervalMs: { type: "number" },
    battery: { type: "number", description: "Per cent." },
    link: { type: "number", description: "How well it is heard, in the unit of its series." },
    metrics: listOf(
      objectOf(
        {
          metric: text,
          unit: text,
          label: text,
          class: text,
          stateClass: text,
          expectedMs: { type: "number" },
          conflicts: listOf(objectOf({ source: text, unit: text })),
        },
        ["unit", "label", "class", "stateClass", "expectedMs", "conflicts"],
      ),
    ),
  },
  ["vendor", "model", "firmware", "via", "profile", "intervalMs", "battery", "link"],
);

/** `/api/v1/devices` */
export const devicesSchema: Schema = objectOf({ devices: listOf(deviceSchema), truncated: flag });

/** `/api/v1/devices/remove` */
export const removedSchema: Schema = objectOf({ removed: text });

/** `/api/v1/topics` */
export const topicsSchema: Schema = objectOf({
  topics: listOf(
    objectOf(
      {
        topic: text,
        codec: { type: "string", description: "`auto` until detection has settled." },
        profile: text,
      },
      ["profile"],
    ),
  ),
  truncated: flag,
});

/** `/api/v1/profiles` */
export const profilesSchema: Schema = objectOf({
  profiles: listOf(
    objectOf(
      {
        id: text,
        version: count,
        digest: { type: "string", description: "Of everything by which payloads are decoded." },
        metrics: listOf(objectOf({ name: text, unit: text, type: text }, ["unit", "type"])),
        fromSeq: { ...count, description: "The first log record whose samples it decoded." },
        fromAt: instant,
        toSeq: {
          ...count,
          description: "The first that it no longer decoded; missing while it is in force.",
        },
      },
      ["toSeq"],
    ),
  ),
});

/** `/api/v1/dead-letters` */
export const deadLettersSchema: Schema = objectOf({
  deadLetters: listOf(
    objectOf({
      number: { ...count, description: "In the order of arrival, from 1." },
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

/** `/api/v1/dead-letters/replay` */
export const replaySchema: Schema = objectOf({
  dryRun: flag,
  examined: { ...count, description: "recovered + refused + cut" },
  recovered: { ...count, description: "Decoded and stored; of a dry run, those that would be." },
  cut: { ...count, description: "Kept only in part, and so not decoded." },
  refused: {
    ...mapOf(objectOf({ count, examples: listOf(objectOf({ number: count, topic: text, detail: text })) })),
    description: "By the cause for which they are refused now.",
  },
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

/** `/api/v1/bridges` */
export const bridgesSchema: Schema = objectOf({
  bridges: listOf(
    objectOf({
      name: text,
      url: text,
      connected: flag,
      state: { enum: ["connected", "connecting", "waiting", "stopped"] },
      detail: { ...text, description: "What is wrong; empty when nothing is." },
      clientId: { ...text, description: "The client of its messages, in dead letters for instance." },
      protocol: { enum: ["3.1.1", "5", null], description: "null while it is not connected." },
      received: { ...count, description: "Messages since the start, those sent again included." },
      inFlight: { ...count, description: "Messages that wait for a commit." },
      subscriptions: listOf(
        objectOf({
          filter: text,
          qos: { enum: [0, 1, 2] },
          granted: {
            type: ["integer", "null"],
            description: "QoS granted; null before there is an answer, and when it is refused.",
          },
          refused: flag,
          detail: { ...text, description: "Why it is refused." },
        }),
      ),
    }),
  ),
});
