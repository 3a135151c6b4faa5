/** The view of where the series stands: the mean of the last few rows against that of the long run. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { FollowingMean } from "./anomaly-mean.ts";
import { TwoTails } from "./anomaly-tail.ts";
import { ordinary, type View } from "./anomaly-view.ts";

/** Over one row it sees outliers, over more rows shifts and drifts that no single row shows. */
export class LevelView implements View {
  readonly #recent: FollowingMean;
  readonly #usual: FollowingMean;
  readonly #tails: TwoTails;

  /** @param options - Both in rows. */
  constructor(options: { readonly recent: number; readonly usual: number }) {
    this.#recent = new FollowingMean(options.recent);
    this.#usual = new FollowingMean(options.usual);
    this.#tails = new TwoTails(options.recent - 1);
  }

  /** The mean of the long run. */
  get usual(): number {
    return this.#usual.mean;
  }

  surprise(value: number, _at: EpochMs, learn: boolean): number {
    if (!this.#usual.known) {
      if (learn) this.#usual.learn(value);
      this.#recent.learn(value);
      return ordinary;
    }
    const usual = this.#usual.mean;
    this.#recent.learn(usual + this.#tails.plausible(value - usual));
    const deviation = this.#recent.mean - usual;
    const surprise = this.#tails.surprise(deviation);
    if (learn) {
      this.#usual.learn(usual + this.#tails.limited(value - usual));
      this.#tails.learn(deviation);
    }
    return surprise;
  }

  shift(): void {
    // It holds no times.
  }

  write(writer: SnapshotWriter): void {
    this.#recent.write(writer);
    this.#usual.write(writer);
    this.#tails.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#recent.read(reader);
    this.#usual.read(reader);
    this.#tails.read(reader);
  }
}
