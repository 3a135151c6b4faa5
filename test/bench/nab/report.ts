/** The result for people. */
import { published } from "./contenders.ts";
import { categoriesOf, type SensitivityScore, type SettingScore } from "./measure.ts";
import type { Contribution } from "./scoring.ts";

export interface ContenderResult {
  readonly name: string;
  /** At the threshold that is best for these series. */
  readonly best: number;
  /** Each category at the threshold that is best for the others. */
  readonly leavingOut: number;
}

export interface Result {
  readonly series: number;
  readonly rows: number;
  readonly windows: number;
  /** The detector as it is shipped. */
  readonly shipped: number;
  /** The same where every series begins later by that share of its rows. */
  readonly startingLater: readonly { readonly share: number; readonly score: number }[];
  readonly contributions: readonly Contribution[];
  readonly sensitivities: readonly SensitivityScore[];
  readonly sensitivityLeavingOut: number;
  readonly contenders: readonly ContenderResult[];
  readonly microsPerEvent: number;
  readonly snapshotBytes: number;
  /** Absent where it was not asked for. */
  readonly settings?: readonly SettingScore[];
}

function contributionLine(name: string, contributions: readonly Contribution[]): string {
  const sum = (of: (each: Contribution) => number): number =>
    contributions.reduce((total, each) => total + of(each), 0);
  const columns = [
    `${sum(({ found }) => found)}/${sum(({ windows }) => windows)}`,
    String(sum(({ missed }) => missed)),
    String(sum(({ falseAlarms }) => falseAlarms)),
    sum(({ raw }) => raw).toFixed(2),
  ];
  return name.padEnd(58) + columns.map((column) => column.padStart(8)).join("");
}

function contributionTable(contributions: readonly Contribution[]): string[] {
  const header = ["found", "missed", "false", "raw"].map((title) => title.padStart(8)).join("");
  return [
    " ".repeat(58) + header,
    ...categoriesOf(contributions).flatMap((category) => {
      const own = contributions.filter((each) => each.category === category);
      const files = own.map((each) => contributionLine(`  ${each.name.slice(category.length + 1)}`, [each]));
      return [contributionLine(category, own), ...files];
    }),
    contributionLine("all", contributions),
  ];
}

function settingTable(scores: readonly SettingScore[]): string[] {
  const names = [...new Set(scores.map(({ setting }) => setting))];
  return names.map((name) => {
    const own = scores.filter(({ setting }) => setting === name);
    return `  ${name.padEnd(12)}${own.map(({ factor, score }) => `x${factor} ${score.toFixed(1)}`.padStart(12)).join("")}`;
  });
}

export function reportText(result: Result): string {
  const { series, rows, windows, shipped, startingLater, sensitivities } = result;
  const lines = [
    `${series} series, ${rows} rows, ${windows} labelled windows; standard profile, 0 finds nothing, 100 is perfect.`,
    "",
    ...contributionTable(result.contributions),
    "",
    `Shipped, sensitivity 0.5:                        ${shipped.toFixed(1)}`,
    ...startingLater.map(
      ({ share, score }) =>
        `  series begun ${(share * 100).toFixed(0)} % later:`.padEnd(49) + score.toFixed(1),
    ),
    `  sensitivity chosen on the other categories:    ${result.sensitivityLeavingOut.toFixed(1)}`,
    `  by sensitivity: ${sensitivities.map((each) => `${each.sensitivity}: ${each.score.toFixed(1)}`).join("  ")}`,
    `  ${result.microsPerEvent.toFixed(1)} µs per event, ${result.snapshotBytes} bytes of snapshot per series`,
    "",
    "By row score            best threshold   threshold from the other categories",
    ...result.contenders.map(
      ({ name, best, leavingOut }) =>
        name.padEnd(24) + best.toFixed(1).padStart(14) + leavingOut.toFixed(1).padStart(38),
    ),
    "",
    `Published for all 58 series: ${published.map(([name, score]) => `${name} ${score}`).join(", ")}.`,
  ];
  if (result.settings) lines.push("", "One setting changed at a time:", ...settingTable(result.settings));
  return `${lines.join("\n")}\n`;
}
