/**
 * The effective configuration: what the gateway runs on after defaults, file, environment and flags have
 * been put together and checked.
 *
 * Every number carries its unit in its name, every path is absolute, every default is filled in. What
 * people write is the same structure with durations and sizes as strings (`"7d"`, `"2GiB"`) and with
 * every key optional.
 */
import type { CodecName } from "../core/decode.ts";
import type { DeviceDescription } from "../core/device.ts";
import type { EnabledPreset } from "../core/presets.ts";
import type { BridgeFilter } from "../core/read-model.ts";
import type { StreamName } from "../core/streams.ts";

/** Who this gateway is. */
export interface GatewayConfig {
  /** Part of topics upstream and of the idempotency key. Default: the machine's host name. */
  readonly id: string;
  /** Free labels of this gateway. Default: none. */
  readonly tags: Readonly<Record<string, string>>;
}

export const listenerProtocols = ["mqtt", "mqtts", "ws", "wss"] as const;
export type ListenerProtocol = (typeof listenerProtocols)[number];

/** One door of the broker. Default: a single one, `mqtt` on 127.0.0.1:1883. */
export interface ListenerConfig {
  /** Default `mqtt`. */
  readonly protocol: ListenerProtocol;
  /** Address or host name to bind. Default `127.0.0.1`. */
  readonly host: string;
  /** Default by protocol: mqtt 1883, mqtts 8883, ws 8083, wss 8084. 0 means any free port. */
  readonly port: number;
  /** Path of the PEM certificate chain; present for `mqtts` and `wss`, and only there. */
  readonly cert?: string;
  /** Path of the PEM private key; present for `mqtts` and `wss`, and only there. */
  readonly key?: string;
  /** Path of the PEM authority that client certificates must come from. With it, they are demanded. */
  readonly clientCa?: string;
  /** Path of a PEM list of revoked client certificates. */
  readonly crl?: string;
  /** Clients are who their certificate says, by its common name or else its first alternative name. */
  readonly principal?: "certificate";
  /** The operator accepts plain text beyond loopback here. Default false. */
  readonly insecure: boolean;
  /** Derived: `access.anonymous`, and `host` is a loopback address. Nobody else gets in without credentials. */
  readonly anonymous: boolean;
}

/** The read side. */
export interface HttpConfig {
  /** Default true. */
  readonly enabled: boolean;
  /** Default `127.0.0.1`. */
  readonly host: string;
  /** Default 8080. 0 means any free port. */
  readonly port: number;
  /** The operator accepts plain text beyond loopback here. Default false, and then the host is loopback. */
  readonly insecure: boolean;
}

/** Who may connect to the broker. */
export interface AccessConfig {
  /** Clients without credentials are let in on loopback listeners, never elsewhere. Default: without a users file. */
  readonly anonymous: boolean;
  /** Path of the file of users, roles and tokens. Without it, whoever a listener lets in may do everything. */
  readonly usersFile?: string;
}

/**
 * How messages of matching topics become samples; the first route that matches wins.
 *
 * In `device`, `metric` and `unit`, `{n}` stands for level n of the topic, counted from 0.
 */
export interface RouteConfig {
  /** MQTT topic filter. */
  readonly match: string;
  /** Default `auto`. */
  readonly codec: CodecName;
  readonly device?: string;
  readonly metric?: string;
  /** Path of the payload's leaf that holds the time stamp. Default: `ts`, `time` or `timestamp`. */
  readonly time?: string;
  readonly unit?: string;
  /** Path of an object whose members are named without it. */
  readonly root?: string;
  /** `21,5` is a number. For scalars. */
  readonly decimalComma?: boolean;
}

export const bridgeProtocols = ["auto", "5", "3.1.1"] as const;

/** A broker elsewhere, from which messages are taken. */
export interface BridgeConfig {
  /** Unique, `[a-z0-9-]`. */
  readonly name: string;
  /** `mqtt://` or `mqtts://`, without credentials in it. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Path of the PEM authority that the far broker's certificate must come from. Default: the system's. */
  readonly ca?: string;
  /** Paths of the client certificate and its key; both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** The far broker keeps our session under it. Default `holdfast-<gateway>-<name>`. */
  readonly clientId: string;
  /** Version of MQTT. Default `auto`: 5, and 3.1.1 where the far broker does not speak it. */
  readonly protocol: (typeof bridgeProtocols)[number];
  /** What is subscribed to; `qos` is the highest at which messages come, 1 where it is not written. */
  readonly topics: readonly BridgeFilter[];
  /** Levels in front of every topic before it is ingested. Default: none. */
  readonly prefix?: string;
}

/** What becomes of messages from devices. */
export interface IngestConfig {
  /** What is said about devices by name; of several that match one, a later one wins, key by key. Default: none. */
  readonly devices: readonly DeviceDescription[];
  /** Routes that ship with the gateway, for device families by their topics. Default: {@link usualPresets}. */
  readonly presets: readonly EnabledPreset[];
  /** Default: none, so the generic decoder takes everything. */
  readonly routes: readonly RouteConfig[];
  /** Directories of device profiles. Default: none. */
  readonly devicesDirs: readonly string[];
  /** The rules that come with device profiles are in force. Default true. */
  readonly profileRules: boolean;
  /** Brokers whose messages are ingested beside those of the gateway's own. Default: none. */
  readonly bridges: readonly BridgeConfig[];
  readonly sparkplug: SparkplugConfig;
}

/** This gateway as a host of Sparkplug edge nodes. */
export interface SparkplugConfig {
  /** With it the broker says, under this name, whether the gateway is there. Default: it says nothing. */
  readonly hostId?: string;
}

/** `sync`: an acknowledged message survives a power cut. `async`: it survives the end of the process only. */
export type Durability = "sync" | "async";

/** The store. */
export interface StoreConfig {
  /** Default `sync`. */
  readonly durability: Durability;
  /** How long a commit waits for more messages: less wear, more latency. Default 0. */
  readonly commitDelayMs: number;
  /** Bytes the store may take on disk. Default 2 GiB. */
  readonly maxBytes: number;
  readonly retain: {
    /** How long raw samples are kept. Default 7 days. */
    readonly rawMs: number;
    /** How long rollup summaries are kept. Default 90 days. */
    readonly rollupsMs: number;
  };
}

/** What the local broker keeps for clients that are away. */
export interface SessionConfig {
  /** Messages of one session's queue. Default 1,000. */
  readonly queueMessagesMax: number;
  /** Bytes of one session's queue. Default 1 MiB. */
  readonly queueBytesMax: number;
}

export interface MemoryConfig {
  /** Resident memory near which new work is refused. Default: by the process's control group, or the machine. */
  readonly ceilingBytes?: number;
}

export const upstreamFormats = ["cbor", "json"] as const;
export type UpstreamFormat = (typeof upstreamFormats)[number];

export const upstreamPresets = ["generic"] as const;
export type UpstreamPreset = (typeof upstreamPresets)[number];

/** One far end. */
export interface UpstreamConfig {
  /** Unique, `[a-z0-9-]`: durable cursors are kept under it. */
  readonly name: string;
  /** `mqtt://` or `mqtts://`, without credentials in it. */
  readonly url: string;
  /** Only what is this tenant's is sent. Default: everything. */
  readonly tenant?: string;
  /** Default: every stream; of a tenant, those that are about its devices. */
  readonly streams: readonly StreamName[];
  /** Default `cbor`. */
  readonly format: UpstreamFormat;
  /** Limits of the far end. Default `generic`. */
  readonly preset: UpstreamPreset;
  readonly username?: string;
  readonly password?: string;
  /** Path of the PEM authority that the far end's certificate must come from. Default: the system's. */
  readonly ca?: string;
  /** Paths of the client certificate and its key; both or none. */
  readonly cert?: string;
  readonly key?: string;
}

/** Everything the gateway is told. */
export interface Config {
  readonly gateway: GatewayConfig;
  /** Default `./data`. */
  readonly dataDir: string;
  readonly listeners: readonly ListenerConfig[];
  readonly http: HttpConfig;
  readonly access: AccessConfig;
  /** What the gateway itself publishes under; ends in `/`. Clients may not publish there. Default `holdfast/`. */
  readonly ownTopicPrefix: string;
  readonly ingest: IngestConfig;
  /** Directory of rule files; it need not exist. Default `rules.d` beside the configuration file. */
  readonly rulesDir: string;
  readonly store: StoreConfig;
  readonly sessions: SessionConfig;
  readonly memory: MemoryConfig;
  /** Rollup resolutions, finest first, as written; each divides the next. Default `1m`, `15m`, `1h`. */
  readonly rollups: readonly string[];
  /** Whether summaries are also published on the local broker. Default false. */
  readonly publishSummaries: boolean;
  /** Default: none; the streams then wait in the store. */
  readonly upstreams: readonly UpstreamConfig[];
}
