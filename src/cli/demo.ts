/** `holdfast demo`: a gateway, simulated sensors and example rules in one process, over real MQTT. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AppError, messageOf } from "../core/errors.ts";
import type { Gateway } from "../gateway.ts";
import { openGateway } from "../gateway.ts";
import { version } from "../ops/build-info.ts";
import { openLogger } from "../ops/logger.ts";
import type { CommandContext } from "./context.ts";
import { demoConfiguration, demoConfigurationFile, demoRules, demoRulesDirectory } from "./demo/files.ts";
import { demoDeviceCount, demoProfiles, plantSensorCount, playScene } from "./demo/scene.ts";
import { shippedLibrary } from "./devices/library.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { Reloader } from "./run/reloader.ts";
import { watchFiles } from "./run/file-watch.ts";
import { loadSetup, tellProblems } from "./setup.ts";
import { styled } from "./style.ts";

/** Options of `demo`. */
export interface DemoOptions {
  /** Where the data stays; without it a temporary directory, removed at the end. */
  readonly data?: string;
}

const host = "127.0.0.1";
const mqttPort = 1883;
const httpPort = 8080;

/** Runs the demo until it is interrupted. */
export async function demo(context: CommandContext, options: DemoOptions): Promise<ExitCode> {
  const temporary = options.data === undefined;
  const directory =
    options.data === undefined
      ? await mkdtemp(join(tmpdir(), "holdfast-demo-"))
      : resolve(context.workingDirectory, options.data);
  try {
    return await runDemo(context, directory, temporary);
  } finally {
    if (temporary) await rm(directory, { recursive: true, force: true });
  }
}

async function runDemo(context: CommandContext, directory: string, temporary: boolean): Promise<ExitCode> {
  const file = await writeFiles(context, directory);
  // The environment of the shell is for real gateways; the demo is the same everywhere.
  const quiet: CommandContext = { ...context, environment: {} };
  const flags = { config: file };
  const setup = await loadSetup(quiet, flags);
  if (!setup.ok) {
    tellProblems(context, setup.problems, { json: false });
    return exitCodes.invalid;
  }
  const { logger, close } = await openLogger({
    level: "warn",
    fileDescriptor: 2,
    pretty: context.err.isTerminal,
    colour: context.err.colour,
  });
  const { config, rules, profiles } = setup.value;
  const { clock, random } = context;
  const stop = new AbortController();
  const interrupted = waitForSignal(context);
  const gateway = await openGateway({ config, rules, profiles, logger, clock, random, version });
  try {
    const reloader = new Reloader({
      load: (inForce) => loadSetup(quiet, flags, inForce),
      inForce: setup.value,
      gateway,
      logger,
    });
    const watch = watchFiles({ paths: [config.rulesDir] }, () => reloader.request("file"));
    writeGuide(context, gateway, directory, temporary);
    const { devicesDirs } = config.ingest;
    const stage = { host, port: mqttPortOf(gateway), devicesDirs, logger };
    const scene = playScene(context, stage, stop.signal);
    await Promise.race([interrupted, scene]);
    context.err.write("\nStopping.\n");
    stop.abort();
    watch.close();
    await reloader.idle();
    await scene;
  } finally {
    await gateway.close();
    await close();
  }
  return exitCodes.done;
}

/** Writes the configuration, and those rules that are not there. */
async function writeFiles(context: CommandContext, directory: string): Promise<string> {
  const rulesDirectory = join(directory, demoRulesDirectory);
  const file = join(directory, demoConfigurationFile);
  const ports = {
    mqtt: await portFor(context, "MQTT", mqttPort),
    http: await portFor(context, "HTTP", httpPort),
  };
  try {
    await mkdir(rulesDirectory, { recursive: true });
    await writeFile(file, demoConfiguration(ports, await shippedLibrary()));
    for (const [name, text] of Object.entries(demoRules)) {
      await writeFile(join(rulesDirectory, name), text, { flag: "wx" }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST") throw error;
        },
      );
    }
  } catch (error) {
    throw new AppError("DEMO_FILES", "operator", `${directory} cannot be written: ${messageOf(error)}.`, {
      cause: error,
      hint: "Name another directory with --data.",
    });
  }
  return file;
}

/** The usual port, or 0 for any free one where it is taken, and says so. */
async function portFor(context: CommandContext, what: string, usual: number): Promise<number> {
  const free = await new Promise<boolean>((settle) => {
    const probe = createServer();
    probe.once("error", () => settle(false));
    probe.listen(usual, host, () => probe.close(() => settle(true)));
  });
  if (!free) context.err.write(`Port ${usual} is taken; ${what} gets another one.\n`);
  return free ? usual : 0;
}

function waitForSignal(context: CommandContext): Promise<void> {
  const { promise, resolve: settle } = Promise.withResolvers<void>();
  let count = 0;
  const onSignal = () => {
    count += 1;
    if (count > 1) context.exitNow(exitCodes.interrupted);
    settle();
  };
  context.onSignal("SIGINT", onSignal);
  context.onSignal("SIGTERM", onSignal);
  return promise;
}

function writeGuide(context: CommandContext, gateway: Gateway, directory: string, temporary: boolean): void {
  const { err } = context;
  const port = mqttPortOf(gateway);
  const base = `http://${host}:${gateway.http?.port ?? httpPort}`;
  const command = (text: string) => `  ${styled(err, "cyan", text)}\n`;
  err.write(
    `${styled(err, "bold", `holdfast ${version}: the demo gateway is running.`)}\n\n` +
      `${plantSensorCount} simulated sensors of a plant publish to mqtt://${host}:${port}: cold rooms get warm, motors shake\n` +
      `and doors stay open. ${demoDeviceCount} devices each of ${demoProfiles.length} models publish as their vendors have it\n` +
      `(${demoProfiles.slice(0, 3).join(", ")}, …); one of them is stuck, and one falls silent\n` +
      "now and then. The alerts appear below, the first ones within a minute. Meanwhile:\n\n" +
      command(`curl '${base}/api/v1/alerts?state=firing'`) +
      command(`curl ${base}/api/v1/ledger`) +
      command(`curl ${base}/metrics`) +
      command(`mosquitto_sub -h ${host} -p ${port} -v -t 'holdfast/#'`) +
      command(
        `mosquitto_pub -h ${host} -p ${port} -q 1 -t plant/cold-room-9/telemetry -m '{"temperature":12}'`,
      ) +
      `\nThe rules are in ${join(directory, demoRulesDirectory)}: change one, and it is in force within two seconds.\n` +
      `${temporary ? "Everything is removed at the end; --data DIR keeps it. " : ""}Ctrl-C stops.\n\n`,
  );
}

function mqttPortOf(gateway: Gateway): number {
  return gateway.listeners.find((listener) => listener.protocol === "mqtt")?.port ?? mqttPort;
}
