/** What a gateway takes in during a test: records made of the test's series, as they would come live. */
import { noCounts } from "../batch.ts";
import type { DeviceDescription } from "../device.ts";
import type { LogRecord, Settings } from "../record.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../sample.ts";
import { seriesDefinition } from "../series.ts";
import type { RuleDefinition } from "./definition.ts";
import { type RuleTest, testStartAt } from "./rule-test.ts";

/**
 * Makes the records of one test, numbered from 1.
 *
 * The gateway's clock is right, its running time is the test's own, and samples come at the instant that they
 * are stamped with. A series is defined with its first sample.
 */
export class TestFeed {
  readonly #test: RuleTest;
  readonly #startAt: number;
  /** Numbers of the series that have had a sample, by their place in the test; -1 before that. */
  readonly #ids: Int32Array;
  #seriesCount = 0;
  #seq = 0;

  constructor(test: RuleTest) {
    this.#test = test;
    this.#startAt = test.startAt ?? testStartAt;
    this.#ids = new Int32Array(test.input.length).fill(-1);
  }

  /** The record that puts rules in force at time 0. */
  settings(rules: readonly RuleDefinition[]): LogRecord {
    // A rule that is switched off, or only watched, is still to do what its tests say.
    const inForce = rules.map((rule) => ({ ...rule, enabled: true, shadow: false }));
    const settings: Settings = { rules: inForce, rollups: [], devices: devicesOf(this.#test) };
    return { ...this.#record(0, new SampleColumns(1), []), settings };
  }

  /**
   * The record of every sample that comes at one instant.
   *
   * @param index - Which value of each series.
   * @returns Nothing when all of them are missing.
   */
  samples(index: number): LogRecord | undefined {
    const { input, intervalMs } = this.#test;
    const rows = new SampleColumns(Math.max(1, input.length));
    const definitions: SeriesDefinition[] = [];
    for (const [place, { device, metric, profile, values }] of input.entries()) {
      const value = values[index];
      if (value === undefined || value === null || value === "stale") continue;
      if (this.#ids[place] === -1) {
        const id = this.#seriesCount;
        definitions.push(seriesDefinition({ id, device, metric, unit: undefined, topic: device, profile }));
        this.#ids[place] = this.#seriesCount;
        this.#seriesCount += 1;
      }
      const kind = typeof value === "boolean" ? ValueKind.boolean : ValueKind.number;
      rows.push(this.#ids[place]!, kind, Number(value));
    }
    if (rows.count === 0) return undefined;
    rows.stamp(0, this.#startAt + index * intervalMs, RowFlag.stamped);
    return this.#record(index * intervalMs, rows, definitions);
  }

  /** The record of nothing but time. */
  tick(atMs: number): LogRecord {
    return this.#record(atMs, new SampleColumns(1), []);
  }

  #record(atMs: number, rows: SampleColumns, definitions: readonly SeriesDefinition[]): LogRecord {
    this.#seq += 1;
    return {
      seq: this.#seq,
      at: this.#startAt + atMs,
      synced: true,
      monotonicMs: atMs,
      boot: "test",
      counts: noCounts(),
      definitions,
      rows,
      digests: [],
    };
  }
}

/** What is known of the devices of a test: their tags, and that they report once in each interval. */
function devicesOf({ input, intervalMs }: RuleTest): readonly DeviceDescription[] {
  return input.map(({ device, tags = {}, parameters = {} }) => ({
    match: [device],
    tags,
    intervalMs,
    parameters,
  }));
}
