/**
 * CloudEvents in structured mode as JSON, from bytes to rows.
 *
 * What becomes of an event:
 * - `specversion` must be `1.0`, and `id`, `source` and `type` texts that are not empty.
 * - `time` is event time. Where it is missing, `data` may have one, with the meaning of `json.ts`; a route's
 *   `time` names a leaf of `data` that is believed before both.
 * - `data` is decoded as `json.ts` does it, without `data` in the names: its leaves at most four levels deep.
 *   Data that is one value is the metric `value`. Data that is a text which holds a JSON object, as bridges
 *   write it that know only text, is decoded once more. No data gives no rows.
 * - `data_base64` is decoded where `datacontenttype` says CBOR or JSON, and refused otherwise.
 * - The device is the route's, else `source`. Other attributes are not samples.
 *
 * Batches and binary mode are not read.
 *
 * Source: CloudEvents 1.0.2, § 3 (attributes); JSON Event Format for CloudEvents 1.0.2, § 2 and 3.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { CborReader } from "./cbor-read.ts";
import { JsonReader } from "./json-read.ts";
import type { Leaf, Leaves } from "./leaves.ts";
import { type Naming, objectNaming, Role } from "./naming.ts";
import { rejected } from "./rejection.ts";

const eventReader = new JsonReader();
const dataReader = new JsonReader();
const cborReader = new CborReader();

/** Attributes that are looked at; those of the first line every event must have. */
const requiredAttributes = ["specversion", "id", "source", "type"] as const;
const textAttributes: ReadonlySet<string> = new Set([
  ...requiredAttributes,
  "datacontenttype",
  "data_base64",
]);

const dataPrefix = "data.";
const none: Buffer = Buffer.alloc(0);

/** Makes the plan for a topic whose payloads are CloudEvents (`application/cloudevents+json`). */
export function cloudEventsPlan(spec: PlanSpec): DecodePlan {
  return new CloudEventsPlan(spec);
}

/** Names in an event: those of its data, as if the data were the payload. */
class EventNaming implements Naming {
  device = "";
  readonly unit: string | undefined;
  readonly #data: Naming;
  readonly #fixedDevice: string | undefined;
  /** What the operator has named is believed before the event, and the event before what is usual in data. */
  readonly timeIsRouted: boolean;

  constructor(spec: PlanSpec) {
    this.#data = objectNaming(spec);
    this.unit = spec.unit;
    this.#fixedDevice = spec.device === undefined ? undefined : this.#data.device;
    this.timeIsRouted = spec.time !== undefined;
  }

  /** Names the device after the source of an event, unless the route has named it. */
  setSource(source: string): void {
    this.device = this.#fixedDevice ?? source.normalize("NFC");
  }

  metricOf(path: string): string {
    return this.#data.metricOf(path.startsWith(dataPrefix) ? path.slice(dataPrefix.length) : "value");
  }

  roleOf(path: string, level: number): number {
    if (level === 1) {
      if (path === "time") return this.timeIsRouted ? 1 : 0;
      return path === "data" ? Role.sample : Role.none;
    }
    if (!path.startsWith(dataPrefix)) return Role.none;
    const role = this.#data.roleOf(path.slice(dataPrefix.length), level - 1);
    return role >= 0 && !this.timeIsRouted ? role + 1 : role;
  }
}

class CloudEventsPlan implements DecodePlan {
  readonly codec = "cloud-events";
  readonly #naming: EventNaming;
  readonly #dataNaming: Naming;

  constructor(spec: PlanSpec) {
    const eventNaming = new EventNaming(spec);
    const dataNaming = objectNaming(spec);
    this.#naming = eventNaming;
    this.#dataNaming = {
      unit: spec.unit,
      get device() {
        return eventNaming.device;
      },
      metricOf: (path) => dataNaming.metricOf(path),
      roleOf: (path, level) => dataNaming.roleOf(path, level),
    };
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const { leaves } = eventReader;
    const refusal = eventReader.read(bytes, start, end, this.#naming);
    if (refusal !== undefined) return refusal;
    const attributes = attributesOf(leaves);
    const problem = problemOf(attributes);
    if (problem !== undefined) return problem;
    this.#naming.setSource(attributes.get("source")!.text);
    const text = attributes.get("data")?.text;
    const format = formatOf(attributes.get("datacontenttype")?.text);
    if (attributes.has("data_base64")) {
      if (hasData(leaves)) return rejected("malformed", 'The event has both "data" and "data_base64".');
      return this.#decodeBinary(attributes, bytes, target);
    }
    // A text that only looks like an object is a text.
    const payload = text !== undefined && format === "json" && /^\s*\{/.test(text) ? Buffer.from(text) : none;
    const isInner =
      payload !== none && dataReader.read(payload, 0, payload.length, this.#dataNaming) === undefined;
    return isInner ? this.#emitInner(dataReader, payload, bytes, target) : leaves.emit(bytes, target);
  }

  #decodeBinary(
    attributes: ReadonlyMap<string, Leaf>,
    bytes: Uint8Array,
    target: DecodeTarget,
  ): Rejection | undefined {
    const contentType = attributes.get("datacontenttype")?.text;
    const format = contentType === undefined ? undefined : formatOf(contentType);
    if (format === undefined) {
      return rejected(
        "unsupported",
        'The event has "data_base64" that is neither CBOR nor JSON by its type.',
      );
    }
    const { text } = attributes.get("data_base64")!;
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      return rejected("malformed", 'The event\'s "data_base64" is not base64.');
    }
    const payload = Buffer.from(text, "base64");
    const reader = format === "cbor" ? cborReader : dataReader;
    const refusal = reader.read(payload, 0, payload.length, this.#dataNaming);
    if (refusal !== undefined) return rejected(refusal.cause, `In the data of the event: ${refusal.detail}`);
    return this.#emitInner(reader, payload, bytes, target);
  }

  /** Emits data that is a payload of its own, with the event's time above what it says itself. */
  #emitInner(
    reader: JsonReader | CborReader,
    payload: Buffer,
    bytes: Uint8Array,
    target: DecodeTarget,
  ): Rejection | undefined {
    const { leaves } = eventReader;
    for (let index = 0; index < leaves.count; index += 1) {
      if (leaves.at(index).role === Role.sample) leaves.at(index).role = Role.none;
    }
    // What is left gives no rows, but the time of the event.
    const refusal = leaves.emit(bytes, target);
    if (refusal !== undefined) return refusal;
    const { stampAt, stampUnreadable } = target;
    const problem = reader.leaves.emit(payload, target);
    if (problem !== undefined) return problem;
    const dataIsBelieved = this.#naming.timeIsRouted && !Number.isNaN(target.stampAt);
    if (!dataIsBelieved && !Number.isNaN(stampAt)) target.stampAt = stampAt;
    target.stampUnreadable = Number.isNaN(target.stampAt) && (stampUnreadable || target.stampUnreadable);
    return undefined;
  }
}

/** The attributes of an event that matter, by name. */
function attributesOf(leaves: Leaves): ReadonlyMap<string, Leaf> {
  const attributes = new Map<string, Leaf>();
  for (let index = 0; index < leaves.count; index += 1) {
    const leaf = leaves.at(index);
    // `null` is as if the attribute were missing.
    const isSet = leaf.kind !== ValueKind.none || leaf.bad;
    const isLookedAt = leaf.path === "data" || textAttributes.has(leaf.path);
    if (isSet && isLookedAt && !leaf.replaced) attributes.set(leaf.path, leaf);
  }
  return attributes;
}

function problemOf(attributes: ReadonlyMap<string, Leaf>): Rejection | undefined {
  for (const [name, leaf] of attributes) {
    if (name !== "data" && leaf.kind !== ValueKind.text)
      return rejected("malformed", `The event's "${name}" is not a text.`);
  }
  for (const name of requiredAttributes) {
    if ((attributes.get(name)?.text ?? "") === "")
      return rejected("malformed", `The event has no "${name}".`);
  }
  if (attributes.get("specversion")!.text !== "1.0") {
    return rejected("unsupported", "The event's specversion is not 1.0.");
  }
  const contentType = attributes.get("datacontenttype")?.text.trim().toLowerCase() ?? "";
  if (!contentType.startsWith("application/senml")) return undefined;
  return rejected("unsupported", "The event holds SenML, which is not decoded inside an event.");
}

/** What a content type says of the data, with or without a suffix such as `+json`; JSON where there is none. */
function formatOf(contentType: string | undefined): "json" | "cbor" | undefined {
  const type = (contentType ?? "application/json").split(";", 1)[0]!.trim().toLowerCase();
  const format = /^(?:application|text)\/(?:[\w.-]+\+)?(json|cbor)$/.exec(type)?.[1];
  return format === "json" || format === "cbor" ? format : undefined;
}

function hasData(leaves: Leaves): boolean {
  for (let index = 0; index < leaves.count; index += 1) {
    const { path, kind, replaced } = leaves.at(index);
    if (replaced) continue;
    if (path.startsWith(dataPrefix) || (path === "data" && kind !== ValueKind.none)) return true;
  }
  return false;
}
