/** `holdfast alerts list|ack|unack|shelve|unshelve`: what people do with the alerts of a running gateway. */
import type { AlertState } from "../core/streams.ts";
import type { AddressOptions } from "./alerts/address.ts";
import { alertTable, shelfText } from "./alerts/alert-table.ts";
import { alertOfId, nameOf, withGateway } from "./alerts/gateway-session.ts";
import { isAtRest, type ShownAlert } from "./alerts/shown-alert.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { loginName } from "./login-name.ts";
import { writeJson } from "./report.ts";
import { printable } from "./style.ts";

/** Options of `list`, checked. */
export interface ListOptions extends AddressOptions {
  readonly state?: readonly AlertState[];
  readonly all: boolean;
  readonly json: boolean;
}

/** Options of what is told to an alert, checked. */
export interface TellOptions extends AddressOptions {
  readonly by?: string;
  readonly reason?: string;
  /** Of `shelve`. */
  readonly for?: string;
  readonly json: boolean;
}

/** What can be told to an alert. */
export type AlertVerb = "ack" | "unack" | "shelve" | "unshelve";

/** Digits of a whole id. */
const idDigits = 16;

/**
 * Shows alerts.
 *
 * @returns 0, 1 when the gateway says no, 3 when the configuration is invalid, 4 when no gateway answers.
 * @throws AppError `CLI_USAGE`.
 */
export async function listAlerts(context: CommandContext, options: ListOptions): Promise<ExitCode> {
  return await withGateway(context, options, async (gateway) => {
    const known = await gateway.alerts();
    const { state, all } = options;
    const wanted = known.filter((alert) =>
      state === undefined ? all || !isAtRest(alert) : state.some((one) => one === alert.state),
    );
    if (options.json) {
      writeJson(context, { alerts: wanted.map(({ answered }) => answered) });
    } else if (wanted.length === 0) {
      const hint =
        known.length === 0 ? "" : ` ${known.length} at rest or in other states; --all shows every one.`;
      context.err.write(`No alerts.${hint}\n`);
    } else {
      const lines = alertTable(context.out, wanted, { known, now: context.clock.now() });
      for (const line of lines) context.out.write(`${line}\n`);
    }
    return exitCodes.done;
  });
}

/**
 * Tells something to one alert.
 *
 * @param id - Of the alert's episode, or at least four of its first digits.
 * @returns As {@link listAlerts}, and 2 when several alerts begin with these digits.
 * @throws AppError `CLI_USAGE`.
 */
export async function tellAlert(
  context: CommandContext,
  verb: AlertVerb,
  id: string,
  options: TellOptions,
): Promise<ExitCode> {
  const by = options.by ?? loginName(context);
  return await withGateway(context, options, async (gateway) => {
    const whole = id.length === idDigits ? id : (await alertOfId(gateway, id)).id;
    const alert = await gateway.command(whole, verb.endsWith("ack") ? "ack" : "shelve", {
      by,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.for === undefined ? {} : { for: options.for }),
      ...(verb.startsWith("un") ? { undo: true } : {}),
    });
    if (options.json) writeJson(context, alert.answered);
    else context.out.write(`${printable(outcomeText(context, alert, whole))}\n`);
    return exitCodes.done;
  });
}

/**
 * How the alert stands, in one sentence: what was told may have been so already, or have come from another.
 *
 * @param asked - The id it was asked for by: an alert that is not in that episode any more has another one.
 */
function outcomeText({ clock }: CommandContext, alert: ShownAlert, asked: string): string {
  const { state, severity, acknowledged, acknowledgedBy, shelvedUntil } = alert;
  const handled = acknowledged ? `acknowledged by ${acknowledgedBy ?? "somebody"}` : "not acknowledged";
  const shelf = shelvedUntil === undefined ? "not shelved" : shelfText(shelvedUntil, clock.now());
  const renamed = alert.id === asked ? "" : ` Its id is now ${alert.id}.`;
  return `${nameOf(alert)} is ${state} (${severity}), ${handled}, ${shelf}.${renamed}`;
}
