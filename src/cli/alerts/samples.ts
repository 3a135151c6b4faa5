/** `holdfast alerts samples`: the raw samples that a rule's `capture` marks around a firing. */
import { AppError } from "../../core/errors.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { grouped, printable } from "../style.ts";
import type { AddressOptions } from "./address.ts";
import { localTime } from "./alert-table.ts";
import { clientErrors } from "./gateway-client.ts";
import { alertOfId, nameOf, withGateway } from "./gateway-session.ts";
import { allSamples } from "./sample-pages.ts";
import { sampleTable } from "./sample-table.ts";
import { isObject, type ShownAlert } from "./shown-alert.ts";
import type { ShownSamples } from "./shown-samples.ts";

/** Options of `samples`, checked. */
export interface SamplesOptions extends AddressOptions {
  readonly json: boolean;
}

type Rule = Readonly<Record<string, unknown>>;
type Capture = NonNullable<ShownAlert["capture"]>;

/**
 * Shows the samples around the firing of an alert.
 *
 * @param id - Of the alert's episode, or at least four of its first digits.
 * @returns 0, 1 when the gateway says no or nothing is marked, 2 when several alerts begin with these digits, 3
 *   when the configuration is invalid, 4 when no gateway answers.
 * @throws AppError `CLI_USAGE`.
 */
export async function showSamples(
  context: CommandContext,
  id: string,
  options: SamplesOptions,
): Promise<ExitCode> {
  return await withGateway(context, options, async (gateway) => {
    const alert = await alertOfId(gateway, id);
    const rule = (await gateway.rules()).get(alert.rule);
    const { capture } = alert;
    if (capture === undefined) throw nothingMarked(alert, rule);
    const { device, metric } = alert.key;
    if (device === undefined) throw withoutDevice(alert);
    const names = { device, ...(metric === undefined ? {} : { metric }) };
    const found = await allSamples(gateway, { ...capture, names });
    const firedAt = firedAtOf(capture, rule);
    if (options.json) {
      const { answered: samples, truncated } = found;
      const { id: alertId, rule: ruleId, key } = alert;
      const about = { alert: alertId, rule: ruleId, key, capture, firedAt: firedAt ?? null };
      writeJson(context, { ...about, samples, truncated });
    } else {
      printSamples(context, found, { alert, capture, firedAt });
    }
    return exitCodes.done;
  });
}

function printSamples(
  { out, err, clock }: CommandContext,
  { samples, truncated }: ShownSamples,
  {
    alert,
    capture: { from, to },
    firedAt,
  }: {
    readonly alert: ShownAlert;
    readonly capture: Capture;
    readonly firedAt: EpochMs | undefined;
  },
): void {
  if (samples.length === 0) {
    const stretch = `from ${localTime(from)} to ${localTime(to)}`;
    err.write(`The log has no samples for ${printable(nameOf(alert))} ${stretch}.\n`);
  } else {
    // Where samples are missing it may have fired behind them.
    const isAmong = firedAt !== undefined && (!truncated || samples.some(({ at }) => at > firedAt));
    const lines = sampleTable(out, samples, isAmong ? firedAt : undefined);
    for (const line of lines) out.write(`${line}\n`);
  }
  if (truncated) err.write(`These are the first ${grouped(samples.length)}; there are more.\n`);
  if (to > clock.now()) err.write(`More may follow until ${localTime(to)}.\n`);
}

/**
 * When the alert fired: what is marked begins that long before it.
 *
 * @returns Nothing when the rule has another `capture` by now, so that this cannot be told.
 */
function firedAtOf({ from, to }: Capture, rule: Rule | undefined): EpochMs | undefined {
  const capture = rule?.["capture"];
  if (!isObject(capture)) return undefined;
  const { beforeMs, afterMs } = capture;
  if (typeof beforeMs !== "number" || typeof afterMs !== "number") return undefined;
  return from + beforeMs + afterMs === to ? from + beforeMs : undefined;
}

function nothingMarked(alert: ShownAlert, rule: Rule | undefined): AppError {
  if (isObject(rule?.["capture"])) {
    const message = `${printable(nameOf(alert))} has not fired since its rule has a "capture".`;
    const hint = "Samples around its next firing can be shown.";
    return new AppError(clientErrors.refused, "operator", message, { hint });
  }
  const message = `The rule ${printable(alert.rule)} has no "capture".`;
  const hint =
    'Add "capture": { "before": "5m", "after": "5m" } to it: what is around its next firing can then be shown.';
  return new AppError(clientErrors.refused, "operator", message, { hint });
}

function withoutDevice(alert: ShownAlert): AppError {
  const message = `${printable(nameOf(alert))} is not the alert of one device: there is no "device" in its key.`;
  const hint = 'Ask /api/v1/samples for each device, or put "device" into the rule\'s "groupBy".';
  return new AppError(clientErrors.refused, "operator", message, { hint });
}
