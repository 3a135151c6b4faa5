/** The commands `rules test` and `rules backtest`, with their options. */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";

/** Adds them to `holdfast rules`. */
export function addRuleTrials(
  rules: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  rules
    .command("test")
    .description("run the tests that stand in rule files")
    .argument("[path...]", "directories and files; without them the rules of the configuration")
    .option("--json", "print the outcomes as JSON", false)
    .action(async (paths: string[], options: { json: boolean }) => {
      const { testRules } = await import("./test.ts");
      finish(await testRules(context, paths, options));
    });
  rules
    .command("backtest")
    .description("tell what rules would have fired on a gateway's history, or on recorded data")
    .argument("<path>", "the rules: a file or a directory")
    .option("-d, --data <dir>", "data directory of a gateway, which may be running")
    .option("--input <file>", "recorded samples: .csv, else one JSON object a line")
    .option("--from <time>", "begin here: -7d, 2026-01-05, 2026-01-05T08:00:00Z; without it at the oldest")
    .option("--to <time>", "end before this; without it after the newest")
    .option("--device <name>", "device of a CSV file that has no such column; without it the file's name")
    .option("--metric <name>", "metric of a CSV file that has no such column", "value")
    .option("--against [path]", "show the difference to other rules; without a path to those of the gateway")
    .option("--json", "print the result as JSON", false)
    .action(async (path: string, options: import("./backtest.ts").BacktestOptions) => {
      const { backtest } = await import("./backtest.ts");
      finish(await backtest(context, path, options));
    });
}
