/** The view of how restless the series is: its steps of late against its steps in the long run. */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import { FollowingMean } from "./anomaly-mean.ts";
import { TwoTails } from "./anomaly-tail.ts";
import { ordinary, type View } from "./anomaly-view.ts";

/** Share of the usual step that is no movement: without it, standing still would be infinitely calm. */
const stillness = 0.01;

/** How many usual steps large a step still counts in full: the mean of a few rows has to recover from it. */
const plausibleSteps = 10_000;

/** Steps are sizes of the change from row to row. It sees noise that grows, and a sensor that went silent. */
export class SpreadView implements View {
  readonly #recent: FollowingMean;
  readonly #usual: FollowingMean;
  readonly #tails: TwoTails;
  #before = Number.NaN;

  /** @param options - Both in rows. */
  constructor(options: { readonly recent: number; readonly usual: number }) {
    this.#recent = new FollowingMean(options.recent);
    this.#usual = new FollowingMean(options.usual);
    this.#tails = new TwoTails(options.recent - 1);
  }

  surprise(value: number, _at: EpochMs, learn: boolean): number {
    const step = Math.abs(value - this.#before);
    this.#before = value;
    if (Number.isNaN(step)) return ordinary;
    const usual = this.#usual.mean;
    const most = usual > 0 ? plausibleSteps * usual : step;
    this.#recent.learn(Math.min(step, most));
    const still = stillness * usual;
    const ratio = usual > 0 ? Math.log((this.#recent.mean + still) / (usual + still)) : 0;
    const surprise = this.#tails.surprise(ratio);
    if (learn) {
      this.#tails.learn(ratio);
      this.#usual.learn(Math.min(step, most));
    }
    return surprise;
  }

  shift(): void {
    // It holds no times.
  }

  write(writer: SnapshotWriter): void {
    writer.number(this.#before);
    this.#recent.write(writer);
    this.#usual.write(writer);
    this.#tails.write(writer);
  }

  read(reader: SnapshotReader): void {
    this.#before = reader.number();
    this.#recent.read(reader);
    this.#usual.read(reader);
    this.#tails.read(reader);
  }
}
