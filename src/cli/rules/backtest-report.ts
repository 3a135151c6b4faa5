/** The result of a backtest, for people and for programs. */
import type { Firing, FiringDifference } from "../../core/rule/firings.ts";
import type { CommandContext } from "../context.ts";
import { writeJson } from "../report.ts";
import { grouped, styled } from "../style.ts";
import type { Replayed } from "./backtest.ts";
import { differenceTable, firingTable } from "./firing-table.ts";
import { instantText } from "./instants.ts";

export interface BacktestResult {
  readonly replayed: Replayed;
  /** How long it took. */
  readonly seconds: number;
  readonly firings: readonly Firing[];
  /** Ids of rules that never fired. */
  readonly quietRules: readonly string[];
  readonly historicalCount: number;
  readonly noDataCount: number;
  /** Times that a series met a rule whose group there was no room for. */
  readonly refusedGroupCount: number;
  /** Where it was compared with other rules. */
  readonly differences: readonly FiringDifference[] | undefined;
}

/** Tells the result: tables and remarks for people, or all of it as JSON on `out`. */
export function writeBacktest(
  context: CommandContext,
  result: BacktestResult,
  options: { readonly json: boolean },
): void {
  if (options.json) writeJson(context, reportOf(result));
  else context.out.write(`${describe(context, result).join("\n")}\n`);
  const { err } = context;
  for (const remark of result.replayed.remarks) err.write(`${styled(err, "yellow", "note:")} ${remark}\n`);
}

function describe({ out }: CommandContext, result: BacktestResult): string[] {
  const { firings, quietRules, historicalCount, noDataCount, refusedGroupCount, differences } = result;
  const lines = [summary(result), ""];
  if (firings.length > 0) lines.push(...firingTable(out, firings), "");
  if (differences !== undefined && differences.length > 0) {
    lines.push(styled(out, "bold", "Against the other rules"), ...differenceTable(out, differences), "");
  }
  if (quietRules.length > 0) lines.push(`Never fired: ${quietRules.join(", ")}.`);
  if (noDataCount > 0) lines.push(`Went without data: ${times(noDataCount)}.`);
  if (historicalCount > 0)
    lines.push(`Found only by late data, and told to nobody: ${times(historicalCount)}.`);
  if (refusedGroupCount > 0) {
    lines.push(styled(out, "red", `Left out for want of room: ${grouped(refusedGroupCount)} groups.`));
  }
  if (firings.length === 0 && quietRules.length === 0) lines.push("There are no rules.");
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function summary({ replayed, seconds }: BacktestResult): string {
  const { sampleCount, seriesCount, startAt, endAt } = replayed;
  if (startAt === undefined || endAt === undefined) return "There is nothing in this time.";
  const what = `${grouped(sampleCount)} samples of ${grouped(seriesCount)} series`;
  return `${what}, ${instantText(startAt)} to ${instantText(endAt)} UTC, in ${seconds.toFixed(1)} s.`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${grouped(count)} times`;
}

/** The report for programs; instants in epoch milliseconds. */
function reportOf(result: BacktestResult): unknown {
  const { replayed, seconds, firings, quietRules, historicalCount, noDataCount, refusedGroupCount } = result;
  const { startAt = null, endAt = null, sampleCount, seriesCount, remarks } = replayed;
  return {
    from: startAt,
    to: endAt,
    samples: sampleCount,
    series: seriesCount,
    seconds,
    alerts: firings,
    quietRules,
    historical: historicalCount,
    noData: noDataCount,
    refusedGroups: refusedGroupCount,
    remarks,
    ...(result.differences === undefined ? {} : { differences: result.differences.map(plainDifference) }),
  };
}

function plainDifference({ now, before, ...rest }: FiringDifference): unknown {
  return { ...rest, now: now ?? null, before: before ?? null };
}
