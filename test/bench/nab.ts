/**
 * The score of the general detector at the Numenta Anomaly Benchmark, beside simple detectors.
 *
 *     node test/bench/nab.ts [--json] [--settings]
 *
 * `--settings` also changes every setting of the detector, one at a time, by 30 %.
 */
import { parseArgs } from "node:util";
import { anomalyByFiring, anomalyByScore, ewma, nothing, windowedGaussian } from "./nab/contenders.ts";
import { corpusPath, loadCorpus } from "./nab/corpus.ts";
import {
  contributionsAt,
  costOf,
  runOver,
  scoreLeavingOut,
  sensitivityScores,
  settingScores,
} from "./nab/measure.ts";
import { reportText, type Result } from "./nab/report.ts";
import { benchmarkScore, bestThreshold } from "./nab/scoring.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, settings: { type: "boolean", default: false } },
});

const corpus = loadCorpus();
if (!corpus) {
  process.stderr.write(`The series of the benchmark are not there: ${corpusPath}/windows.json is missing.\n`);
  process.exit(1);
}

const contributions = contributionsAt(runOver(corpus, anomalyByFiring()), 1);
const { scores: sensitivities, leavingOut } = sensitivityScores(corpus);
const result: Result = {
  series: corpus.length,
  rows: corpus.reduce((sum, { values }) => sum + values.length, 0),
  windows: corpus.reduce((sum, { windows }) => sum + windows.length, 0),
  shipped: benchmarkScore(contributions),
  startingLater: [0.04, 0.08].map((share) => ({
    share,
    score: benchmarkScore(contributionsAt(runOver(corpus, anomalyByFiring(), share), 1)),
  })),
  contributions,
  sensitivities,
  sensitivityLeavingOut: leavingOut,
  contenders: [anomalyByScore(), windowedGaussian, ewma, nothing].map((contender) => {
    const scored = runOver(corpus, contender);
    return {
      name: contender.name,
      best: benchmarkScore(contributionsAt(scored, bestThreshold(scored))),
      leavingOut: scoreLeavingOut(scored),
    };
  }),
  ...costOf(corpus),
  ...(options.settings ? { settings: settingScores(corpus, [0.7, 1.3]) } : {}),
};
process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : reportText(result));
