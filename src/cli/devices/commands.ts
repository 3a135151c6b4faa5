/** The commands `devices list|show|rename|tag|remove` and `devices check|try|schema`, with their options. */
import type { Command } from "commander";
import { AppError } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { ListDevicesOptions, RegistryOptions } from "./registry.ts";

/** Options of `list`, of which some go with `--profiles`. */
interface ListingOptions extends ListDevicesOptions {
  readonly profiles?: boolean;
}

function pathsWithoutProfiles(): AppError {
  const hint = "without it the devices of a running gateway are listed";
  return new AppError("CLI_USAGE", "operator", "Paths go with --profiles.", { hint });
}

function addRegistryCommands(
  devices: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const reaching = (name: string, description: string): Command =>
    devices
      .command(name)
      .description(description)
      .argument("<device>", "its name, as `devices list` shows it")
      .option("-u, --url <url>", "the gateway's HTTP address; without it http://127.0.0.1:8080")
      .option("-c, --config <file>", "take the address from this configuration")
      .option("--json", "print the device as JSON", false);
  reaching("show", "show everything that is known of a device").action(
    async (name: string, options: RegistryOptions) => {
      const { showDevice } = await import("./registry.ts");
      finish(await showDevice(context, name, options));
    },
  );
  reaching("rename", "give a device a name for people")
    .argument("[label]", "the name; without it the one that was given is taken back")
    .action(async (name: string, label: string | undefined, options: RegistryOptions) => {
      const { renameDevice } = await import("./registry.ts");
      finish(await renameDevice(context, name, label, options));
    });
  reaching("tag", "give a device tags")
    .argument("<tag...>", "name=value, or name= to take one back")
    .action(async (name: string, tags: string[], options: RegistryOptions) => {
      const { tagDevice } = await import("./registry.ts");
      finish(await tagDevice(context, name, tags, options));
    });
  reaching("remove", "forget a device; its samples stay").action(
    async (name: string, options: RegistryOptions) => {
      const { removeDevice } = await import("./registry.ts");
      finish(await removeDevice(context, name, options));
    },
  );
}

/** Adds them to the program. */
export function addDeviceCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const devices = program
    .command("devices")
    .description("the devices of a running gateway, and device profiles");
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
    .option("--client <id>", "the MQTT client that publishes it; without it one whose id is empty")
    .option("-p, --profile <path>", "only these profiles, and no routes: a file or a directory")
    .option("-c, --config <file>", file)
    .action(async (options: import("./try.ts").TryOptions) => {
      const { tryDevice } = await import("./try.ts");
      finish(await tryDevice(context, options));
    });
  devices
    .command("list")
    .description("list the devices of a running gateway, or with --profiles the library of profiles")
    .argument("[path...]", "directories and files; without them those of the configuration, else the library")
    .option("--profiles", "the profiles")
    .option("--online", "only devices that are there")
    .option("--offline", "only devices that are not")
    .option("--profile <id>", "only devices of this profile")
    .option("-u, --url <url>", "the gateway's HTTP address; without it http://127.0.0.1:8080")
    .option(
      "-c, --config <file>",
      "take the address, or with --profiles the directories, from this configuration",
    )
    .option("--json", "print them as JSON", false)
    .action(async (paths: string[], options: ListingOptions) => {
      if (options.profiles === true) {
        const { listProfiles } = await import("./list.ts");
        finish(await listProfiles(context, paths, options));
        return;
      }
      if (paths.length > 0) throw pathsWithoutProfiles();
      const { listDevices } = await import("./registry.ts");
      finish(await listDevices(context, options));
    });
  addRegistryCommands(devices, context, finish);
  devices
    .command("schema")
    .description("print the JSON Schema of profile files")
    .option("--json", "print it as JSON, which it always is", false)
    .action(async () => {
      const { printProfileSchema } = await import("./schema.ts");
      finish(printProfileSchema(context));
    });
}
