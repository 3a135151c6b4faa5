/** The schema of the configuration file: every key, its default, and what is said about a wrong value. */
import * as z from "zod/mini";
import { codecNames } from "../core/decode.ts";
import { formatBytes } from "../core/bytes.ts";
import {
  bridgeFiltersMax,
  bridgesMax,
  memoryCeilingBytesMin,
  nameCharactersMax,
  sessionQueueBytesMax,
  sessionQueueMessagesLimit,
  sessionQueueMessagesMax,
} from "../core/limits.ts";
import { presetNames, usualPresets } from "../core/presets.ts";
import { streamNames, tenantStreams } from "../core/streams.ts";
import {
  type BridgeConfig,
  bridgeProtocols,
  type Config,
  listenerProtocols,
  upstreamFormats,
  upstreamPresets,
} from "./config.ts";
import { isLoopback } from "../core/address.ts";
import { deviceSchema, descriptionOf, tagKey, tagValue } from "./device-schema.ts";
import { isResolution, isTopicFilter, isTopicPrefix, isBrokerUrl } from "./forms.ts";
import {
  choice,
  described,
  duration,
  expecting,
  flag,
  integer,
  listOf,
  object,
  parsed,
  path,
  recordOf,
  type Schema,
  size,
  text,
} from "./shape.ts";

// oxlint-disable-next-line no-control-regex -- control characters are what is kept out of names.
const plainName = /^[^/+#\u0000-\u001f\u007f]+$/;

const gatewayId = text(
  { code: "NAME", expected: "A name without / + # and control characters", hint: () => 'for example "gw-7"' },
  new RegExp(`^(?=.{1,${nameCharactersMax}}$)${plainName.source.slice(1)}`),
);
const host = text(
  { code: "HOST", expected: "An address or a host name", hint: () => '"127.0.0.1", "0.0.0.0" or "::"' },
  /^[A-Za-z0-9.:_%-]{1,255}$/,
);
const port = integer(0, 65_535);
const slug = text(
  { code: "NAME", expected: "A name of a-z, 0-9 and -", hint: () => 'for example "cloud-1"' },
  /^[a-z0-9][a-z0-9-]{0,63}$/,
);

const topicFilter = parsed(
  {
    code: "TOPIC",
    expected: "A topic filter",
    hint: () => '+ and # each stand alone between slashes, and # only at the end: "plant/+/telemetry/#"',
  },
  (written) => (isTopicFilter(written) ? written : undefined),
);
const topicPrefix = parsed(
  {
    code: "TOPIC",
    expected: 'A topic prefix that ends in "/"',
    hint: () => 'for example "holdfast/"; no wildcards, no $ and no / at the beginning',
  },
  (written) => (isTopicPrefix(written) ? written : undefined),
);
const topicLevels = text(
  {
    code: "TOPIC",
    expected: "Levels of a topic without wildcards",
    hint: () => 'no / at the beginning and the end: "house/zigbee2mqtt"',
  },
  /^[^/+#$][^+#]*[^/+#]$|^[^/+#$]$/,
);
const routeName = text(
  {
    code: "ROUTE_NAME",
    expected: "A text, in which {n} stands for level n of the topic,",
    hint: () => 'levels count from 0: in "plant/press-7/telemetry" {1} is "press-7"',
  },
  new RegExp(`^(?:[^{}]|\\{\\d{1,2}\\}){1,${nameCharactersMax}}$`),
);
const fieldName = text(
  { code: "NAME", expected: "The name of a field of the payload", hint: () => 'for example "ts"' },
  new RegExp(`^.{1,${nameCharactersMax}}$`),
);
const brokerUrl = parsed(
  {
    code: "URL",
    expected: "An address of an MQTT broker without user and password in it",
    unquoted: true,
    hint: () => 'write "mqtts://broker.example:8883" (or mqtt), and "username" and "password" beside it',
  },
  (written) => (isBrokerUrl(written) ? written : undefined),
);
const username = text({ code: "TEXT", expected: "A user name" }, /^.{1,256}$/);
const password = text(
  {
    code: "SECRET",
    expected: "A password by reference",
    hint: () => 'write "${env:NAME}" or "${file:PATH}"',
    secret: true,
  },
  /^[\s\S]{1,65535}$/,
);
const resolution = parsed(
  { code: "DURATION", expected: "A resolution of at least a second", hint: () => 'for example "1m"' },
  (written) => (isResolution(written) ? written : undefined),
  { examples: ["1m", "15m", "1h"] },
);

const preset = described(
  expecting(z.union([choice(presetNames), object({ name: choice(presetNames), prefix: topicLevels })]), {
    code: "PRESET",
    expected: `A preset: ${presetNames.join(", ")},`,
    hint: () => '"tasmota", or { "name": "zigbee2mqtt", "prefix": "house/z2m" } under another base topic',
  }),
  { description: "Routes that ship with the gateway, for one device family." },
);

const listener = object({
  protocol: z.prefault(choice(listenerProtocols), "mqtt"),
  host: z.prefault(host, "127.0.0.1"),
  port: described(z.optional(port), { description: "Default by protocol: 1883, 8883, 8083, 8084." }),
  cert: z.exactOptional(path("file")),
  key: z.exactOptional(path("file")),
  clientCa: z.exactOptional(path("file")),
  crl: described(z.exactOptional(path("file")), { description: "Revoked client certificates (PEM)." }),
  principal: described(z.exactOptional(choice(["certificate"])), {
    description: "Clients are who their certificate says, and need no password.",
  }),
  insecure: z.prefault(flag(), false),
});

const route = object({
  match: topicFilter,
  codec: z.prefault(choice(codecNames), "auto"),
  device: z.exactOptional(routeName),
  metric: z.exactOptional(routeName),
  time: z.exactOptional(fieldName),
  unit: z.exactOptional(routeName),
  root: z.exactOptional(fieldName),
  decimalComma: z.exactOptional(flag()),
});

const clientId = text(
  {
    code: "NAME",
    expected: `A client id of at most ${nameCharactersMax} characters`,
    hint: () => 'for example "holdfast-gw-7"; two clients of one id throw each other out',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out.
  new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${nameCharactersMax}}$`),
);
const qos = expecting(z.literal([0, 1, 2]), { code: "QOS", expected: "A QoS: 0, 1 or 2" });
const bridgeFilter = expecting(
  z.union([topicFilter, object({ filter: topicFilter, qos: z.prefault(qos, 1) })]),
  {
    code: "TOPIC",
    expected: "A topic filter, or one with its QoS,",
    hint: () => '"v3/+/devices/+/up", or { "filter": "v3/+/devices/+/up", "qos": 0 }',
  },
);

const bridge = object({
  name: slug,
  url: brokerUrl,
  username: z.exactOptional(username),
  password: z.exactOptional(password),
  ca: z.exactOptional(path("file")),
  cert: z.exactOptional(path("file")),
  key: z.exactOptional(path("file")),
  clientId: described(z.exactOptional(clientId), {
    description: "Default: holdfast-<gateway>-<name>. The far broker keeps the session under it.",
  }),
  protocol: described(z.prefault(choice(bridgeProtocols), "auto"), {
    description: "auto: 5, and 3.1.1 where the far broker does not speak it.",
  }),
  topics: listOf(bridgeFilter, 1, bridgeFiltersMax),
  prefix: described(z.exactOptional(topicLevels), {
    description: "Levels in front of every topic before it is ingested.",
  }),
});

const upstream = object({
  name: slug,
  url: brokerUrl,
  tenant: described(z.exactOptional(slug), {
    description:
      "Only what is this tenant's is sent, of the streams alerts and summaries. Default: everything.",
  }),
  streams: z.prefault(listOf(choice(streamNames, ["raw"]), 1, streamNames.length), [...streamNames]),
  format: z.prefault(choice(upstreamFormats), "cbor"),
  preset: z.prefault(choice(upstreamPresets), "generic"),
  username: z.exactOptional(username),
  password: z.exactOptional(password),
  ca: z.exactOptional(path("file")),
  cert: z.exactOptional(path("file")),
  key: z.exactOptional(path("file")),
});

const shape = object({
  $schema: z.exactOptional(z.string()),
  gateway: z.prefault(
    object({
      id: described(z.optional(gatewayId), { description: "Default: the host name." }),
      tags: z.prefault(recordOf(tagKey, tagValue), {}),
    }),
    {},
  ),
  dataDir: z.prefault(path("new-directory"), "./data"),
  listeners: z.prefault(listOf(listener, 1, 16), [{}]),
  http: z.prefault(
    object({
      enabled: z.prefault(flag(), true),
      host: z.prefault(host, "127.0.0.1"),
      port: z.prefault(port, 8080),
      insecure: z.prefault(flag(), false),
    }),
    {},
  ),
  access: z.prefault(
    object({
      anonymous: described(z.optional(flag()), { description: "Default: true without a users file." }),
      usersFile: z.exactOptional(path("file")),
    }),
    {},
  ),
  ownTopicPrefix: z.prefault(topicPrefix, "holdfast/"),
  ingest: z.prefault(
    object({
      routes: z.prefault(listOf(route, 0, 1_000), []),
      presets: z.prefault(listOf(preset, 0, 64), [...usualPresets]),
      devices: z.prefault(listOf(deviceSchema, 0, 1_000), []),
      devicesDirs: z.prefault(listOf(path("directory"), 0, 16), []),
      profileRules: z.prefault(flag(), true),
      bridges: described(z.prefault(listOf(bridge, 0, bridgesMax), []), {
        description:
          "Brokers whose messages are ingested. They are not published on the gateway's own broker.",
      }),
      sparkplug: z.prefault(
        object({
          hostId: described(z.exactOptional(gatewayId), {
            description: "The broker says by spBv1.0/STATE/<hostId> whether this host is there.",
          }),
        }),
        {},
      ),
    }),
    {},
  ),
  rulesDir: z.prefault(path("directory"), "rules.d"),
  store: z.prefault(
    object({
      durability: z.prefault(choice(["sync", "async"]), "sync"),
      commitDelay: z.prefault(duration(0, 5_000), "0ms"),
      maxBytes: z.prefault(size(64 * 1024 ** 2), "2GiB"),
      retain: z.prefault(
        object({ raw: z.prefault(duration(1), "7d"), rollups: z.prefault(duration(1), "90d") }),
        {},
      ),
    }),
    {},
  ),
  sessions: z.prefault(
    object({
      queueMessages: described(z.prefault(integer(1, sessionQueueMessagesLimit), sessionQueueMessagesMax), {
        description: "Messages kept for a client of the local broker that is away; the oldest leave first.",
      }),
      queueBytes: z.prefault(size(1_024), formatBytes(sessionQueueBytesMax)),
    }),
    {},
  ),
  memory: z.prefault(
    object({
      ceiling: described(z.optional(size(memoryCeilingBytesMin)), {
        description: "Resident memory near which new work is refused. Default: 60 % of the machine's.",
      }),
    }),
    {},
  ),
  rollups: z.prefault(listOf(resolution, 0, 8), ["1m", "15m", "1h"]),
  publishSummaries: z.prefault(flag(), false),
  upstreams: z.prefault(listOf(upstream, 0, 8), []),
});

/** The schema, for walking and for export. */
export const configShape: Schema = shape;

/** Keys that are documented and that this version cannot do, by the name of the key. */
export const unsupportedConfigKeys: ReadonlySet<string> = new Set(["ackBy"]);

function bridgeOf(written: z.output<typeof bridge>, gateway: string): BridgeConfig {
  const { topics, clientId: chosen = `holdfast-${gateway}-${written.name}`, ...rest } = written;
  return {
    ...rest,
    clientId: chosen,
    topics: topics.map((one) => (typeof one === "string" ? { filter: one, qos: 1 } : one)),
  };
}

/** What zod says about a value. */
export type Shaped<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

/**
 * Checks the shape of a document with all defaults filled in, and gives it in the units of the program.
 *
 * @param effective - Paths are absolute; listeners have ports and the gateway an id.
 */
export function shapeConfig(effective: unknown): Shaped<Config> {
  const checked = z.safeParse(shape, effective);
  if (!checked.success) return { ok: false, issues: checked.error.issues };
  const { $schema: _ignored, ...written } = checked.data;
  const { retain, commitDelay: commitDelayMs, ...store } = written.store;
  const { queueMessages: queueMessagesMax, queueBytes: queueBytesMax } = written.sessions;
  const { ceiling } = written.memory;
  const config: Config = {
    ...written,
    gateway: { ...written.gateway, id: written.gateway.id ?? "" },
    access: { ...written.access, anonymous: written.access.anonymous ?? true },
    listeners: written.listeners.map((door) => ({
      ...door,
      port: door.port ?? 0,
      anonymous: written.access.anonymous !== false && isLoopback(door.host),
    })),
    ingest: {
      ...written.ingest,
      devices: written.ingest.devices.map(descriptionOf),
      presets: written.ingest.presets.map((one) => (typeof one === "string" ? { name: one } : one)),
      bridges: written.ingest.bridges.map((one) => bridgeOf(one, written.gateway.id ?? "")),
    },
    upstreams: written.upstreams.map((one) => ({
      ...one,
      streams:
        one.tenant === undefined ? one.streams : one.streams.filter((name) => tenantStreams.includes(name)),
    })),
    sessions: { queueMessagesMax, queueBytesMax },
    memory: ceiling === undefined ? {} : { ceilingBytes: ceiling },
    store: { ...store, commitDelayMs, retain: { rawMs: retain.raw, rollupsMs: retain.rollups } },
  };
  return { ok: true, value: config };
}
