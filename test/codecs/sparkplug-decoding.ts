/** What the Sparkplug tests share: a host, and everything that comes of a message to it. */
import { sparkplugPlans } from "../../src/codecs/sparkplug.ts";
import { type Reborn, type RebirthRequest, SparkplugHost } from "../../src/codecs/sparkplug-host.ts";
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause } from "../../src/core/decode.ts";
import type { DeviceFact } from "../../src/core/fact.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { type EncodablePayload, encodeSparkplug } from "../support/sparkplug-encoder.ts";
import { SeriesTable } from "./decoding.ts";

/** 2025-11-01T12:26:40Z. */
export const startAt = 1_762_000_000_000;

type Value = number | boolean | string | null;

/** `[device, metric, value]`, its own time as milliseconds after {@link startAt}, and the names of its flags. */
export type SparkplugRow = readonly [
  device: string,
  metric: string,
  value: Value,
  at?: number | undefined,
  flags?: string,
];

export interface SparkplugOutcome {
  readonly cause?: RejectCause;
  readonly detail?: string;
  readonly rows: readonly SparkplugRow[];
  readonly stampAt: number;
  readonly facts: readonly DeviceFact[];
  /** Nodes that were asked for a birth by this message, by the topic of the command. */
  readonly asked: readonly string[];
  readonly reborn: readonly string[];
}

/** A host, whose clock stands still. */
export class SparkplugWorld {
  readonly host: SparkplugHost;
  readonly series: SeriesTable;
  readonly requests: RebirthRequest[] = [];
  readonly reborn: Reborn[] = [];
  nowMs = 1_000;
  /** How long decoding the last message took. */
  tookMs: number = Number.NaN;
  readonly #make: (spec: PlanSpec) => DecodePlan;
  readonly #plans: Map<string, DecodePlan> = new Map();
  readonly #rows: SampleColumns = new SampleColumns(64);

  constructor(seriesMax?: number) {
    this.series = new SeriesTable(seriesMax);
    this.host = new SparkplugHost({
      monotonicMs: () => this.nowMs,
      requestRebirth: (request) => this.requests.push(request),
      onReborn: (reborn) => this.reborn.push(reborn),
    });
    this.#make = sparkplugPlans(this.host);
  }

  /** @param path - What stands behind `spBv1.0/G/`. */
  take(path: string, payload: EncodablePayload | Uint8Array): SparkplugOutcome {
    const bytes = payload instanceof Uint8Array ? payload : encodeSparkplug(payload);
    return this.takeOn(`spBv1.0/G/${path}`, bytes);
  }

  takeOn(topic: string, payload: Uint8Array, more: Partial<PlanSpec> = {}): SparkplugOutcome {
    let plan = this.#plans.get(topic);
    if (plan === undefined) {
      plan = this.#make({ topic, codec: "sparkplug", ...more });
      this.#plans.set(topic, plan);
    }
    const facts: DeviceFact[] = [];
    // The payload lies in the middle of other bytes, and some rows are there.
    const around = Buffer.concat([Buffer.from([0x0a]), payload, Buffer.from([0xff, 0x12, 0x00])]);
    const rows = this.#rows;
    rows.clear();
    rows.push(77, ValueKind.number, 1);
    rows.pushText(78, "kept");
    const target: DecodeTarget = {
      rows,
      series: (device, metric, unit) => this.series.resolve(device, metric, unit),
      receivedAt: startAt + 500,
      clientId: "client-1",
      stampAt: 12_345,
      stampUnreadable: true,
      ownStamps: false,
      note: (fact) => facts.push(fact),
    };
    const [asked, reborn] = [this.requests.length, this.reborn.length];
    const from = performance.now();
    const rejection = plan.decode(around, 1, 1 + payload.length, target);
    this.tookMs = performance.now() - from;
    if (rows.series[0] !== 77 || rows.texts[0] !== "kept") throw new Error("a row before was touched");
    const told = {
      facts,
      asked: this.requests.slice(asked).map(({ topic: command }) => command),
      reborn: this.reborn.slice(reborn).map(({ device, node }) => device ?? node),
    };
    if (rejection !== undefined) {
      if (rows.count !== 2 || rows.texts.length !== 1) throw new Error("a rejection left rows behind");
      if (!rejection.detail.endsWith(".")) throw new Error("a detail that is not a sentence");
      return { ...rejection, ...told, rows: [], stampAt: Number.NaN };
    }
    const indexes = Array.from({ length: rows.count - 2 }, (_, index) => index + 2);
    if (target.ownStamps !== indexes.some((row) => !Number.isNaN(rows.at[row]))) {
      throw new Error("stamps of rows that are not announced, or announced ones that are missing");
    }
    return { ...told, rows: indexes.map((row) => this.#show(rows, row)), stampAt: target.stampAt };
  }

  #show(rows: SampleColumns, row: number): SparkplugRow {
    const { device, metric } = this.series.names[rows.series[row]!]!;
    const at = Number.isNaN(rows.at[row]) ? undefined : rows.at[row]! - startAt;
    const flags = Object.entries(RowFlag)
      .filter(([, flag]) => (rows.flags[row]! & flag) !== 0)
      .map(([name]) => name)
      .join();
    if (flags !== "") return [device, metric, valueOf(rows, row), at, flags];
    return at === undefined ? [device, metric, valueOf(rows, row)] : [device, metric, valueOf(rows, row), at];
  }
}

function valueOf(rows: SampleColumns, row: number): Value {
  const value = rows.value[row]!;
  const kind = rows.kind[row];
  if (kind === ValueKind.boolean) return value === 1;
  if (kind === ValueKind.text) return JSON.stringify(rows.texts[value]);
  if (kind === ValueKind.none) return null;
  if (!Number.isFinite(value)) throw new Error("a number that is not finite");
  return value;
}
