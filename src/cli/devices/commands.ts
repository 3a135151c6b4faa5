/** The commands `devices check`, `try`, `list` and `schema`, with their options. */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";

/** Adds them to the program. */
export function addDeviceCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const devices = program.command("devices").description("check, try and list device profiles");
  const file =
    "configuration that names directories of profiles; without it ./holdfast.jsonc, if it is there";
  devices
    .command("check")
    .description("name everything that is wrong with profiles, and run their examples")
    .argument("[path...]", "directories and files; without them those of the configuration, else the library")
    .option("-c, --config <file>", file)
    .option("--json", "print the problems as JSON", false)
    .action(async (paths: string[], options: { config?: string; json: boolean }) => {
      const { checkProfiles } = await import("./check.ts");
      finish(await checkProfiles(context, paths, options));
    });
  devices
    .command("try")
    .description("show what would become of a payload")
    .requiredOption("-t, --topic <topic>", "the topic on which it comes")
    .option("--json <text>", "the payload, as JSON")
    .option("--text <text>", "the payload, as a text")
    .option("--hex <digits>", "the payload, as bytes")
    .option("-p, --profile <path>", "only these profiles, and no routes: a file or a directory")
    .option("-c, --config <file>", file)
    .action(async (options: import("./try.ts").TryOptions) => {
      const { tryDevice } = await import("./try.ts");
      finish(await tryDevice(context, options));
    });
  devices
    .command("list")
    .description("list what is known of devices")
    .argument("[path...]", "directories and files; without them those of the configuration, else the library")
    .requiredOption("--profiles", "the profiles")
    .option("-c, --config <file>", file)
    .option("--json", "print them as JSON", false)
    .action(async (paths: string[], options: { config?: string; json: boolean }) => {
      const { listProfiles } = await import("./list.ts");
      finish(await listProfiles(context, paths, options));
    });
  devices
    .command("schema")
    .description("print the JSON Schema of profile files")
    .option("--json", "print it as JSON, which it always is", false)
    .action(async () => {
      const { printProfileSchema } = await import("./schema.ts");
      finish(printProfileSchema(context));
    });
}
