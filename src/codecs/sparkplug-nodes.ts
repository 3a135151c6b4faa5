/**
 * What is known of Sparkplug edge nodes: whether they are there, what their numbers stand for, and which message
 * is to come next.
 *
 * Names come from birth certificates, which are facts of the log: after a restart they are restored from there.
 * The sequence is not; it is unknown then, and with it whether a message is missing.
 *
 * Source: Sparkplug 3.0.0, § 5 (operational behaviour) and § 6.4.19 to § 6.4.24.
 */
import type { BirthFact, BornMetric } from "../core/fact.ts";
import { rebirthEveryMs, sparkplugMetricsMax, sparkplugNodesMax } from "../core/limits.ts";
import type { EpochMs } from "../core/sample.ts";
import { NameTable } from "./sparkplug-names.ts";

/** What a birth certificate says about its sender. */
export interface Birth {
  /** Time stamp of its payload. */
  readonly at: EpochMs;
  readonly seq: number | undefined;
  /** Of nodes. */
  readonly bdSeq?: number | undefined;
  readonly metrics: readonly BornMetric[];
}

/** How the sequence number of a message stands to the one before. */
export type Continuity = "next" | "again" | "gap";

interface Device {
  /** Nothing before its birth, and after the death or rebirth of its node. */
  names: NameTable | undefined;
  online: boolean;
}

/** Where an edge node stands. `restored` is `born`, before anything was heard since. */
export type NodeStanding = "unborn" | "restored" | "born" | "dead";

/** One edge node with its devices. */
export class EdgeNode {
  standing: NodeStanding = "unborn";
  /** Names of the node's own metrics. */
  names: NameTable | undefined = undefined;
  #bdSeq: number | undefined;
  /** Of the last message; nothing before the first. */
  #seq: number | undefined;
  readonly #devices: Map<string, Device> = new Map();
  /** On the clock of {@link EdgeNode.takeRequest}. */
  #askedMs = Number.NEGATIVE_INFINITY;
  /** A birth was asked for, and has not come since. */
  #isAsked = false;
  /**
   * When a birth was asked for first since the last one, or since the last death: data without names that came
   * from then on belong to the session that is there.
   */
  askedAt: EpochMs = Number.NaN;
  /** The last birth came because it was asked for, from the session that was there before. */
  #isReborn = false;

  /** Metrics in the birth certificates of the node and its devices; each device counts as one more. */
  get metricCount(): number {
    let count = this.names?.size ?? 0;
    for (const { names } of this.#devices.values()) count += 1 + (names?.size ?? 0);
    return count;
  }

  /** The names of a device's metrics. */
  namesOf(device: string): NameTable | undefined {
    return this.#devices.get(device)?.names;
  }

  /**
   * Takes the birth certificate of the node. What was known of its devices is void until they are born again.
   *
   * @returns Whether it was asked for and comes from the same session: what its numbers meant before they mean now.
   */
  born({ at, seq, bdSeq, metrics }: Birth): boolean {
    const sameSession = this.names === undefined || this.#bdSeq === bdSeq;
    this.#isReborn = this.#isAsked && this.standing !== "dead" && sameSession;
    this.#isAsked = false;
    this.standing = "born";
    this.names = new NameTable(at, metrics);
    this.#bdSeq = bdSeq;
    this.#seq = seq ?? 0;
    for (const device of this.#devices.values()) device.names = undefined;
    return this.#isReborn;
  }

  /**
   * Takes the birth certificate of a device.
   *
   * @returns See {@link EdgeNode.born}.
   */
  deviceBorn(device: string, { at, metrics }: Birth): boolean {
    this.#devices.set(device, { names: new NameTable(at, metrics), online: true });
    return this.#isReborn;
  }

  /** Takes up what the log says of the node, or of a device of it. */
  restore({ device, at, bdSeq, metrics }: BirthFact): void {
    const names = new NameTable(at, metrics);
    if (device !== undefined) {
      this.#devices.set(device, { names, online: true });
      return;
    }
    this.standing = "restored";
    this.names = names;
    this.#bdSeq = bdSeq;
    this.#seq = undefined;
    for (const known of this.#devices.values()) known.names = undefined;
  }

  /** How a message with a sequence number follows the last one. One without a number always follows. */
  continuityOf(seq: number | undefined): Continuity {
    if (seq === undefined) return this.#seq === undefined ? "gap" : "next";
    if (this.#seq === undefined) return "gap";
    if (seq === ((this.#seq + 1) & 0xff)) return "next";
    return seq === this.#seq ? "again" : "gap";
  }

  /** The message was taken: the next one follows it. */
  advance(seq: number | undefined): void {
    if (this.standing === "restored") this.standing = "born";
    if (seq !== undefined) this.#seq = seq;
  }

  /**
   * Takes the death certificate of the node, where it is that of the session that is there.
   *
   * @returns The devices that go with it; nothing when it is ignored.
   */
  died(bdSeq: number | undefined): readonly string[] | undefined {
    if (this.standing === "unborn" || this.standing === "dead" || bdSeq !== this.#bdSeq) return undefined;
    this.standing = "dead";
    this.names = undefined;
    this.#isAsked = false;
    this.#isReborn = false;
    const gone: string[] = [];
    for (const [name, device] of this.#devices) {
      if (device.online) gone.push(name);
    }
    this.#devices.clear();
    return gone;
  }

  /** @returns Whether the device was there. */
  deviceDied(device: string): boolean {
    return this.#devices.delete(device);
  }

  /**
   * A birth is wanted.
   *
   * @param receivedAt - When the message came that wants it.
   * @returns Whether it may be asked for: once in `limits.rebirthEveryMs`.
   */
  takeRequest(nowMs: number, receivedAt: EpochMs): boolean {
    if (!this.#isAsked) this.askedAt = receivedAt;
    this.#isAsked = true;
    if (nowMs - this.#askedMs < rebirthEveryMs) return false;
    this.#askedMs = nowMs;
    return true;
  }

  /** When a birth was asked for, of a node that takes the place of this one. */
  askedLike(other: EdgeNode): void {
    this.#askedMs = other.#askedMs;
  }
}

/** All edge nodes, at most as many and with as many metrics as the limits say. */
export class SparkplugNodes {
  /** Nodes that were forgotten because there were too many, or too many metrics. */
  evictedCount = 0;
  readonly #nodesMax: number;
  readonly #metricsMax: number;
  #nodes: Map<string, EdgeNode> = new Map();
  #metricCount = 0;

  constructor(nodesMax: number = sparkplugNodesMax, metricsMax: number = sparkplugMetricsMax) {
    this.#nodesMax = nodesMax;
    this.#metricsMax = metricsMax;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Metrics in all birth certificates. */
  get metricCount(): number {
    return this.#metricCount;
  }

  /** @param key - `<group>/<node>`. */
  known(key: string): EdgeNode | undefined {
    return this.#nodes.get(key);
  }

  /** The node of a key; one that was not known has not been born yet. */
  of(key: string): EdgeNode {
    let node = this.#nodes.get(key);
    if (node === undefined) {
      node = new EdgeNode();
      this.#nodes.set(key, node);
      this.#shrink(key);
    }
    return node;
  }

  /** Does to a node what changes its metrics, and keeps the bounds. */
  change<T>(key: string, does: (node: EdgeNode) => T): T {
    const node = this.of(key);
    const before = node.metricCount;
    const result = does(node);
    this.#metricCount += node.metricCount - before;
    // What changed last leaves last.
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
    this.#shrink(key);
    return result;
  }

  /** Forgets what is not in the log, and takes up what is: births, oldest first. */
  restore(births: readonly BirthFact[]): void {
    const before = this.#nodes;
    this.#nodes = new Map();
    this.#metricCount = 0;
    for (const birth of births) this.change(birth.node, (node) => node.restore(birth));
    for (const [key, node] of this.#nodes) {
      const old = before.get(key);
      if (old !== undefined) node.askedLike(old);
    }
  }

  /** How many nodes stand where. */
  standings(): Readonly<Record<NodeStanding, number>> {
    const counts = { unborn: 0, restored: 0, born: 0, dead: 0 };
    for (const { standing } of this.#nodes.values()) counts[standing] += 1;
    return counts;
  }

  get #isTooLarge(): boolean {
    return this.#nodes.size > this.#nodesMax || this.#metricCount > this.#metricsMax;
  }

  /** Forgets nodes whose names are not known before others, and the one that was just touched last of all. */
  #shrink(kept: string): void {
    if (!this.#isTooLarge) return;
    this.#forget((node, key) => key !== kept && node.names === undefined);
    this.#forget((_, key) => key !== kept);
    this.#forget(() => true);
  }

  #forget(mayGo: (node: EdgeNode, key: string) => boolean): void {
    for (const [key, node] of this.#nodes) {
      if (!this.#isTooLarge) return;
      if (!mayGo(node, key)) continue;
      this.#nodes.delete(key);
      this.#metricCount -= node.metricCount;
      this.evictedCount += 1;
    }
  }
}
