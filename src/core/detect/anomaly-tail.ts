/**
 * How rare a size is among all that came before, from the largest few of them.
 *
 * Up to the record the answer is counted, not modelled: with `c` of `n` earlier sizes as large, a share of
 * `(c + 1) / (n + 1)`. This holds for every distribution, also one with two humps or steps. Beyond the record the
 * count can only say "once in n"; there the tail is continued as a power law whose exponent comes from the
 * kept sizes, with the uncertainty of that estimate: much for a tail that was close together, little for a
 * heavy one. So nothing has to be known of units or distribution, and a flat series gives no infinite
 * rarity.
 *
 * Source: counted share: conformal p-value, Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
 * World", 2005, section 2.2. Power law: Hill, "A simple general approach to inference about the tail of a
 * distribution", Annals of Statistics 1975. The logarithm of a power law is exponential; with its rate unknown
 * (gamma prior) the predictive tail is `(1 + y / sum)^-m`: Gelman et al., "Bayesian Data Analysis", 2.6.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import { ordinary } from "./anomaly-view.ts";

/** How many of the largest are kept, and the largest share of all that is called a tail. */
const kept = 32;
const tailShare = 0.1;

/** Before as many sizes nothing can be rare. */
const warmUpCount = 50;

/** Sizes that differ by less, in proportion, count as equally large: what comes again is no record. */
const likeness = 0.9;

/** What the exponent is taken for before there is evidence: keeps a tail of equal sizes from being a wall. */
const priorSum = 0.1;

/** Sizes after which the older half is forgotten. */
const historyMax = 16_384;

/** The tail of one kind of size: not negative, larger is stranger. */
export class Tail {
  /** In descending order. */
  readonly #largest = new Float64Array(kept);
  #length = 0;
  #count = 0;
  #halvings = 0;

  /** @returns `-log10` of the share of sizes that are as large or larger, at least {@link ordinary}. */
  surprise(size: number): number {
    const largest = this.#largest;
    const last = this.#last;
    if (this.#count < warmUpCount || !(size > largest[last]!)) return ordinary;
    const record = largest[0]!;
    if (size <= record) return Math.max(ordinary, Math.log10((this.#count + 1) / (this.#asLarge(size) + 1)));
    const onceInAll = Math.log10(this.#count + 1);
    const edge = largest[last]!;
    if (edge <= 0) return onceInAll;
    let sum = priorSum;
    for (let index = 0; index < last; index += 1) sum += Math.log(largest[index]!) - Math.log(edge);
    const beyond = Math.log(size) - Math.log(record);
    return onceInAll + (last + 1) * Math.log10(1 + beyond / sum);
  }

  /** The size from which on the tail begins; `Infinity` while too little is known. */
  get edge(): number {
    return this.#count < warmUpCount ? Number.POSITIVE_INFINITY : this.#largest[this.#last]!;
  }

  /** The largest size that is remembered; 0 while there is none. */
  get record(): number {
    return this.#largest[0]!;
  }

  learn(size: number): void {
    this.#count += 1;
    if (this.#length < kept || size > this.#largest[kept - 1]!) this.#insert(size);
    if (this.#count >= historyMax) this.#halve();
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#length);
    writer.count(this.#count);
    writer.count(this.#halvings);
    for (let index = 0; index < this.#length; index += 1) writer.number(this.#largest[index]!);
  }

  read(reader: SnapshotReader): void {
    this.#length = reader.count();
    this.#count = reader.count();
    this.#halvings = reader.count();
    for (let index = 0; index < this.#length; index += 1) this.#largest[index] = reader.number();
  }

  /** Index of the least size that belongs to the tail. */
  get #last(): number {
    return Math.min(this.#length, Math.max(4, Math.floor(this.#count * tailShare))) - 1;
  }

  #asLarge(size: number): number {
    const least = size * likeness;
    let count = 0;
    while (count < this.#length && this.#largest[count]! >= least) count += 1;
    return count;
  }

  #insert(size: number): void {
    const largest = this.#largest;
    if (this.#length < kept) this.#length += 1;
    let index = this.#length - 1;
    while (index > 0 && largest[index - 1]! < size) {
      largest[index] = largest[index - 1]!;
      index -= 1;
    }
    largest[index] = size;
  }

  /** Keeps every other one: the largest of half a history. The record itself goes at every other time. */
  #halve(): void {
    const first = this.#halvings % 2;
    const length = Math.ceil((this.#length - first) / 2);
    for (let index = 0; index < length; index += 1) this.#largest[index] = this.#largest[first + 2 * index]!;
    this.#length = length;
    this.#count = Math.ceil(this.#count / 2);
    this.#halvings += 1;
  }
}

/** How many records far a deviation still counts in full. */
const plausibleRecords = 1_000;

/**
 * Two tails: of what lies above the expected, and of what lies below.
 *
 * A size that moves slowly would be its own witness: each row a little beyond the one before, which was learned
 * already. So a deviation is learned only after `delay` more came, when it shares nothing with the present.
 */
export class TwoTails {
  readonly #above = new Tail();
  readonly #below = new Tail();
  readonly #waiting: Float64Array;
  #count = 0;

  /** @param delay - In rows; 0 learns at once. */
  constructor(delay: number = 0) {
    this.#waiting = new Float64Array(delay);
  }

  /** @returns As {@link Tail.surprise}, of the side where the deviation lies. */
  surprise(deviation: number): number {
    return deviation > 0 ? this.#above.surprise(deviation) : this.#below.surprise(-deviation);
  }

  /**
   * A deviation as it may go into a mean: brought to where the tails begin. So a glitch of any size moves a
   * mean no more than the rest does, and what lasts moves it, since tails move along.
   */
  limited(deviation: number): number {
    return Math.min(Math.max(deviation, -this.#below.edge), this.#above.edge);
  }

  /** A deviation, brought down to a size from which a mean of a few rows recovers within some dozens. */
  plausible(deviation: number): number {
    const record = Math.max(this.#above.record, this.#below.record);
    const most = record > 0 ? plausibleRecords * record : Number.POSITIVE_INFINITY;
    return Math.min(Math.max(deviation, -most), most);
  }

  learn(deviation: number): void {
    const delay = this.#waiting.length;
    if (delay === 0) {
      this.#learnNow(deviation);
      return;
    }
    const slot = this.#count % delay;
    if (this.#count >= delay) this.#learnNow(this.#waiting[slot]!);
    this.#waiting[slot] = deviation;
    this.#count += 1;
  }

  write(writer: SnapshotWriter): void {
    writer.count(this.#count);
    for (const each of this.#waiting) writer.number(each);
    this.#above.write(writer);
    this.#below.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#count = reader.count();
    for (let slot = 0; slot < this.#waiting.length; slot += 1) this.#waiting[slot] = reader.number();
    this.#above.read(reader);
    this.#below.read(reader);
  }

  #learnNow(deviation: number): void {
    this.#above.learn(Math.max(deviation, 0));
    this.#below.learn(Math.max(-deviation, 0));
  }
}
