/**
 * Topic names, checked once and remembered by their bytes.
 *
 * A sensor sends the same topic for ever: its name is decoded and checked on the first message, and after
 * that a comparison of bytes is all it costs.
 */
import { topicBytesMax, topicLevelsMax, topicNamesMax } from "../core/limits.ts";
import { isReservedTopic } from "../core/tenant.ts";
import { isMqttText, textOf } from "./utf8.ts";

/**
 * Why a topic name may not be published to: `malformed` is no text, `invalid` a violation of the rules of topics or
 * of a bound, and both end the connection; `reserved` belongs to the gateway and is denied.
 */
export type TopicFault = "malformed" | "invalid" | "reserved";

/** A topic name that has been seen, with what was found about it. */
export interface TopicName {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly fault: TopicFault | undefined;
  /** Somebody's filter matches; valid while `interestVersion` is that of the interest. */
  interested: boolean;
  interestVersion: number;
}

/** Tells why clients may not publish to a topic, its encoding and length aside. */
export function topicFault(
  name: string,
  ownTopicPrefix: string,
): Exclude<TopicFault, "malformed"> | undefined {
  if (name === "" || name.includes("#") || name.includes("+")) return "invalid";
  return isReservedTopic(name, ownTopicPrefix) ? "reserved" : undefined;
}

/** Tells whether `bytes[start, end)` are the bytes of `known`. Topics differ mostly at their end. */
export function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = known;
  if (end - start !== length) return false;
  for (let index = length - 1; index >= 0; index -= 1) {
    if (known[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** The topic names of all connections, or of those of one tenant. */
export class TopicNames {
  readonly #ownTopicPrefix: string;
  readonly #names = new Map<number, TopicName>();
  readonly #mount: string;

  /** @param mount - What is put in front of each name, once it has been checked as it was sent. */
  constructor(ownTopicPrefix: string, mount = "") {
    this.#ownTopicPrefix = ownTopicPrefix;
    this.#mount = mount;
  }

  /** Finds or makes the entry of the topic whose encoded name is `bytes[start, end)`. */
  find(bytes: Uint8Array, start: number, end: number): TopicName {
    // FNV-1a over the bytes; two names with one hash displace each other, which costs time only.
    let hash = 0x811c9dc5;
    for (let index = start; index < end; index += 1) {
      hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
    }
    const known = this.#names.get(hash);
    if (known !== undefined && sameBytes(known.bytes, bytes, start, end)) return known;
    const made = this.#make(bytes, start, end);
    if (made.fault === "invalid" || made.fault === "malformed") return made;
    if (this.#names.size >= topicNamesMax) this.#names.clear();
    this.#names.set(hash, made);
    return made;
  }

  #make(bytes: Uint8Array, start: number, end: number): TopicName {
    // Not `slice`: on a Buffer that is a view of bytes that the next read overwrites.
    const copy = new Uint8Array(bytes.subarray(start, end));
    const isText = isMqttText(copy, 0, copy.length);
    const name = isText ? textOf(copy, 0, copy.length) : "";
    return {
      bytes: copy,
      name: this.#mount + name,
      fault: this.#faultOf(copy, name, isText),
      interested: false,
      interestVersion: -1,
    };
  }

  #faultOf(bytes: Uint8Array, name: string, isText: boolean): TopicFault | undefined {
    if (!isText) return "malformed";
    if (bytes.length > topicBytesMax || levelsOf(bytes) > topicLevelsMax) return "invalid";
    return topicFault(name, this.#ownTopicPrefix);
  }
}

function levelsOf(bytes: Uint8Array): number {
  let levels = 1;
  for (const byte of bytes) if (byte === 47) levels += 1;
  return levels;
}
