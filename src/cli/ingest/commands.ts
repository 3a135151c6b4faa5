/** The command `ingest replay-dead-letters`, with its options. */
import { type Command, Option } from "commander";
import { rejectCauses } from "../../core/decode.ts";
import { reaching } from "../alerts/commands.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";

/** Adds `holdfast ingest`. */
export function addIngestCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const ingest = program.command("ingest").description("what a running gateway makes of messages");
  reaching(
    ingest
      .command("replay-dead-letters")
      .description("decode refused payloads again, after a route or a device profile was put right"),
  )
    .option("--topic <filter>", "only of topics that this MQTT filter matches")
    .addOption(new Option("--cause <cause>", "only what was refused for this").choices(rejectCauses))
    .option("--dry-run", "only show what would become of them", false)
    .option("--json", "print the outcome as JSON", false)
    .action(async (options: import("./replay-dead-letters.ts").ReplayOptions) => {
      const { replayDeadLetters } = await import("./replay-dead-letters.ts");
      finish(await replayDeadLetters(context, options));
    });
}
