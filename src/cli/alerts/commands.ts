/** The commands `alerts list|samples|ack|unack|shelve|unshelve`, with their options. */
import { type Command, InvalidArgumentError } from "commander";
import { shelfMsMax } from "../../core/alert/command.ts";
import { type AlertState, alertStates } from "../../core/streams.ts";
import { durationHint, formatDuration, parseDuration } from "../../core/time/duration.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";

const idDescription = "id of the alert, or at least four of its first digits";

/** Adds `holdfast alerts`. */
export function addAlertCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const alerts = program
    .command("alerts")
    .description("show, acknowledge and shelve alerts of a running gateway");
  reaching(alerts.command("list").description("show the alerts that are not at rest, and those on a shelf"))
    .option("--state <states>", `only these, joined by commas: ${alertStates.join(", ")}`, stateList)
    .option("--all", "show alerts at rest too", false)
    .option("--json", "print them as JSON", false)
    .action(async (options: import("../alerts.ts").ListOptions) => {
      const { listAlerts } = await import("../alerts.ts");
      finish(await listAlerts(context, options));
    });
  reaching(alerts.command("samples").description("show the raw samples around the firing of an alert"))
    .argument("<id>", idDescription, idPrefix)
    .option("--json", "print them as JSON", false)
    .action(async (id: string, options: import("./samples.ts").SamplesOptions) => {
      const { showSamples } = await import("./samples.ts");
      finish(await showSamples(context, id, options));
    });
  const telling = (verb: import("../alerts.ts").AlertVerb, description: string): Command =>
    reaching(alerts.command(verb).description(description))
      .argument("<id>", idDescription, idPrefix)
      .option("--by <name>", "who says so; without it the login name")
      .option("--reason <text>", "why")
      .option("--json", "print the alert as it stands then as JSON", false)
      .action(async (id: string, options: import("../alerts.ts").TellOptions) => {
        const { tellAlert } = await import("../alerts.ts");
        finish(await tellAlert(context, verb, id, options));
      });
  telling("ack", "acknowledge an alert: somebody takes care of it");
  telling("unack", "take an acknowledgement back");
  telling("shelve", "hear nothing of an alert for a while").requiredOption(
    "--for <duration>",
    "how long, up to 30d: 2h",
    shelfDuration,
  );
  telling("unshelve", "take an alert from the shelf");
}

/** Adds the options that say where the gateway is. */
export function reaching(command: Command): Command {
  return command
    .option("-u, --url <url>", "the gateway's HTTP address; without it http://127.0.0.1:8080")
    .option("-c, --config <file>", "take the address from this configuration");
}

function stateList(text: string): readonly AlertState[] {
  return text.split(",").map((name) => {
    const state = alertStates.find((one) => one === name.trim());
    if (state === undefined) throw new InvalidArgumentError(`The states are ${alertStates.join(", ")}.`);
    return state;
  });
}

function idPrefix(text: string): string {
  if (/^[0-9a-f]{4,16}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("It is 4 to 16 hexadecimal digits, as `holdfast alerts list` shows them.");
}

function shelfDuration(text: string): string {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError(`It is a duration: ${durationHint(text)}.`);
  if (durationMs >= 1_000 && durationMs <= shelfMsMax) return text;
  throw new InvalidArgumentError(`It is from 1s to ${formatDuration(shelfMsMax)}.`);
}
