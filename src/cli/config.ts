/** `holdfast config check|show|schema`. */
import { configSchema, formatSettings, showConfig } from "../config/show.ts";
import type { CommandContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { loadConfiguration, tellProblems } from "./setup.ts";

/** Options of `check` and `show`. */
export interface ConfigOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Names every problem of the configuration. */
export async function checkConfig(context: CommandContext, options: ConfigOptions): Promise<ExitCode> {
  const loaded = await loadConfiguration(context, options);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options);
    return exitCodes.invalid;
  }
  if (options.json) writeJson(context, { ok: true, problems: [] });
  else context.out.write("The configuration is valid.\n");
  return exitCodes.done;
}

/** Shows every effective value with its origin; secrets are masked. */
export async function showConfiguration(context: CommandContext, options: ConfigOptions): Promise<ExitCode> {
  const loaded = await loadConfiguration(context, options);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options);
    return exitCodes.invalid;
  }
  const settings = showConfig(loaded.value);
  if (options.json) writeJson(context, { settings });
  else for (const line of formatSettings(settings)) context.out.write(`${line}\n`);
  return exitCodes.done;
}

/** Prints the JSON Schema of the configuration file. */
export function printConfigSchema(context: CommandContext): ExitCode {
  writeJson(context, configSchema());
  return exitCodes.done;
}
