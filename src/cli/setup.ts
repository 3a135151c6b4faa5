/** Configuration and rules as commands load them. */
import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problems.ts";
import type { Config } from "../config/config.ts";
import { ruleIdPrefix } from "../config/profile-rules.ts";
import {
  type LoadedProfiles,
  loadProfiles,
  type LoadProfilesOptions,
  type ProfileFile,
} from "../config/profiles.ts";
import { type LoadedRule, loadRules, type ReadRulesOptions } from "../config/rules.ts";
import { loadUsers } from "../config/users.ts";
import type { AccessDefinition } from "../core/access/definition.ts";
import { failed, ok, type Problem, type Result } from "../core/errors.ts";
import { codecNames } from "../core/decode.ts";
import type { DeviceProfile } from "../core/profile.ts";
import { FoldState } from "../core/fold/state.ts";
import type { RuleDefinition } from "../core/rule/definition.ts";
import { failingTests } from "../core/rule/test-gate.ts";
import { ruleTools } from "../rule-tools.ts";
import type { CommandContext } from "./context.ts";
import { writeJson } from "./report.ts";
import { styled } from "./style.ts";

/** The file that is used where no other is named, if it is there. */
const usualFile = "holdfast.jsonc";

/** Flags that stand over the configuration. */
export interface SetupFlags {
  readonly config?: string;
  readonly data?: string;
}

/** What the gateway is to run on. */
export interface Setup {
  readonly config: Config;
  readonly rules: readonly RuleDefinition[];
  readonly profiles: readonly DeviceProfile[];
  /** The same with their files. */
  readonly profileFiles: readonly ProfileFile[];
  /** What is wrong with profiles that are not in force, or not as their files are now. */
  readonly refusedProfiles: readonly Problem[];
  /** What the users file says, where the configuration names one. */
  readonly access: AccessDefinition | undefined;
  /** Absolute path of the configuration file, where there is one. */
  readonly file: string | undefined;
}

/** Loads the configuration: the file that is named, else `./holdfast.jsonc`, else every default. */
export async function loadConfiguration(
  context: CommandContext,
  flags: SetupFlags,
): Promise<Result<LoadedConfig>> {
  const file = await configurationFile(context, flags);
  return loadConfig({
    ...(file === undefined ? {} : { file }),
    environment: context.environment,
    flags: flags.data === undefined ? {} : { dataDir: flags.data },
    hostname: hostname(),
    directory: context.workingDirectory,
  });
}

async function configurationFile(context: CommandContext, flags: SetupFlags): Promise<string | undefined> {
  if (flags.config !== undefined) return flags.config;
  const usual = await stat(resolve(context.workingDirectory, usualFile)).catch(() => undefined);
  return usual?.isFile() === true ? usualFile : undefined;
}

/**
 * Loads configuration, device profiles and rules; every problem of the rules where the configuration has none.
 *
 * Profiles that are wrong do not stand in the way of the others: they are named in `refusedProfiles`.
 *
 * @param inForce - What the gateway runs on: a profile that has become wrong stays as it was there.
 */
export async function loadSetup(
  context: CommandContext,
  flags: SetupFlags,
  inForce?: Setup,
): Promise<Result<Setup>> {
  const loaded = await loadConfiguration(context, flags);
  if (!loaded.ok) return failed(loaded.problems);
  const { config } = loaded.value;
  const known = await loadConfiguredProfiles(context, config, inForce?.profileFiles);
  const rules = await loadRules(config.rulesDir, {
    expressions: () => ruleTools.loadExpressions(),
    ownTopicPrefix: config.ownTopicPrefix,
    ...rulesBeside(config, known),
  });
  if (!rules.ok) return failed(rules.problems);
  const untrue = await failingRules(rules.value);
  if (untrue.length > 0) return failed(untrue);
  const { usersFile } = config.access;
  const users = usersFile === undefined ? ok(undefined) : await loadUsers(usersFile, config);
  if (!users.ok) return failed(users.problems);
  const file = await configurationFile(context, flags);
  return ok({
    config,
    access: users.value,
    profiles: known.profiles,
    profileFiles: known.files,
    refusedProfiles: known.problems,
    rules: rulesInForce(rules.value, config.ingest.profileRules ? known.files : []),
    file: file === undefined ? undefined : resolve(context.workingDirectory, file),
  });
}

/** The profiles that a configuration names. */
export async function loadConfiguredProfiles(
  context: CommandContext,
  { ingest, ownTopicPrefix }: Config,
  inForce: readonly ProfileFile[] = [],
): Promise<LoadedProfiles> {
  return loadProfiles(ingest.devicesDirs, { ...profileOptions(context), ownTopicPrefix, inForce });
}

/** What the operator's rules may have to do with beside themselves: the rules of profiles. */
export function rulesBeside(
  { ingest }: Config,
  { files, refused }: LoadedProfiles,
): Pick<ReadRulesOptions, "beside" | "mayExist"> {
  if (!ingest.profileRules) return {};
  const prefixes = refused.map(ruleIdPrefix);
  return {
    beside: files.flatMap(({ related }) => related),
    mayExist: (id) => prefixes.some((prefix) => id.startsWith(prefix)),
  };
}

/** The operator's rules, and those of profiles that none of his stands in place of. */
function rulesInForce(
  own: readonly LoadedRule[],
  profiles: readonly Pick<ProfileFile, "rules">[],
): readonly RuleDefinition[] {
  const ids = new Set(own.map(({ definition }) => definition.id));
  const withProfiles = profiles
    .flatMap(({ rules }) => rules)
    .filter(({ definition }) => !ids.has(definition.id));
  return [...own, ...withProfiles].map(({ definition }) => definition);
}

/** How every command reads profiles: with the tests of their rules. */
export function profileOptions(context: CommandContext): LoadProfilesOptions {
  return {
    codecs: codecNames,
    shownFrom: context.workingDirectory,
    expressions: () => ruleTools.loadExpressions(),
    verify: failingProfileRules,
  };
}

/** The tests that fail, with their places in the profile. */
async function failingProfileRules(file: ProfileFile): Promise<readonly Problem[]> {
  const untrue = await failingRules(file.rules);
  return untrue.map((problem) => ({ ...problem, hint: testHint, ...file.placeOf(problem.pointer) }));
}

const testHint = "the rule does something else than its test says: change one of the two";

/** A rule that does not do what its own tests say is as wrong as one that cannot be read. */
async function failingRules(rules: readonly LoadedRule[]): Promise<readonly Problem[]> {
  const tested = rules.filter(({ tests }) => tests.length > 0);
  if (tested.length === 0) return [];
  await ruleTools.prepare(rules.map(({ definition }) => definition));
  const problems: Problem[] = [];
  for (const rule of tested) {
    problems.push(...failingTests([rule], () => new FoldState(ruleTools.tools)));
    // Tests of many rules take a while, and a gateway that reloads goes on serving.
    await setImmediate();
  }
  return problems;
}

/** Tells every problem: as lines for people on `err`, or as JSON on `out`. */
export function tellProblems(
  context: CommandContext,
  problems: readonly Problem[],
  options: { readonly json: boolean },
): void {
  if (options.json) {
    writeJson(context, { ok: false, problems });
    return;
  }
  const { err } = context;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  for (const line of formatProblems(problems)) err.write(`${line}\n`);
  err.write(`${styled(err, "red", `${count} found.`)}\n`);
}
