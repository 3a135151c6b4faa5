/**
 * `npm run bench`: the figures of the gateway, each beside its target, one JSON line a figure.
 *
 * Usage: npm run bench [-- --only throughput,delivery,latency,start,recovery,wear,fold,codecs,registry,backtest] [--rounds 5] [--seconds 5]
 *        [--program dist]
 *
 * By name only, as they take long and open thousands of sockets: overload, strangers.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { measureBacktest } from "./backtest.ts";
import { measureDelivery } from "./delivery.ts";
import { measureFold } from "./fold.ts";
import { measureLatency } from "./latency.ts";
import { measureOverload } from "./overload.ts";
import { measureRegistry } from "./registry.ts";
import { measureRecovery, measureStartUp } from "./start-up.ts";
import { measureStrangers } from "./strangers.ts";
import { measureThroughput } from "./throughput.ts";
import { measureWear } from "./wear.ts";

const { values: args } = parseArgs({
  options: {
    only: {
      type: "string",
      default: "throughput,delivery,latency,start,recovery,wear,fold,codecs,registry,backtest",
    },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    program: { type: "string", default: "dist" },
  },
});

const rounds = Number(args.rounds);
const seconds = Number(args.seconds);
// What devices run is the bundle, so that is what is measured.
if (args.program === "dist") execFileSync(process.execPath, ["deploy/build.ts"], { stdio: "inherit" });
const program = args.program === "dist" ? "dist/holdfast.js" : "src/main.ts";

/** Benchmarks that print their own lines. */
function runBench(file: string): void {
  execFileSync(process.execPath, [file], { stdio: "inherit" });
}

const measures: Readonly<Record<string, () => Promise<void>>> = {
  throughput: () => measureThroughput({ program, rounds, seconds }),
  delivery: () => measureDelivery({ program, rounds, seconds }),
  latency: () => measureLatency({ program, seconds: Math.max(30, seconds) }),
  start: () => measureStartUp({ program, rounds }),
  recovery: () => measureRecovery({ program }),
  backtest: () => measureBacktest({ program, rounds: Math.min(rounds, 3) }),
  fold: () => measureFold({ rounds, seconds }),
  codecs: async () => {
    for (const name of ["codecs", "senml"]) runBench(`test/bench/${name}.bench.ts`);
  },
  registry: () => measureRegistry(),
  overload: () => measureOverload({ program }),
  strangers: () => measureStrangers(),
  wear: () => measureWear({ program, seconds }),
};

for (const name of args.only.split(",")) {
  const measure = measures[name];
  if (measure === undefined)
    throw new Error(`no measure "${name}"; there are ${Object.keys(measures).join(", ")}`);
  await measure();
}
