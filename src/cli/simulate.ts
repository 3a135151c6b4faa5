/** `holdfast simulate`: synthetic sensors, or a recorded series, over real MQTT. */
import { basename, resolve } from "node:path";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { readSeries } from "./simulate/csv.ts";
import { replay, runSensors } from "./simulate/drive.ts";
import { Publisher, type PublisherCounts } from "./simulate/publisher.ts";
import { makeSensors } from "./simulate/sensors.ts";
import { parseTarget } from "./simulate/target.ts";
import { grouped } from "./style.ts";

/** Options as the command line gives them, checked. */
export interface SimulateOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly devices: number;
  /** Readings per second in all; one per device where not given. */
  readonly rate?: number;
  readonly seconds?: number;
  readonly seed: number;
  readonly csv?: string;
  readonly topic?: string;
  readonly metric: string;
  /** Times real time; infinite for as fast as possible. */
  readonly speed: number;
  readonly inFlight: number;
  /** First row of the series to send, from 1. */
  readonly from: number;
  /** Seconds for which the broker may be away. */
  readonly patience: number;
  readonly json: boolean;
}

/** Connections of the synthetic sensors together; each carries several sensors when there are more. */
const connectionsMax = 50;

const progressEveryMs = 500;
const dayMs = 86_400_000;

/**
 * Runs the simulator until it is done, or interrupted. The counts are printed in any case.
 *
 * @throws AppError `SIMULATE_CSV`, `SIMULATE_UNREACHABLE`, `SIMULATE_REFUSED`, `CLI_USAGE`.
 */
export async function simulate(context: CommandContext, options: SimulateOptions): Promise<ExitCode> {
  const started = context.clock.monotonicMs();
  const stop = new AbortController();
  const plan =
    options.csv === undefined ? sensorPlan(options) : await seriesPlan(context, options, options.csv);
  const publishers = openPublishers(context, options, plan.connections);
  const end = () => {
    stop.abort();
    for (const publisher of publishers) void publisher.close();
  };
  const release = [context.onSignal("SIGINT", end), context.onSignal("SIGTERM", end)];
  const progress = showProgress(context, plan.total, publishers);
  let failure: unknown;
  try {
    await plan.drive(context, publishers, stop.signal);
  } catch (error) {
    failure = error;
  }
  progress.end();
  await Promise.all(publishers.map((publisher) => publisher.close()));
  for (const one of release) one();
  const seconds = (context.clock.monotonicMs() - started) / 1_000;
  const counts = { ...countsOf(publishers), seconds: Math.round(seconds * 1_000) / 1_000 };
  if (options.json) writeJson(context, counts);
  else context.out.write(sentenceOf(counts));
  if (failure === undefined && !stop.signal.aborted) return exitCodes.done;
  if (options.csv !== undefined) {
    context.err.write(`Not all was sent; go on with --from ${options.from + counts.acknowledged}.\n`);
  }
  if (failure !== undefined) throw failure;
  return exitCodes.interrupted;
}

/** What is to be sent. */
interface Plan {
  readonly connections: number;
  /** Messages in all, where that is known. */
  readonly total: number | undefined;
  drive(context: CommandContext, publishers: readonly Publisher[], stop: AbortSignal): Promise<void>;
}

function sensorPlan(options: SimulateOptions): Plan {
  const { devices: count, seed, rate = count, seconds } = options;
  const sensors = makeSensors({ count, seed, dayMs, eventShare: 1 / 120 });
  return {
    connections: Math.min(count, connectionsMax),
    total: seconds === undefined ? undefined : Math.round(rate * seconds),
    drive: ({ clock }, publishers, stop) => {
      const forMs = (seconds ?? Number.POSITIVE_INFINITY) * 1_000;
      return runSensors({ publishers, sensors, ratePerSecond: rate, forMs, clock, stop });
    },
  };
}

async function seriesPlan(context: CommandContext, options: SimulateOptions, csv: string): Promise<Plan> {
  const all = await readSeries(resolve(context.workingDirectory, csv));
  const readings = all.slice(options.from - 1);
  const topic = options.topic ?? `replay/${basename(csv).replace(/\.csv$/i, "")}`;
  const { metric, speed } = options;
  return {
    connections: 1,
    total: readings.length,
    drive: async ({ clock }, [publisher], stop) => {
      if (publisher === undefined) return;
      await replay({ publisher, readings, topic, metric, speed, clock, stop });
    },
  };
}

function openPublishers(context: CommandContext, options: SimulateOptions, count: number): Publisher[] {
  const target = parseTarget(options.url);
  const { clock, random, err } = context;
  const clientId = options.clientId ?? `simulate-${Math.floor(random() * 2 ** 32).toString(16)}`;
  let lastReason = "";
  return Array.from(
    { length: count },
    (_, index) =>
      new Publisher({
        ...target,
        username: options.username ?? target.username,
        password: options.password ?? target.password,
        clientId: count === 1 ? clientId : `${clientId}-${index + 1}`,
        inFlightMax: options.inFlight,
        unreachableForMs: options.patience * 1_000,
        clock,
        random,
        onRetry: (reason) => {
          if (reason === lastReason) return;
          lastReason = reason;
          err.write(`${target.host}:${target.port}: ${reason}; trying again for ${options.patience} s.\n`);
        },
      }),
  );
}

type Counts = PublisherCounts & { readonly seconds: number };

function countsOf(publishers: readonly Publisher[]): PublisherCounts {
  let [sent, acknowledged, resent] = [0, 0, 0];
  for (const { counts } of publishers) {
    sent += counts.sent;
    acknowledged += counts.acknowledged;
    resent += counts.resent;
  }
  return { sent, acknowledged, resent };
}

function sentenceOf({ sent, acknowledged, resent, seconds }: Counts): string {
  return `${grouped(sent)} sent, ${grouped(acknowledged)} acknowledged, ${grouped(resent)} resent, in ${seconds.toFixed(1)} s.\n`;
}

/** Keeps one line up to date on a terminal, and nothing elsewhere. */
function showProgress(
  { err }: CommandContext,
  total: number | undefined,
  publishers: readonly Publisher[],
): { end(): void } {
  if (!err.isTerminal) return { end: () => undefined };
  const show = () => {
    const { sent, acknowledged } = countsOf(publishers);
    const goal = total === undefined ? "" : ` of ${grouped(total)}`;
    err.write(`\r\u001b[K${grouped(sent)}${goal} sent, ${grouped(acknowledged)} acknowledged`);
  };
  const timer = setInterval(show, progressEveryMs);
  return {
    end() {
      clearInterval(timer);
      err.write("\r\u001b[K");
    },
  };
}
