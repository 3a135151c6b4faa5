/** `holdfast rules backtest`: what rules would have fired, on a gateway's history or on recorded data. */
import { resolve } from "node:path";
import { AppError, type Result } from "../../core/errors.ts";
import type { RuleDefinition } from "../../core/rule/definition.ts";
import { compareFirings } from "../../core/rule/firings.ts";
import { Replay } from "../../core/rule/replay.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { Settings } from "../../core/record.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { tellProblems } from "../setup.ts";
import { type BacktestResult, writeBacktest } from "./backtest-report.ts";
import { parseInstant } from "./instants.ts";
import { loadRulesAt } from "./loading.ts";
import { Progress } from "./progress.ts";
import { replayHistory } from "./replay-history.ts";
import { replayRecording } from "./replay-recording.ts";
import { prepareState, settingsIn } from "./state.ts";

/** Options of `rules backtest`. */
export interface BacktestOptions {
  readonly data?: string;
  readonly input?: string;
  readonly from?: string;
  readonly to?: string;
  readonly device?: string;
  readonly metric: string;
  /** `true`: the rules that are in force on the gateway. */
  readonly against?: string | true;
  readonly json: boolean;
}

/** What is folded again: everything from an instant until before another. */
export interface Span {
  readonly fromAt: EpochMs;
  readonly toAt: EpochMs;
}

/** What was folded. */
export interface Replayed {
  readonly sampleCount: number;
  readonly seriesCount: number;
  /** Instants of the first and the last of it; nothing when there was none. */
  readonly startAt: EpochMs | undefined;
  readonly endAt: EpochMs | undefined;
  /** What a person has to know to trust the figures, each a sentence. */
  readonly remarks: readonly string[];
}

/** What both kinds of replay are given. */
export interface ReplayPlan {
  readonly span: Span;
  /** Makes the replays, once it is known what devices there are and which rules are in force. */
  readonly begin: (settings: Settings | undefined) => Promise<readonly Replay[]>;
  readonly progress: Progress;
  /** Whether the person has asked to stop. */
  readonly stopped: () => boolean;
}

/**
 * Folds the past under other rules.
 *
 * @returns 0 when done, whatever fired; 3 when rules are not valid.
 * @throws AppError `CLI_USAGE`, `BACKTEST_INPUT`, `STORE_…`.
 */
export async function backtest(
  context: CommandContext,
  path: string,
  options: BacktestOptions,
): Promise<ExitCode> {
  const span = spanOf(context, options);
  checkSource(options);
  const loaded = await loadBoth(context, path, options);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options);
    return exitCodes.invalid;
  }
  const trial = new Trial(loaded.value);
  let stopped = false;
  const release = context.onSignal("SIGINT", () => {
    stopped = true;
  });
  const progress = new Progress(context);
  const startMs = context.clock.monotonicMs();
  const plan = { span, begin: trial.begin, progress, stopped: () => stopped };
  try {
    const replayed = await replay(context, options, plan);
    if (stopped) return exitCodes.interrupted;
    progress.clear();
    const seconds = (context.clock.monotonicMs() - startMs) / 1_000;
    writeBacktest(context, { ...trial.result(replayed), replayed, seconds }, options);
    return exitCodes.done;
  } finally {
    progress.clear();
    release();
  }
}

function replay(context: CommandContext, options: BacktestOptions, plan: ReplayPlan): Promise<Replayed> {
  const full = (path: string): string => resolve(context.workingDirectory, path);
  const { data, input, device, metric } = options;
  if (input === undefined) return replayHistory(full(data ?? ""), plan, settingsIn);
  return replayRecording({ path: full(input), metric, ...(device === undefined ? {} : { device }) }, plan);
}

/** The rules on trial, and those that they are compared with. */
interface RuleSets {
  readonly now: readonly RuleDefinition[];
  /** `"running"`: what is in force on the gateway. */
  readonly before: readonly RuleDefinition[] | "running" | undefined;
}

async function loadBoth(
  context: CommandContext,
  path: string,
  { against }: BacktestOptions,
): Promise<Result<RuleSets>> {
  const now = await loadRulesAt(context, [path]);
  if (!now.ok) return now;
  // Who asks what a rule would do means also one that is switched off.
  const rules = now.value.map(({ definition }) => ({ ...definition, enabled: true }));
  if (against === undefined || against === true) {
    return { ok: true, value: { now: rules, before: against === undefined ? undefined : "running" } };
  }
  const before = await loadRulesAt(context, [against]);
  if (!before.ok) return before;
  return { ok: true, value: { now: rules, before: before.value.map(({ definition }) => definition) } };
}

/** One or two rule sets at work. */
class Trial {
  readonly #sets: RuleSets;
  #now: Replay | undefined;
  #before: Replay | undefined;

  constructor(sets: RuleSets) {
    this.#sets = sets;
  }

  readonly begin = async (settings: Settings | undefined): Promise<readonly Replay[]> => {
    const { now, before } = this.#sets;
    const compared = before === "running" ? (settings?.rules ?? []) : before;
    const makeState = await prepareState([...now, ...(compared ?? [])]);
    const devices = settings?.devices ?? [];
    this.#now = new Replay({ rules: now, devices, state: makeState() });
    if (compared === undefined) return [this.#now];
    this.#before = new Replay({ rules: compared, devices, state: makeState() });
    return [this.#now, this.#before];
  };

  result({ endAt = 0 }: Replayed): Omit<BacktestResult, "replayed" | "seconds"> {
    const firings = this.#now?.books.firings(endAt) ?? [];
    const fired = new Set(firings.map(({ rule }) => rule));
    const before = this.#before?.books.firings(endAt);
    return {
      firings,
      quietRules: this.#sets.now.map(({ id }) => id).filter((id) => !fired.has(id)),
      historicalCount: this.#now?.books.historicalCount ?? 0,
      noDataCount: this.#now?.books.noDataCount ?? 0,
      refusedGroupCount: this.#now?.refusedGroupCount ?? 0,
      differences: before === undefined ? undefined : compareFirings(firings, before),
    };
  }
}

function spanOf({ clock }: CommandContext, { from, to }: BacktestOptions): Span {
  const now = clock.now();
  const instantAt = (option: string, written: string): EpochMs => {
    const at = parseInstant(written, now);
    if (at !== undefined) return at;
    throw new AppError("CLI_USAGE", "operator", `${option} is not a time: ${JSON.stringify(written)}`, {
      hint: "Write -7d, 2026-01-05 or 2026-01-05T08:00:00Z.",
    });
  };
  const fromAt = from === undefined ? Number.NEGATIVE_INFINITY : instantAt("--from", from);
  const toAt = to === undefined ? Number.POSITIVE_INFINITY : instantAt("--to", to);
  if (fromAt < toAt) return { fromAt, toAt };
  throw new AppError("CLI_USAGE", "operator", "--from is not before --to", { hint: "Exchange the two." });
}

function checkSource({ data, input, against }: BacktestOptions): void {
  if ((data === undefined) === (input === undefined)) {
    throw new AppError("CLI_USAGE", "operator", "a backtest needs either --data or --input", {
      hint: "Name the data directory of a gateway with --data, or a file of recorded samples with --input.",
    });
  }
  if (against === true && data === undefined) {
    throw new AppError("CLI_USAGE", "operator", "--against needs a path where there is no gateway", {
      hint: "Name the other rules: --against rules.d.",
    });
  }
}
