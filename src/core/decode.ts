/**
 * The contract between the intake and the codecs: bytes in, rows out.
 *
 * A codec is pure. It appends rows, reports the time stamp it found, or says why it refuses the payload;
 * it never throws on bad bytes and never keeps the bytes it was given.
 */
import type { DeviceFact } from "./fact.ts";
import type { DeviceProfile } from "./profile.ts";
import type { EpochMs, SampleColumns, SeriesId } from "./sample.ts";

/** The codecs by name, as routes and profiles call them. `auto` detects json, cbor and scalar. */
export const codecNames = [
  "auto",
  "json",
  "cbor",
  "scalar",
  "senml-json",
  "senml-cbor",
  "line-protocol",
  "cloud-events",
  "home-assistant",
  "homie",
  "tasmota",
  "shelly-gen1",
  "shelly-gen2",
  "shelly-gen2-status",
  "zigbee2mqtt",
  "esphome",
  "the-things-stack",
  "chirpstack",
  "ruuvi",
  "rtl433",
  "rtl433-devices",
  "aws-shadow",
  "azure-iot",
  "sparkplug",
] as const;
export type CodecName = (typeof codecNames)[number];

/** Why a payload became a dead letter. Closed: the ledger counts by these names. */
export const rejectCauses = [
  "malformed",
  "undetected",
  "empty",
  "too-large",
  "too-deep",
  "too-many-items",
  "invalid-text",
  "unsupported",
  "series-limit",
  /** Numbers in place of names, of a sender whose names are not known yet: Sparkplug data before the birth. */
  "awaiting-birth",
  /** Numbers in place of names, which have come to mean something else meanwhile: Sparkplug data that a birth has overtaken. */
  "overtaken",
] as const;
export type RejectCause = (typeof rejectCauses)[number];

/** Why a well-formed message did not become samples. Closed. */
export type DropCause = "duplicate" | "overload";

/** A payload that could not be decoded, with a sentence for a person. */
export interface Rejection {
  readonly cause: RejectCause;
  readonly detail: string;
}

/**
 * Gives the number of a series, making the series when it is new.
 *
 * @returns -1 when the gateway holds `limits.seriesMax` series already or a name is not acceptable
 *   (longer than `limits.nameCharactersMax`, empty, or with control characters): the codec then refuses
 *   the payload with cause `series-limit` or `invalid-text`.
 */
export type SeriesResolver = (device: string, metric: string, unit?: string) => SeriesId;

/** What a decode needs to know beside the bytes. One object per topic, kept and reused: see {@link DecodePlan}. */
export interface DecodeTarget {
  readonly rows: SampleColumns;
  readonly series: SeriesResolver;
  /**
   * When the message was received, by the gateway's clock: what times relative to now are counted from. The
   * same for the whole message; the clock is read when a codec first asks.
   */
  readonly receivedAt: EpochMs;
  /** Client that has sent the message; nothing where a payload is only tried. */
  readonly clientId?: string;
  /** The message is a kept dead letter that is decoded again: what it says is over, and changes no state. */
  readonly replayed?: boolean;
  /**
   * The device's own stamp as the codec found it, in epoch milliseconds, or `NaN` where the payload has
   * none. Set by the codec for every payload it accepts.
   */
  stampAt: EpochMs;
  /** The payload had a stamp that is not a time (before 2001, or unreadable): count it as corrected. */
  stampUnreadable: boolean;
  /**
   * Some samples of the payload have stamps of their own: the codec has written them into `rows.at` of their
   * rows, and left `NaN` in the others, for which `stampAt` stands.
   */
  ownStamps: boolean;
  /**
   * Takes what the payload says about devices beside readings. It becomes part of the log with the message; what
   * is known already costs nothing more.
   */
  note(fact: DeviceFact): void;
}

/**
 * How payloads of one topic are decoded, with whatever the codec learnt about their shape.
 *
 * It is made when a topic is first seen and kept while the topic is in use, so a codec may keep the
 * shape of the last payload in it; series numbers it caches are valid as long as the plan lives.
 */
export interface DecodePlan {
  /** Name of the codec, as in routes: `json`, `cbor`, `scalar`, `auto`. */
  readonly codec: string;
  /** Id of the device profile by which it decodes; nothing without one. */
  readonly profile?: string;
  /**
   * Decodes `bytes[start, end)` and appends its rows.
   *
   * @returns Nothing when accepted (zero rows are legal). A rejection leaves no row behind.
   */
  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined;
}

/**
 * What is said about the payloads of one topic, with every template filled in: what a plan is made from.
 *
 * Names that are missing follow from the topic; the codec knows how, since it differs between objects
 * and scalars.
 */
export interface PlanSpec {
  readonly topic: string;
  readonly codec: CodecName;
  /** What the device profile says of the codec's leaves, where one matches the topic. */
  readonly profile?: DeviceProfile;
  readonly device?: string;
  /** Name of a scalar; for objects what stands before the path of each leaf. */
  readonly metric?: string;
  /** Path of the leaf that is event time, in place of the usual names. */
  readonly time?: string;
  /** Unit of every series of the topic. */
  readonly unit?: string;
  /** Path of an object in the payload whose members are named without that path. */
  readonly root?: string;
  /** `21,5` is a number. For scalars only. */
  readonly decimalComma?: boolean;
}
