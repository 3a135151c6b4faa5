/** Whether a device is there: when it was seen, what it says of itself, and how often it usually sends. */
import { LearnedInterval } from "../detect/interval.ts";
import { type EpochMs, ValueKind } from "../sample.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** What a metric says about its device beside its value. */
export const Role = { none: 0, online: 1, battery: 2, link: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];

const roles: ReadonlyMap<string, Role> = new Map<string, Role>([
  ["online", Role.online],
  ["battery", Role.battery],
  ["battery_level", Role.battery],
  ["battery-level", Role.battery],
  ["batterylevel", Role.battery],
  ["battery_percent", Role.battery],
  ["battery_percentage", Role.battery],
  ["linkquality", Role.link],
  ["link-quality", Role.link],
  ["lqi", Role.link],
  ["rssi", Role.link],
]);

/** The role of a metric, by the last part of its name: `uplink.rssi` is how well it is heard. */
export function roleOf(metric: string): Role {
  const last = metric.slice(Math.max(metric.lastIndexOf("."), metric.lastIndexOf("/")) + 1);
  return roles.get(last.toLowerCase()) ?? Role.none;
}

/** The moment of a record, as a device is seen in it. */
export interface SeenMoment {
  readonly seq: number;
  readonly at: EpochMs;
  readonly runningMs: number;
  readonly bootCount: number;
}

/** Whether a device is there, as far as that is known, and how. */
export interface Standing {
  readonly online: boolean | null;
  readonly by: "said" | "interval" | null;
}

const unknown: Standing = { online: null, by: null };

/** A device is taken to be gone after so many intervals without a word, and not before this. */
const silenceTimes = 3;
const silenceMsMin = 60_000;

export class Presence {
  /** Sequence of the last record that held a sample of the device: it is seen once in each. */
  seq = 0;
  /** By the gateway's clock. */
  firstSeenAt: EpochMs = Number.NaN;
  lastSeenAt: EpochMs = Number.NaN;
  /** How long the gateway had been running then: what silence is measured by. */
  lastSeenRunningMs = 0;
  /** What the device, or whoever watches it, has said last; nothing while nobody has. */
  said: boolean | undefined;
  /** Sequence of the record in which it was said. */
  #saidSeq = 0;
  /** Charge in per cent, where it was sent. */
  battery: number = Number.NaN;
  /** How well it is heard, in the unit of its series. */
  link: number = Number.NaN;
  #firstSeenBoot = 0;
  #lastSeenBoot = 0;
  readonly #interval: LearnedInterval = new LearnedInterval();

  /** How often it sends, as learned, in milliseconds of the gateway's running time; `NaN` while that is not known. */
  get intervalMs(): number {
    return this.#interval.intervalMs;
  }

  seen({ seq, at, runningMs, bootCount }: SeenMoment): void {
    this.seq = seq;
    if (Number.isNaN(this.firstSeenAt)) {
      this.firstSeenAt = at;
      this.#firstSeenBoot = bootCount;
    }
    this.lastSeenAt = at;
    this.lastSeenRunningMs = runningMs;
    this.#lastSeenBoot = bootCount;
    this.#interval.arrive(runningMs, true);
  }

  tell(role: Role, kind: number, value: number): void {
    if (role === Role.online && kind === ValueKind.boolean) {
      this.said = value === 1;
      this.#saidSeq = this.seq;
    } else if (kind !== ValueKind.number) return;
    else if (role === Role.battery) this.battery = value;
    else if (role === Role.link) this.link = value;
  }

  /**
   * Whether the device is there, and by what: it was said, or it sends as often as it does.
   *
   * What was said counts until the device sends again, or is silent for long.
   *
   * @param runningMs - How long the gateway has been running now.
   * @param expectedMs - How often it is to send, where that is known; else what was learned counts.
   */
  standing(runningMs: number, expectedMs: number = this.intervalMs): Standing {
    const isWord = this.said !== undefined && this.#saidSeq === this.seq;
    if (this.said === false && isWord) return { online: false, by: "said" };
    const silentMs = runningMs - this.lastSeenRunningMs;
    if (silentMs > Math.max(silenceTimes * expectedMs, silenceMsMin))
      return { online: false, by: "interval" };
    if (this.said === true) return { online: true, by: "said" };
    return Number.isNaN(expectedMs) && this.said === undefined ? unknown : { online: true, by: "interval" };
  }

  /** The gateway's clock was wrong in a boot by this. */
  clockMoved(byMs: number, bootCount: number): void {
    if (this.#firstSeenBoot === bootCount) this.firstSeenAt += byMs;
    if (this.#lastSeenBoot === bootCount) this.lastSeenAt += byMs;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.seq);
    writer.number(this.firstSeenAt);
    writer.number(this.lastSeenAt);
    writer.number(this.lastSeenRunningMs);
    writer.count(this.said === undefined ? 0 : this.said ? 2 : 1);
    writer.count(this.#saidSeq);
    writer.number(this.battery);
    writer.number(this.link);
    writer.count(this.#firstSeenBoot);
    writer.count(this.#lastSeenBoot);
    this.#interval.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.seq = reader.count();
    this.firstSeenAt = reader.number();
    this.lastSeenAt = reader.number();
    this.lastSeenRunningMs = reader.number();
    const said = reader.count();
    this.said = said === 0 ? undefined : said === 2;
    this.#saidSeq = reader.count();
    this.battery = reader.number();
    this.link = reader.number();
    this.#firstSeenBoot = reader.count();
    this.#lastSeenBoot = reader.count();
    this.#interval.read(reader);
  }
}
