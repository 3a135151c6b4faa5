/**
 * The view of the time of the week: the value against the mean of the same hour in earlier weeks, and, in an hour
 * of the week that was not yet there, of the same hour on earlier days.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { TwoTails } from "./anomaly-tail.ts";
import { ordinary, type View } from "./anomaly-view.ts";

const hourMs = 3_600_000;
const hoursOfDay = 24;
const hoursOfWeek = 168;

/** Hours that a profile counts before it follows at its own pace, a byte each. */
const countMax = 255;

/** A mean for each hour of a cycle. Hours enter as a whole, so that it does not matter how often values come. */
class Profile {
  readonly #means: Float64Array;
  readonly #counts: Uint8Array;
  readonly #weight: number;

  /** @param weight - What the latest cycle counts for, in (0, 1]. */
  constructor(hours: number, weight: number) {
    this.#means = new Float64Array(hours);
    this.#counts = new Uint8Array(hours);
    this.#weight = weight;
  }

  /** @returns `NaN` for an hour of which nothing is known. */
  of(hour: number): number {
    const slot = this.#slot(hour);
    return this.#counts[slot] === 0 ? Number.NaN : this.#means[slot]!;
  }

  learn(hour: number, mean: number): void {
    const slot = this.#slot(hour);
    const count = Math.min(this.#counts[slot]! + 1, countMax);
    this.#counts[slot] = count;
    this.#means[slot]! += Math.max(this.#weight, 1 / count) * (mean - this.#means[slot]!);
  }

  shift(hours: number): void {
    const means = this.#means.slice();
    const counts = this.#counts.slice();
    for (const [slot, mean] of means.entries()) {
      const moved = this.#slot(slot + hours);
      this.#means[moved] = mean;
      this.#counts[moved] = counts[slot]!;
    }
  }

  write(writer: SnapshotWriter): void {
    for (const count of this.#counts) writer.count(count);
    for (const mean of this.#means) writer.number(mean);
  }

  read(reader: SnapshotReader): void {
    for (let slot = 0; slot < this.#counts.length; slot += 1) this.#counts[slot] = reader.count();
    for (let slot = 0; slot < this.#means.length; slot += 1) this.#means[slot] = reader.number();
  }

  #slot(hour: number): number {
    const length = this.#means.length;
    return ((hour % length) + length) % length;
  }
}

/** A profile, and how far values were from it. */
class Cycle {
  readonly #profile: Profile;
  readonly #tails = new TwoTails();
  /** Of the hour that is being learned. */
  #sum = 0;
  #count = 0;

  constructor(hours: number, weight: number) {
    this.#profile = new Profile(hours, weight);
  }

  expected(hour: number): number {
    return this.#profile.of(hour);
  }

  surprise(deviation: number): number {
    return this.#tails.surprise(deviation);
  }

  learn(value: number, hour: number): void {
    const expected = this.#profile.of(hour);
    const known = !Number.isNaN(expected);
    this.#sum += known ? expected + this.#tails.limited(value - expected) : value;
    this.#count += 1;
    if (known) this.#tails.learn(value - expected);
  }

  /** The hour is over, and goes into the profile. */
  close(hour: number): void {
    if (this.#count > 0) this.#profile.learn(hour, this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
  }

  shift(hours: number): void {
    this.#profile.shift(hours);
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#sum);
    writer.count(this.#count);
    this.#profile.write(writer);
    this.#tails.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#sum = reader.number();
    this.#count = reader.count();
    this.#profile.read(reader);
    this.#tails.read(reader);
  }
}

/**
 * It sees what is ordinary, and comes at the wrong time. Hours and weeks are of UTC.
 *
 * Day and week have tails of their own: weekends are far from the mean of all days, and not from each other.
 */
export class SeasonView implements View {
  readonly #day = new Cycle(hoursOfDay, 0.2);
  readonly #week = new Cycle(hoursOfWeek, 0.3);
  /** The hour that is being learned, counted from the epoch. */
  #hour = 0;
  #expected = Number.NaN;

  /** What the last value was measured against; `NaN` in an hour of which nothing is known. */
  get expected(): number {
    return this.#expected;
  }

  surprise(value: number, at: EpochMs, learn: boolean): number {
    const hour = Math.floor(at / hourMs);
    if (learn && hour !== this.#hour) {
      this.#day.close(this.#hour);
      this.#week.close(this.#hour);
      this.#hour = hour;
    }
    const cycle = Number.isNaN(this.#week.expected(hour)) ? this.#day : this.#week;
    this.#expected = cycle.expected(hour);
    const surprise = Number.isNaN(this.#expected) ? ordinary : cycle.surprise(value - this.#expected);
    if (learn) {
      this.#day.learn(value, hour);
      this.#week.learn(value, hour);
    }
    return surprise;
  }

  /** By whole hours, since profiles have no finer ones. */
  shift(byMs: number): void {
    const hours = Math.round(byMs / hourMs);
    this.#hour += hours;
    this.#day.shift(hours);
    this.#week.shift(hours);
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#hour);
    writer.number(this.#expected);
    this.#day.write(writer);
    this.#week.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#hour = reader.number();
    this.#expected = reader.number();
    this.#day.read(reader);
    this.#week.read(reader);
  }
}
