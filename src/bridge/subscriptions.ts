/** What a bridge subscribes to, what the far broker granted, and which topics it therefore wants. */
import { filtersOverlap } from "../core/filter-overlap.ts";
import { topicNamesMax } from "../core/limits.ts";
import type { BridgeFilter, BridgeFilterStatus } from "../core/read-model.ts";

/** Filters of one SUBSCRIBE. AWS IoT Core takes no more. */
const filtersPerPacket = 8;

/** What is known of one filter. Lasts longer than a connection. */
interface Subscription extends BridgeFilter {
  /** As of the last SUBACK; nothing before the first. */
  code: number | undefined;
}

/** One SUBSCRIBE. */
export interface SubscribeRequest {
  readonly packetId: number;
  readonly filters: readonly BridgeFilter[];
}

export class Subscriptions {
  readonly #all: readonly Subscription[];
  readonly #requests = new Map<number, readonly Subscription[]>();
  readonly #wanted = new Map<string, boolean>();

  constructor(filters: readonly BridgeFilter[]) {
    this.#all = filters.map((filter) => ({ ...filter, code: undefined }));
  }

  /**
   * Begins on a new connection.
   *
   * @param onlyMissing - Filters that were granted are not asked for again: the session is the one in which they
   *   were, and the far broker would send what it retains another time.
   */
  request(onlyMissing: boolean): readonly SubscribeRequest[] {
    this.#requests.clear();
    const asked = onlyMissing ? this.#all.filter(({ code }) => code === undefined || code > 2) : this.#all;
    const requests: SubscribeRequest[] = [];
    for (let from = 0; from < asked.length; from += filtersPerPacket) {
      const filters = asked.slice(from, from + filtersPerPacket);
      const packetId = requests.length + 1;
      this.#requests.set(packetId, filters);
      requests.push({ packetId, filters });
    }
    return requests;
  }

  /**
   * Takes the codes of a SUBACK: a QoS up to 2, or a refusal from 0x80 on. Source: MQTT 3.1.1 § 3.9.3, 5.0 § 3.9.3.
   *
   * @returns The filters that are refused now, for a reason that was not known before.
   */
  answer(packetId: number, codes: readonly number[]): readonly BridgeFilterStatus[] {
    const asked = this.#requests.get(packetId) ?? [];
    this.#requests.delete(packetId);
    const changed = asked.filter((subscription, index) => {
      const before = subscription.code;
      subscription.code = codes[index] ?? unspecifiedError;
      return subscription.code !== before;
    });
    return changed.filter(isRefused).map(statusOf);
  }

  /** Whether a subscription asks for this topic; what an older configuration asked for may still come. */
  wants(topic: string): boolean {
    const known = this.#wanted.get(topic);
    if (known !== undefined) return known;
    const wanted = this.#all.some(({ filter }) => filtersOverlap(unshared(filter), topic));
    if (this.#wanted.size >= topicNamesMax) this.#wanted.clear();
    this.#wanted.set(topic, wanted);
    return wanted;
  }

  status(): readonly BridgeFilterStatus[] {
    return this.#all.map(statusOf);
  }
}

const unspecifiedError = 0x80;

/** What a refusal is called. Source: MQTT 5.0 § 3.9.3; 3.1.1 has 0x80 only. */
const refusals: Readonly<Record<number, string>> = {
  0x80: "refused without a reason",
  0x83: "refused by this broker",
  0x87: "not authorized",
  0x8f: "the filter is not valid there",
  0x91: "packet id in use",
  0x97: "quota exceeded",
  0x9e: "no shared subscriptions there",
  0xa1: "no subscription identifiers there",
  0xa2: "no wildcards there",
};

function isRefused({ code }: Subscription): boolean {
  return code !== undefined && code > 2;
}

function statusOf(subscription: Subscription): BridgeFilterStatus {
  const { filter, qos, code } = subscription;
  const refused = isRefused(subscription);
  const detail = refused ? (refusals[code ?? 0] ?? `refused with reason ${code}`) : "";
  return { filter, qos, granted: code === undefined || refused ? null : code, refused, detail };
}

/** Whether a filter is that of a group of subscribers which share its messages. Source: MQTT 5.0 § 4.8.2. */
export function isShared(filter: string): boolean {
  return filter.startsWith("$share/");
}

/** The filter that topics are matched with. */
function unshared(filter: string): string {
  return isShared(filter) ? filter.split("/").slice(2).join("/") : filter;
}
