/** `holdfast simulate`: synthetic sensors, devices of profiles, or a recorded series, over real MQTT. */
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { tellProblems } from "./setup.ts";
import { makePlan, type Plan } from "./simulate/plan.ts";
import type { FaultShare } from "./simulate/profile/faults.ts";
import type { Fleet } from "./simulate/profile/fleet.ts";
import { Publisher, type PublisherCounts } from "./simulate/publisher.ts";
import { parseTarget } from "./simulate/target.ts";
import { grouped } from "./style.ts";

/** Options as the command line gives them, checked. */
export interface SimulateOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly devices: number;
  /** Device profiles by id or file, to be simulated in place of the synthetic sensors. */
  readonly profile?: readonly string[];
  /** Devices of each profile. */
  readonly count: number;
  readonly fault?: readonly FaultShare[];
  /** Configuration that names directories of profiles. */
  readonly config?: string;
  /** Readings per second in all; without it one a second of synthetic sensors, others at their interval. */
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

const progressEveryMs = 500;

/**
 * Runs the simulator until it is done, or interrupted. The counts are printed in any case.
 *
 * @throws AppError `SIMULATE_CSV`, `SIMULATE_PROFILE`, `SIMULATE_UNREACHABLE`, `SIMULATE_REFUSED`, `CLI_USAGE`.
 */
export async function simulate(context: CommandContext, options: SimulateOptions): Promise<ExitCode> {
  const made = await makePlan(context, options);
  if (!made.ok) {
    tellProblems(context, made.problems, { json: false });
    return exitCodes.invalid;
  }
  const plan = made.value;
  const started = context.clock.monotonicMs();
  const stop = new AbortController();
  const publishers = openPublishers(context, options, plan.clientIdsOf);
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
  const devices = plan.fleet === undefined ? undefined : devicesOf(plan.fleet);
  if (options.json) writeJson(context, { ...counts, ...devices });
  else context.out.write(sentenceOf(counts) + (devices === undefined ? "" : deviceLines(devices)));
  if (failure === undefined && !stop.signal.aborted) return exitCodes.done;
  if (options.csv !== undefined) {
    context.err.write(`Not all was sent; go on with --from ${options.from + counts.acknowledged}.\n`);
  }
  if (failure !== undefined) throw failure;
  return exitCodes.interrupted;
}

function openPublishers(
  context: CommandContext,
  options: SimulateOptions,
  clientIdsOf: Plan["clientIdsOf"],
): Publisher[] {
  const target = parseTarget(options.url);
  const { clock, random, err } = context;
  const clientId = options.clientId ?? `simulate-${Math.floor(random() * 2 ** 32).toString(16)}`;
  let lastReason = "";
  return clientIdsOf.map(
    (clientIdOf, index) =>
      new Publisher({
        ...target,
        username: options.username ?? target.username,
        password: options.password ?? target.password,
        clientId: clientIdOf(clientIdsOf.length === 1 ? clientId : `${clientId}-${index + 1}`),
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

/** Devices, how many of them had which fault, and what these did: to be compared with a gateway's books. */
interface DeviceCounts {
  readonly devices: number;
  readonly faults: Fleet["faulty"];
  readonly malformed: number;
  /** Malformed messages by the cause for which a gateway refuses them. */
  readonly rejected: Fleet["tally"]["refused"];
  readonly withheld: number;
}

function devicesOf({ devices, faulty, tally }: Fleet): DeviceCounts {
  const { malformed, refused, withheld } = tally;
  return { devices, faults: faulty, malformed, rejected: refused, withheld };
}

function deviceLines({ devices, faults, malformed, rejected, withheld }: DeviceCounts): string {
  const lines = [
    `${grouped(devices)} devices${Object.keys(faults).length === 0 ? "" : `: ${listed(faults)}`}.`,
  ];
  if (faults.malformed !== undefined) {
    const causes = malformed === 0 ? "" : `, which a gateway refuses as: ${listed(rejected)}`;
    lines.push(`${grouped(malformed)} malformed messages sent${causes}.`);
  }
  if (faults.silent !== undefined) lines.push(`${grouped(withheld)} messages withheld by silent devices.`);
  return `${lines.join("\n")}\n`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${grouped(count)} ${name}`)
    .join(", ");
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
