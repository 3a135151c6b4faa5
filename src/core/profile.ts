/**
 * Device profiles as data: what sensors of one model publish, and what it means. What people write is described
 * in the profile schema; the parser gives this, complete and with presets filled in.
 */
import type { CodecName, RejectCause } from "./decode.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { ClockPolicy } from "./time/clock-policy.ts";

/** One metric of a model. */
export interface ProfileMetric {
  /** What it is called here. */
  readonly name: string;
  /**
   * What the codec calls it: the path of the leaf with dots, `uplink.temperature`. A single `*` stands for any
   * text without dots, and for what it stood for in the name: `temperature*` from `temp*`.
   */
  readonly from: string;
  /** Canonical unit of the stored value; nothing for a pure number, a state or a text. */
  readonly unit?: string;
  /** The stored value is `value × scale + offset`. */
  readonly scale: number;
  readonly offset: number;
  /** What the sensor can measure, in the stored unit; outside it a value is kept and flagged bad. */
  readonly range?: readonly [low: number, high: number];
  /** The step in which it reports, in the stored unit, above 0; nothing where it is not known. */
  readonly resolution?: number;
  /** A number that differs by less from the last one kept is not stored; in the stored unit. */
  readonly deadband?: number;
  /** Words or numbers that stand for others: `{ "open": true }`. */
  readonly values?: Readonly<Record<string, number | boolean | string | null>>;
}

/** A payload that shows how the profile works; run by tests and by `devices check`. */
export interface ProfileExample {
  readonly topic: string;
  /** Id of the client that publishes it; nothing where it does not matter. */
  readonly client?: string;
  readonly bytes: Uint8Array;
  /** Every sample that is to come of it, by metric; nothing for a bad example. */
  readonly expect?: Readonly<Record<string, number | boolean | string | null>>;
  readonly unit?: Readonly<Record<string, string>>;
  /** Event time in epoch milliseconds, where the payload has one. */
  readonly at?: number;
  /** Of a bad example: why it is refused. `unclaimed`: it is not of this model, and goes to the next route. */
  readonly cause?: RejectCause | "unclaimed";
}

export interface DeviceProfile {
  /** `<vendor>/<model>`, as its file is called: lower case, digits and dashes. */
  readonly id: string;
  /** As people write them. */
  readonly vendor: string;
  readonly model: string;
  /** Counts up with every change that is not only of texts. */
  readonly version: number;
  /** Address or name of the public document that the profile follows. */
  readonly source: string;
  /** MQTT topic filters; any may match. */
  readonly match: readonly string[];
  /** Names or globs of MQTT client ids; any may match. Nothing: whoever publishes. */
  readonly clients?: readonly string[];
  /** What has to stand in payloads, JSON objects or CBOR maps; nothing where topic and client are enough. */
  readonly fingerprint?: Fingerprint;
  /** A codec by name: `json`, `ruuvi`, … */
  readonly codec: CodecName;
  /** Template of the device's name: `{n}` is level n of the topic, from 0. Without it as the codec names devices. */
  readonly device?: string;
  /** Path of the leaf that is event time, for generic codecs. */
  readonly time?: string;
  readonly metrics: readonly ProfileMetric[];
  /** What becomes of leaves that no metric names. */
  readonly others: "keep" | "drop";
  /** How often a sensor of this model reports as it is delivered. */
  readonly intervalMs?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly clock?: ClockPolicy;
  readonly good: readonly ProfileExample[];
  readonly bad: readonly ProfileExample[];
}
