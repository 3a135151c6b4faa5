/** Folds recorded samples of a file. */
import { type RecordedValue, SampleReplay } from "../../core/rule/sample-replay.ts";
import { grouped, printable } from "../style.ts";
import type { Replayed, ReplayPlan } from "./backtest.ts";
import { type Recording, readRecording, type SkippedLines } from "./recording.ts";

/** Folds every sample of a file that lies in the span. */
export async function replayRecording(
  file: Pick<Recording, "path" | "device" | "metric">,
  { span, begin, progress, stopped }: ReplayPlan,
): Promise<Replayed> {
  const replay = new SampleReplay(await begin(undefined));
  const { fromAt, toAt } = span;
  let refusedCount = 0;
  const take = (device: string, metric: string, at: number, value: RecordedValue): void => {
    const series = replay.seriesOf(device, metric);
    if (series === -1) refusedCount += 1;
    else replay.add(series, value, at);
  };
  const skipped = await readRecording({
    ...file,
    onSample({ device, metric, at, value }) {
      if (value !== null && at >= fromAt && at < toAt) take(device, metric, at, value);
    },
    onProgress(done, total) {
      progress.show(done / total, `${grouped(replay.sampleCount)} samples`);
      return !stopped();
    },
  });
  replay.flush();
  const { sampleCount, seriesCount, startAt, endAt, disorderCount } = replay;
  const some = sampleCount > 0;
  return {
    sampleCount,
    seriesCount,
    startAt: some ? startAt : undefined,
    endAt: some ? endAt : undefined,
    remarks: [...skippedRemark(skipped), ...refusedRemark(refusedCount), ...disorderRemark(disorderCount)],
  };
}

function refusedRemark(count: number): string[] {
  if (count === 0) return [];
  return [`${samples(count)} left out: a name is too long, or there are too many series.`];
}

function disorderRemark(count: number): string[] {
  if (count === 0) return [];
  const what = `${samples(count)} more than a minute older than one before`;
  return [`${what}: sort the file by time, or silence and late samples are judged wrongly.`];
}

function samples(count: number): string {
  return count === 1 ? "1 sample is" : `${grouped(count)} samples are`;
}

function skippedRemark({ count, first }: SkippedLines): string[] {
  if (first === undefined) return [];
  const lines = count === 1 ? "1 line is not a sample" : `${grouped(count)} lines are not samples`;
  return [`${lines}; the first is line ${grouped(first.line)}: ${printable(first.text)}`];
}
