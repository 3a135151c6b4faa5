/** `holdfast claim …`: one-time codes by which devices get credentials of their own. */
import { hashClaimCode, makeClaimCode, makeClaimId } from "../../access/claim-codes.ts";
import { claimUserName, plainCode, shownCode } from "../../core/access/claim.ts";
import type { ClaimDefinition } from "../../core/access/definition.ts";
import type { UsersEdit } from "../../core/access/enrolment.ts";
import { AppError } from "../../core/errors.ts";
import { claimMsMax, claimsAtOnceMax } from "../../core/limits.ts";
import { formatDuration, parseDuration } from "../../core/time/duration.ts";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../devices/table.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { instantText } from "../rules/instants.ts";
import { tellProblems } from "../setup.ts";
import { edit } from "./users.ts";
import { openUsersFile, type UsersFile, type UsersFileOptions } from "./users-file.ts";

export interface CreateClaimOptions extends UsersFileOptions {
  readonly role: readonly string[];
  readonly device?: string;
  readonly clientId?: readonly string[];
  readonly tenant?: string;
  readonly expires: string;
  readonly count: number;
  readonly json: boolean;
}

/** Claims that have been worth nothing for so long are removed when others are made. */
const spentMsMax = 30 * 86_400_000;

/** Makes codes and prints them: this once, because only their hashes are kept. */
export async function createClaims(context: CommandContext, options: CreateClaimOptions): Promise<ExitCode> {
  const now = context.clock.now();
  const expiresAt = now + lifeMsOf(options.expires);
  const { role: roles, device: user, clientId: clientIds, tenant, count, json } = options;
  if (user !== undefined && count > 1) {
    throw usage("One device is enrolled by one code.", "Leave out --device, or --count.");
  }
  const made = Array.from({ length: count }, () => ({ id: makeClaimId(), code: makeClaimCode() }));
  const about = {
    roles,
    ...(user === undefined ? {} : { user }),
    ...(clientIds === undefined ? {} : { clientIds }),
    ...(tenant === undefined ? {} : { tenant }),
    expires: new Date(expiresAt).toISOString(),
  };
  let prefix = "";
  const code = await edit(context, options, async (file) => {
    prefix = file.ownTopicPrefix;
    if (user !== undefined) expectFree(file, user);
    const added = made.map(({ id, code: plain }) => ({
      path: ["claims", id],
      value: { sha256: hashClaimCode(plain), ...about },
    }));
    return [...spentEdits(file.definition.claims, now), ...added];
  });
  if (code !== exitCodes.done) return code;
  if (json) {
    writeJson(context, {
      claims: made.map(({ id, code: plain }) => ({
        id,
        code: shownCode(plain),
        ...about,
        expires: expiresAt,
      })),
    });
    return code;
  }
  for (const { code: plain } of made) context.out.write(`${shownCode(plain)}\n`);
  context.err.write(
    `Shown once, good until ${instantText(expiresAt)} UTC. The device connects with the user name "${claimUserName}" and the code ` +
      `as password, and subscribes to ${prefix}enrol/<its client id>; or it posts to /api/v1/enrol.\n`,
  );
  return code;
}

/** Prints claims; nothing of their codes. */
export async function listClaims(
  context: CommandContext,
  options: UsersFileOptions & { readonly json: boolean },
): Promise<ExitCode> {
  const file = await openUsersFile(context, options);
  if (!file.ok) {
    tellProblems(context, file.problems, options);
    return exitCodes.invalid;
  }
  const now = context.clock.now();
  const claims = file.value.definition.claims.map(({ sha256: _hash, expiresAt, ...claim }) => ({
    ...claim,
    expires: expiresAt,
    state: claim.redeemed !== undefined ? "redeemed" : now >= expiresAt ? "expired" : "open",
  }));
  if (options.json) {
    writeJson(context, { claims });
    return exitCodes.done;
  }
  const rows = claims.map(({ id, roles, user, clientIds, tenant, expires, state, redeemed }) => [
    id,
    state,
    roles.join(" "),
    redeemed?.user ?? user ?? "",
    redeemed?.clientId ?? clientIds?.join(" ") ?? "",
    tenant ?? "",
    instantText(redeemed?.at ?? expires),
  ]);
  const titles = ["claim", "state", "roles", "user", "client ids", "tenant", "expires, redeemed (UTC)"];
  for (const line of tableLines(context.out, titles, rows)) context.out.write(`${line}\n`);
  return exitCodes.done;
}

/** Removes claims, by id or by code. Who has redeemed one stays a user. */
export async function revokeClaims(
  context: CommandContext,
  named: readonly string[],
  options: UsersFileOptions,
): Promise<ExitCode> {
  return await edit(context, options, async ({ definition: { claims } }) =>
    named.map((name) => {
      const plain = plainCode(name);
      const sha256 = plain === undefined ? undefined : hashClaimCode(plain);
      const claim = claims.find((one) => one.id === name || one.sha256 === sha256);
      if (claim === undefined)
        throw usage("There is no such claim.", "`holdfast claim list` shows their ids.");
      return { path: ["claims", claim.id], value: undefined };
    }),
  );
}

function spentEdits(claims: readonly ClaimDefinition[], now: number): readonly UsersEdit[] {
  return claims
    .filter(({ redeemed, expiresAt }) => now - (redeemed?.at ?? expiresAt) > spentMsMax)
    .map(({ id }) => ({ path: ["claims", id], value: undefined }));
}

function lifeMsOf(written: string): number {
  const lifeMs = parseDuration(written);
  if (lifeMs !== undefined && lifeMs > 0 && lifeMs <= claimMsMax) return lifeMs;
  throw usage(
    `${JSON.stringify(written)} is not how long a code can be good for.`,
    `Write a duration of at most ${formatDuration(claimMsMax)}: "7d".`,
  );
}

function expectFree({ definition: { users, claims } }: UsersFile, name: string): void {
  const isTaken = users.some((user) => user.name === name) || name === claimUserName;
  if (isTaken) throw usage(`There is a user ${JSON.stringify(name)} already.`, "Take another name.");
  if (claims.some(({ user, redeemed }) => user === name && redeemed === undefined)) {
    throw usage(
      `There is a code for ${JSON.stringify(name)} already.`,
      "`holdfast claim revoke` removes it.",
    );
  }
}

function usage(message: string, hint: string): AppError {
  return new AppError("CLI_USAGE", "operator", message, { hint });
}

/** How many codes are made at once, as an option. */
export function claimCountOf(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= claimsAtOnceMax) return count;
  throw usage(
    `${JSON.stringify(text)} is no number of codes.`,
    `From 1 to ${claimsAtOnceMax} are made at once.`,
  );
}
