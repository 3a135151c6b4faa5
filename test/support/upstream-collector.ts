/** The far end, for tests: collects what gateways publish to a broker, and judges it. */
import { connect, type MqttClient } from "mqtt";
import type { WireBatch, WireGap } from "../../src/upstream/batch.ts";
import { decodeBatch } from "../../src/upstream/wire.ts";
import type { StreamName, StreamRecord } from "../../src/core/streams.ts";

/** Two different records under one `(gateway, stream, seq)`. */
export interface Conflict {
  readonly gateway: string;
  readonly stream: StreamName;
  readonly seq: number;
  readonly first: string;
  readonly later: string;
}

/** What has arrived so far. */
export interface UpstreamCollector {
  /** Batches that arrived, repeats included, in order of arrival. Records are not kept in them. */
  readonly arrivals: readonly {
    readonly gateway: string;
    readonly stream: StreamName;
    readonly from: number;
    readonly to: number;
  }[];
  /** Records that arrived again, the same. */
  readonly repeated: number;
  readonly conflicts: readonly Conflict[];
  readonly gaps: readonly (WireGap & { readonly gateway: string; readonly stream: StreamName })[];
  /** Messages that were no batch, or on the wrong topic; with the reason. */
  readonly refused: readonly string[];
  /** Records of one stream after removing repeats, by sequence, ascending. */
  records(gateway: string, stream: StreamName): readonly StreamRecord[];
  /** How many of them there are. */
  count(gateway: string, stream: StreamName): number;
  /** Sequences between 1 and the highest that neither arrived nor were announced as gone. */
  missing(gateway: string, stream: StreamName): readonly number[];
  close(): Promise<void>;
}

interface Collected {
  readonly records: Map<number, StreamRecord>;
  readonly gone: Set<number>;
  last: number;
}

/**
 * Subscribes at QoS 1 with a session that outlives its connection, and reconnects by itself.
 *
 * @param options.url - Of the broker. With `persistence` there, nothing is missed over its restarts.
 * @returns When it is subscribed.
 */
export async function openUpstreamCollector(options: {
  readonly url: string;
  readonly clientId?: string;
}): Promise<UpstreamCollector> {
  const client = connect(options.url, {
    clientId: options.clientId ?? "test-collector",
    clean: false,
    protocolVersion: 4,
    reconnectPeriod: 50,
    connectTimeout: 2_000,
  });
  const collector = new Collector(client);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => {
      client.subscribe("holdfast/v1/+/+", { qos: 1 }, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  });
  return collector;
}

class Collector implements UpstreamCollector {
  readonly arrivals: { gateway: string; stream: StreamName; from: number; to: number }[] = [];
  readonly conflicts: Conflict[] = [];
  readonly gaps: (WireGap & { gateway: string; stream: StreamName })[] = [];
  readonly refused: string[] = [];
  repeated = 0;
  readonly #client: MqttClient;
  readonly #collected = new Map<string, Collected>();

  constructor(client: MqttClient) {
    this.#client = client;
    client.on("message", (topic, payload) => this.#take(topic, payload));
  }

  records(gateway: string, stream: StreamName): readonly StreamRecord[] {
    return [...this.#of(gateway, stream).records.values()].toSorted((a, b) => a.seq - b.seq);
  }

  count(gateway: string, stream: StreamName): number {
    return this.#of(gateway, stream).records.size;
  }

  missing(gateway: string, stream: StreamName): readonly number[] {
    const { records, gone, last } = this.#of(gateway, stream);
    const missing: number[] = [];
    for (let seq = 1; seq <= last; seq += 1) {
      if (!records.has(seq) && !gone.has(seq)) missing.push(seq);
    }
    return missing;
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #take(topic: string, payload: Buffer): void {
    const decoded = decodeBatch(payload);
    if (!decoded.ok) {
      this.refused.push(`${topic}: ${decoded.problems[0]?.pointer} ${decoded.problems[0]?.message}`);
      return;
    }
    const batch = decoded.value;
    if (topic !== `holdfast/v1/${batch.gateway}/${batch.stream}`) {
      this.refused.push(`${topic}: holds ${batch.gateway}/${batch.stream}`);
      return;
    }
    const { gateway, stream, from, to } = batch;
    this.arrivals.push({ gateway, stream, from, to });
    this.#keep(batch);
  }

  #keep(batch: WireBatch): void {
    const { gateway, stream } = batch;
    const collected = this.#of(gateway, stream);
    collected.last = Math.max(collected.last, batch.to);
    if ("gap" in batch) {
      this.gaps.push({ gateway, stream, ...batch.gap });
      for (let seq = batch.from; seq <= batch.to; seq += 1) collected.gone.add(seq);
      return;
    }
    for (const record of batch.records) {
      const known = collected.records.get(record.seq);
      if (known === undefined) {
        collected.records.set(record.seq, record);
        continue;
      }
      const first = JSON.stringify(known);
      const later = JSON.stringify(record);
      if (first === later) this.repeated += 1;
      else this.conflicts.push({ gateway, stream, seq: record.seq, first, later });
    }
  }

  #of(gateway: string, stream: StreamName): Collected {
    const key = `${gateway}/${stream}`;
    let collected = this.#collected.get(key);
    if (collected === undefined) {
      collected = { records: new Map(), gone: new Set(), last: 0 };
      this.#collected.set(key, collected);
    }
    return collected;
  }
}
