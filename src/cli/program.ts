/**
 * The command line: which commands and options there are. Each command's module is loaded when it is
 * called, so that `run` does not pay for the others.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { AppError } from "../core/errors.ts";
import { version } from "../ops/build-info.ts";
import { addAlertCommands } from "./alerts/commands.ts";
import { addCertificateCommands } from "./certificates/commands.ts";
import type { CommandContext } from "./context.ts";
import { addDeviceCommands } from "./devices/commands.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { addIngestCommands } from "./ingest/commands.ts";
import { reportFailure } from "./report.ts";
import { addUserCommands } from "./users/commands.ts";
import { addRuleTrials } from "./rules/commands.ts";
import { faultKinds, type FaultShare, parseFault } from "./simulate/profile/faults.ts";

/**
 * Runs one command line.
 *
 * @param words - What follows the program's name.
 * @returns The exit code; every failure has been told.
 */
export async function runCommandLine(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = makeProgram(context, (given) => {
    code = given;
  });
  if (words.length === 0) {
    context.err.write(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    // Commander has written what is wrong, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof AppError && error.code === "CLI_USAGE") {
      reportFailure(context, error);
      return exitCodes.usage;
    }
    return reportFailure(context, error);
  }
}

type Finish = (code: ExitCode) => void;

function makeProgram(context: CommandContext, finish: Finish): Command {
  const { out, err } = context;
  const program = new Command("holdfast")
    .description("Edge runtime for IoT telemetry: MQTT broker, durable log, alert rules, store-and-forward.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help")
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError("Add --help for help.")
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      getOutHasColors: () => out.colour,
      getErrHasColors: () => err.colour,
    });
  addGatewayCommands(program, context, finish);
  addConfigCommands(program, context, finish);
  addRulesCommands(program, context, finish);
  addAlertCommands(program, context, finish);
  addDeviceCommands(program, context, finish);
  addIngestCommands(program, context, finish);
  addCertificateCommands(program, context, finish);
  addUserCommands(program, context, finish);
  addSimulate(program, context, finish);
  return program;
}

function addGatewayCommands(program: Command, context: CommandContext, finish: Finish): void {
  program
    .command("run")
    .description("run the gateway in the foreground")
    .option("-c, --config <file>", "configuration; without it ./holdfast.jsonc, or every default")
    .option("-d, --data <dir>", "data directory, in place of the configured one")
    .option("--check", "check configuration and rules, and end", false)
    .option("--force", "take edits of device profiles that change the unit or type of a stored metric", false)
    .addOption(
      new Option("--log-level <level>", "least level that is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(async (options: import("./run.ts").RunOptions) => {
      const { run } = await import("./run.ts");
      finish(await run(context, options));
    });
  program
    .command("demo")
    .description("run a gateway with simulated sensors and example rules")
    .option("-d, --data <dir>", "keep the data here; without it a temporary directory")
    .action(async (options: { data?: string }) => {
      const { demo } = await import("./demo.ts");
      finish(await demo(context, options));
    });
  program
    .command("verify")
    .description("read a data directory and name every gap in it")
    .argument("<dir>", "data directory")
    .option("--json", "print the findings as JSON", false)
    .action(async (directory: string, options: { json: boolean }) => {
      const { verify } = await import("./verify.ts");
      finish(await verify(context, directory, options));
    });
}

function addConfigCommands(program: Command, context: CommandContext, finish: Finish): void {
  const config = program.command("config").description("check and show the configuration");
  const file = "configuration; without it ./holdfast.jsonc, or every default";
  config
    .command("check")
    .description("name everything that is wrong")
    .option("-c, --config <file>", file)
    .option("--json", "print the problems as JSON", false)
    .action(async (options: { config?: string; json: boolean }) => {
      const { checkConfig } = await import("./config.ts");
      finish(await checkConfig(context, options));
    });
  config
    .command("show")
    .description("show effective values and where each comes from, secrets masked")
    .option("-c, --config <file>", file)
    .option("--json", "print them as JSON", false)
    .action(async (options: { config?: string; json: boolean }) => {
      const { showConfiguration } = await import("./config.ts");
      finish(await showConfiguration(context, options));
    });
  config
    .command("schema")
    .description("print the JSON Schema of the configuration")
    .option("--json", "print it as JSON, which it always is", false)
    .action(async () => {
      const { printConfigSchema } = await import("./config.ts");
      finish(printConfigSchema(context));
    });
}

function addRulesCommands(program: Command, context: CommandContext, finish: Finish): void {
  const rules = program.command("rules").description("check, test and try alert rules");
  rules
    .command("check")
    .description("name everything that is wrong")
    .argument("<path...>", "directories and files")
    .option("--json", "print the problems as JSON", false)
    .action(async (paths: string[], options: { json: boolean }) => {
      const { checkRules } = await import("./rules.ts");
      finish(await checkRules(context, paths, options));
    });
  addRuleTrials(rules, context, finish);
  rules
    .command("schema")
    .description("print the JSON Schema of rule files")
    .option("--json", "print it as JSON, which it always is", false)
    .action(async () => {
      const { printRulesSchema } = await import("./rules.ts");
      finish(printRulesSchema(context));
    });
}

function addSimulate(program: Command, context: CommandContext, finish: Finish): void {
  program
    .command("simulate")
    .description("publish synthetic sensors, devices of profiles, or a recorded series, over MQTT at QoS 1")
    .option("-u, --url <url>", "broker", "mqtt://127.0.0.1:1883")
    .option("--username <name>", "user name")
    .option("--password <password>", "password")
    .option("--client-id <id>", "client id; without it a random one")
    .option("--devices <n>", "synthetic sensors", wholeNumber(1, 100_000), 10)
    .option("-p, --profile <id,...>", "simulate devices of these profiles, by id or file, instead", names)
    .option("--count <n>", "devices of each profile", wholeNumber(1, 100_000), 10)
    .option("--fault <kind[:share]>", `some devices are faulty: ${faultKinds.join(", ")}`, fault)
    .option("-c, --config <file>", "configuration that names directories of profiles")
    .option("--rate <n/s>", "readings per second of all; without it each at the pace of its kind", rate)
    .option("--seconds <s>", "how long; without it until interrupted", positiveNumber)
    .option("--seed <n>", "seed of the sensors", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--csv <file>", "replay a series `timestamp,value` with its own time stamps instead")
    .option("--topic <topic>", "topic of the series; without it replay/<file name>")
    .option("--metric <name>", "name of the value in the payload", "value")
    .option("--speed <max|n>", "n times real time, or as fast as the broker takes it", speed, Infinity)
    .option("--in-flight <n>", "messages without acknowledgement at once", wholeNumber(1, 65_535), 20)
    .option("--from <row>", "first row of the series to send", wholeNumber(1, 2 ** 31), 1)
    .option("--patience <s>", "how long the broker may be away", positiveNumber, 60)
    .option("--json", "print the counts as JSON", false)
    .action(async (options: import("./simulate.ts").SimulateOptions) => {
      const { simulate } = await import("./simulate.ts");
      finish(await simulate(context, options));
    });
}

/** Options that list names can be given several times. */
function names(text: string, before: readonly string[] = []): readonly string[] {
  const given = text.split(",").map((name) => name.trim());
  return [...before, ...given.filter((name) => name !== "")];
}

function fault(text: string, before: readonly FaultShare[] = []): readonly FaultShare[] {
  const given = parseFault(text);
  if (given === undefined) {
    throw new InvalidArgumentError(
      `It is one of ${faultKinds.join(", ")}, and a share above 0 and up to 1 if you like: stuck:0.1.`,
    );
  }
  return [...before.filter(({ kind }) => kind !== given.kind), given];
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

function positiveNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It is a number above 0.");
}

function rate(text: string): number {
  return positiveNumber(text.replace(/\/s$/, ""));
}

function speed(text: string): number {
  return text === "max" ? Number.POSITIVE_INFINITY : positiveNumber(text.replace(/x$/, ""));
}
