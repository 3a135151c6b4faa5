/** A gateway's fold with a clock that goes on as told: samples by name go in, what is told comes out. */
import type { GatewayCommand } from "../../src/core/command.ts";
import type { DeviceDescription } from "../../src/core/device.ts";
import { FoldState } from "../../src/core/fold/state.ts";
import type { Effects, LogRecord } from "../../src/core/record.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../src/core/sample.ts";
import type { AlertRecord } from "../../src/core/streams.ts";
import { recordOf } from "./records.ts";
import { allTools } from "./rule-zoo.ts";

/** 2026-01-05T00:00:00Z, a Monday. Times of tests count from here, in seconds. */
export const dayStart = 1_767_571_200_000;

export interface HarnessOptions {
  readonly rules: readonly RuleDefinition[];
  readonly devices?: readonly DeviceDescription[];
  readonly rollups?: readonly string[];
}

export class FoldHarness {
  readonly state: FoldState = new FoldState(allTools);
  readonly #series = new Map<string, SeriesDefinition>();
  #options: HarnessOptions;
  #nowMs = 0;
  #wallOffsetMs = 0;
  #boot = 1;
  #bootMs = 0;
  synced = true;

  constructor(options: HarnessOptions) {
    this.#options = options;
    this.#fold({ settings: this.#settings() });
  }

  /** A sample that the device stamps with the present. @param name - `device metric`; the metric is a temperature where it is missing. */
  sample(atSeconds: number, name: string, value: number): Effects {
    this.#goTo(atSeconds);
    return this.#fold(this.#rowOf(name, value, this.#wallAt, RowFlag.stamped));
  }

  /** A sample whose stamp is not the present. */
  stamped(atSeconds: number, name: string, value: number, stampSeconds: number): Effects {
    this.#goTo(atSeconds);
    return this.#fold(this.#rowOf(name, value, dayStart + stampSeconds * 1_000, RowFlag.stamped));
  }

  /** A sample of a device without a clock. */
  unstamped(atSeconds: number, name: string, value: number): Effects {
    this.#goTo(atSeconds);
    return this.#fold(this.#rowOf(name, value, this.#wallAt, 0));
  }

  /** Lets time pass, with a look every second as a gateway does. @returns Everything told on the way. */
  passTo(atSeconds: number): AlertRecord[] {
    const alerts: AlertRecord[] = [];
    while (this.#nowMs < atSeconds * 1_000) {
      this.#goTo(Math.floor(this.#nowMs / 1_000) + 1);
      if (this.state.tickDue(this.#nowMs - this.#bootMs)) alerts.push(...this.#fold({}).alerts);
    }
    return alerts;
  }

  command(command: GatewayCommand): AlertRecord[] {
    return this.#fold({ commands: [command] }).alerts;
  }

  /** Puts other settings in force. */
  edit(options: Partial<HarnessOptions>): AlertRecord[] {
    this.#options = { ...this.#options, ...options };
    return this.#fold({ settings: this.#settings() }).alerts;
  }

  /** Starts the gateway again, after it has been off. */
  boot(atSeconds: number, synced = true): Effects {
    this.#nowMs = atSeconds * 1_000;
    this.#bootMs = this.#nowMs;
    this.#boot += 1;
    this.synced = synced;
    return this.#fold({});
  }

  /** The gateway's clock is found to be wrong by this, and is right from now on. */
  setClock(byMs: number): Effects {
    const from = this.synced ? "synced" : "unsynced";
    this.#wallOffsetMs += byMs;
    this.synced = true;
    return this.#fold({ repair: { boot: `boot-${this.#boot}`, byMs, from, to: "synced" } });
  }

  #settings(): NonNullable<LogRecord["settings"]> {
    const { rules, devices = [], rollups = [] } = this.#options;
    return { rules, devices, rollups };
  }

  #goTo(atSeconds: number): void {
    this.#nowMs = atSeconds * 1_000;
  }

  get #wallAt(): number {
    return dayStart + this.#nowMs + this.#wallOffsetMs;
  }

  #rowOf(name: string, value: number, at: number, flags: number): Partial<LogRecord> {
    for (const { device, metric } of this.state.takeRetired()) this.#series.delete(`${device} ${metric}`);
    const known = this.#series.get(name.includes(" ") ? name : `${name} temperature`);
    const [device = "", metric = "temperature"] = name.split(" ");
    const definition = known ?? { id: this.state.nextSeries, device, metric, topic: `plant/${device}` };
    this.#series.set(`${device} ${metric}`, definition);
    const rows = new SampleColumns(1);
    rows.push(definition.id, ValueKind.number, value);
    rows.stamp(0, at, flags);
    return { rows, definitions: known === undefined ? [definition] : [] };
  }

  #fold(part: Partial<LogRecord>): Effects {
    const record = recordOf({
      seq: this.state.seq + 1,
      at: this.#wallAt,
      monotonicMs: this.#nowMs - this.#bootMs,
      boot: `boot-${this.#boot}`,
      synced: this.synced,
      ...part,
    });
    this.state.admit(record, "new");
    return this.state.step(record);
  }
}

/** What a person would be told, in a line each: `rule key state severity`, and why where nothing changed. */
export function told(alerts: readonly AlertRecord[]): string[] {
  return alerts.map(({ rule, key, state, severity, reason }) =>
    [rule, ...Object.values(key), state, severity, ...(reason === "change" ? [] : [`(${reason})`])].join(" "),
  );
}
