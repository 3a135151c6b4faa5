/** `holdfast devices try`: what would become of a payload. */
import { decoders } from "../../codec-makers.ts";
import { bytesOfHex } from "../../config/profile-checks.ts";
import type { RouteConfig } from "../../config/config.ts";
import { AppError, type Problem } from "../../core/errors.ts";
import type { DeviceProfile } from "../../core/profile.ts";
import { routesOfPresets } from "../../core/presets.ts";
import { DecodePlans } from "../../ingest/decode-plans.ts";
import { type Trial, type TrialSample, tryPayload } from "../../ingest/profile-trial.ts";
import { parseRoutes } from "../../ingest/routes.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { tellProblems } from "../setup.ts";
import { printable, styled } from "../style.ts";
import { loadProfileSetup } from "./library.ts";
import { tableLines } from "./table.ts";

export interface TryOptions {
  readonly topic: string;
  readonly json?: string;
  readonly text?: string;
  readonly hex?: string;
  readonly client?: string;
  readonly profile?: string;
  readonly config?: string;
}

/**
 * Shows codec, device and samples, or why the payload is refused.
 *
 * @returns 1 when it is refused.
 * @throws AppError `CLI_USAGE` when the payload or the topic is none.
 */
export async function tryDevice(context: CommandContext, options: TryOptions): Promise<ExitCode> {
  const bytes = payloadOf(options);
  if (/[+#]/.test(options.topic)) throw usage("The topic is a filter.", "write a topic as a sensor uses it");
  const paths = options.profile === undefined ? [] : [options.profile];
  const setup = await loadProfileSetup(context, paths, options);
  if (!setup.ok) return invalid(context, setup.problems);
  const { profiles, problems, config } = setup.value;
  if (problems.length > 0 && options.profile !== undefined) return invalid(context, problems);
  // The others decode as they do in a gateway.
  if (problems.length > 0) context.err.write(`${refusedProfiles(problems)}\n`);
  const routes = parseRoutes(config?.ingest.routes ?? noRoutes, {
    profiles,
    presets: routesOfPresets(config?.ingest.presets ?? []),
  });
  if (!routes.ok) return invalid(context, routes.problems);
  const { topic, client: clientId = "" } = options;
  const message = { topic, clientId, bytes, start: 0, end: bytes.length };
  const plan = new DecodePlans(routes.value, decoders()).planOf(message);
  const trial = tryPayload(plan, bytes, context.clock.now());
  tell(context, {
    profile: profiles.find(({ id }) => id === plan.profile),
    // Detection has settled by the payload.
    codec: plan.codec,
    topic,
    trial,
  });
  return trial.rejection === undefined ? exitCodes.done : exitCodes.failed;
}

const noRoutes: readonly RouteConfig[] = [];

function refusedProfiles(problems: readonly Problem[]): string {
  const count = new Set(problems.map(({ file }) => file)).size;
  const refused = count === 1 ? "1 profile is wrong and" : `${count} profiles are wrong and`;
  return `${refused} left out: see \`holdfast devices check\`.`;
}

function invalid(context: CommandContext, problems: readonly Problem[]): ExitCode {
  tellProblems(context, problems, { json: false });
  return exitCodes.invalid;
}

function payloadOf({ json, text, hex }: TryOptions): Uint8Array {
  const [payload, second] = [json, text, hex].filter((given) => given !== undefined);
  if (payload === undefined || second !== undefined) {
    throw usage("One payload is needed.", "give one of --json, --text and --hex");
  }
  const bytes = hex === undefined ? new TextEncoder().encode(payload) : bytesOfHex(hex);
  if (bytes !== undefined) return bytes;
  throw usage("The payload is not hexadecimal.", "two digits for each byte: --hex 0512fc");
}

function usage(message: string, hint: string): AppError {
  return new AppError("CLI_USAGE", "operator", message, { hint });
}

interface Told {
  readonly topic: string;
  readonly profile: DeviceProfile | undefined;
  readonly codec: string;
  readonly trial: Trial;
}

function tell({ out }: CommandContext, { topic, profile, codec, trial }: Told): void {
  const say = (name: string, value: string): void => out.write(`${name.padEnd(8)} ${printable(value)}\n`);
  say("topic", topic);
  say("profile", profile === undefined ? "none matches" : `${profile.id}, version ${profile.version}`);
  say("codec", codec);
  if (trial.rejection !== undefined) {
    say("refused", `${trial.rejection.cause}: ${trial.rejection.detail}`);
    return;
  }
  const { samples, stampUnreadable } = trial;
  const devices = new Set(samples.map(({ device }) => device));
  const several = devices.size > 1;
  if (devices.size === 1) say("device", [...devices].join());
  say("time", timeOf(samples, stampUnreadable));
  if (samples.length === 0) {
    out.write("\nIt is accepted, and no sample comes of it.\n");
    return;
  }
  const head = [...(several ? ["device"] : []), "metric", "value", "unit", ""];
  const rows = samples.map(({ device, metric, value, unit = "", bad }) => [
    ...(several ? [device] : []),
    metric,
    typeof value === "string" ? value : value === null ? "none" : String(value),
    unit,
    bad ? "bad: out of range, or no number" : "",
  ]);
  out.write("\n");
  for (const [index, line] of tableLines(out, head, rows).entries()) {
    out.write(`${samples[index - 1]?.bad === true ? styled(out, "yellow", line) : line}\n`);
  }
}

function timeOf(samples: readonly TrialSample[], stampUnreadable: boolean): string {
  const stamps = [...new Set(samples.map(({ at }) => at))];
  const [at] = stamps;
  if (stamps.length > 1) return "several, from the payload";
  if (at !== undefined) return `${new Date(at).toISOString()}, from the payload`;
  return stampUnreadable ? "of receipt: the stamp in the payload is not a time" : "of receipt";
}
