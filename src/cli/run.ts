/** `holdfast run`: the gateway in the foreground, until a signal ends it. */
import { AppError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/ports.ts";
import { version } from "../ops/build-info.ts";
import { type LogLevel, openLogger } from "../ops/logger.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { watchAccess } from "./run/access-watch.ts";
import { watchFiles } from "./run/file-watch.ts";
import { tellRefusedProfiles } from "./run/refused-profiles.ts";
import { Reloader } from "./run/reloader.ts";
import { loadSetup, type Setup, type SetupFlags, tellProblems } from "./setup.ts";

/** Options of `run`. */
export interface RunOptions extends SetupFlags {
  /** Only say whether configuration and rules are valid. */
  readonly check: boolean;
  readonly logLevel: LogLevel;
  /** Take profiles that give a stored metric another unit or type. */
  readonly force: boolean;
}

/** How long closing may take. A supervisor kills after 5 s or more; half a second is left for the rest. */
const closeForMs = 4_500;

/** Runs the gateway. */
export async function run(context: CommandContext, options: RunOptions): Promise<ExitCode> {
  const setup = await loadSetup(context, options);
  if (!setup.ok) {
    tellProblems(context, setup.problems, { json: false });
    return exitCodes.invalid;
  }
  if (options.check) {
    const { refusedProfiles } = setup.value;
    if (refusedProfiles.length > 0) {
      tellProblems(context, refusedProfiles, { json: false });
      return exitCodes.invalid;
    }
    const count = setup.value.rules.length;
    context.out.write(
      `Configuration and rules are valid: ${count === 1 ? "1 rule" : `${count} rules`} in ${setup.value.config.rulesDir}.\n`,
    );
    return exitCodes.done;
  }
  const { logger, close } = await openLogger({
    level: options.logLevel,
    fileDescriptor: 1,
    pretty: context.out.isTerminal,
    colour: context.out.colour,
  });
  try {
    return await serve(context, { setup: setup.value, flags: options, logger });
  } finally {
    await close();
  }
}

/** What {@link serve} serves with. */
interface Service {
  readonly setup: Setup;
  readonly flags: Omit<RunOptions, "check">;
  readonly logger: Logger;
}

async function serve(context: CommandContext, { setup, flags, logger }: Service): Promise<ExitCode> {
  const stop = stopSignal(context, logger);
  // Loaded here, so that a wrong configuration is told before the broker and the store are loaded.
  const { openGateway } = await import("../gateway.ts");
  const { config, rules, profiles, access } = setup;
  const { clock, random } = context;
  const { force } = flags;
  const gateway = await openGateway({
    config,
    rules,
    profiles,
    access,
    logger,
    clock,
    random,
    version,
    force,
  });
  const { listeners, http } = gateway;
  tellRefusedProfiles(logger, setup);
  logger.info({ event: "ready", listeners, ...(http === undefined ? {} : { http }) }, "Serving.");
  const reloader = new Reloader({
    load: (inForce) => loadSetup(context, flags, inForce),
    inForce: setup,
    gateway,
    logger,
  });
  const accessWatch = watchAccess({ config, gateway, logger });
  const releaseReload = context.onSignal("SIGHUP", () => {
    reloader.request("SIGHUP");
    accessWatch.reloadCertificates();
  });
  const watched = { paths: [setup.file, config.rulesDir], trees: config.ingest.devicesDirs };
  const watch = watchFiles(watched, () => reloader.request("file"));
  const signal = await stop.requested;
  logger.info({ event: "stopping", signal }, "Stopping.");
  watch.close();
  accessWatch.close();
  releaseReload();
  const code = await closeInTime(() => reloader.idle().then(() => gateway.close()), logger);
  stop.release();
  return code;
}

/** Waits for the first signal; a second one ends the process at once. */
function stopSignal(
  context: CommandContext,
  logger: Logger,
): { readonly requested: Promise<string>; release(): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let signalled = false;
  const onSignal = (signal: string) => {
    if (signalled) {
      logger.warn({ event: "aborted", signal }, "A second signal: ending at once.");
      context.exitNow(exitCodes.interrupted);
    }
    signalled = true;
    resolve(signal);
  };
  const releases = [
    context.onSignal("SIGTERM", () => onSignal("SIGTERM")),
    context.onSignal("SIGINT", () => onSignal("SIGINT")),
  ];
  return {
    requested: promise,
    release() {
      for (const release of releases) release();
    },
  };
}

async function closeInTime(close: () => Promise<void>, logger: Logger): Promise<ExitCode> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), closeForMs);
  try {
    const outcome = await Promise.race([close(), late]);
    if (outcome !== "late") {
      logger.info({ event: "stopped" }, "Stopped.");
      return exitCodes.done;
    }
    // What was acknowledged is on disk already, so ending here loses nothing.
    logger.error({ event: "stop-late", afterMs: closeForMs }, "Closing took too long: ending without it.");
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    logger.error({ event: "stop-failed", code, error: messageOf(error) }, "Closing failed.");
  } finally {
    clearTimeout(timer);
  }
  return exitCodes.failed;
}
