/** `holdfast cert …`: certificates for the gateway and its devices. */
import { createAuthority, issue, revoke } from "../../certificates/authority.ts";
import { AppError } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../devices/table.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { AuthorityDirectory, type ListedCertificate } from "./authority-directory.ts";

export interface AuthorityOptions {
  readonly dir: string;
}

/** Makes an authority. */
export async function initAuthority(
  context: CommandContext,
  options: AuthorityOptions & { readonly name: string; readonly days: number },
): Promise<ExitCode> {
  const directory = new AuthorityDirectory(context, options.dir);
  await directory.create(await createAuthority({ ...options, nowMs: context.clock.now() }));
  context.err.write(`The authority is in ${directory.path}; whoever has ca.key can make certificates.\n`);
  return exitCodes.done;
}

/** Issues a certificate with a key of its own. */
export async function issueCertificate(
  context: CommandContext,
  name: string,
  options: AuthorityOptions & {
    readonly host?: readonly string[];
    readonly days: number;
    readonly json: boolean;
  },
): Promise<ExitCode> {
  if (!isCommonName(name)) {
    const hint = "X.509 allows 64 characters.";
    throw new AppError("CLI_USAGE", "operator", "The name has 1 to 64 characters, none of control.", {
      hint,
    });
  }
  const directory = new AuthorityDirectory(context, options.dir);
  const { host = [], days } = options;
  const identity = await issue(await directory.read(), {
    name,
    hosts: host,
    days,
    nowMs: context.clock.now(),
  });
  const files = await directory.add(name, identity);
  if (options.json) writeJson(context, files);
  else context.out.write(`${files.cert}\n${files.key}\n`);
  return exitCodes.done;
}

/** Revokes every certificate of a name that still holds, or one by its serial number. */
export async function revokeCertificate(
  context: CommandContext,
  named: string,
  options: AuthorityOptions,
): Promise<ExitCode> {
  const directory = new AuthorityDirectory(context, options.dir);
  const authority = await directory.read();
  const nowMs = context.clock.now();
  const meant = (await directory.list()).filter(
    (one) => !one.isRevoked && (one.name === named || one.serialNumber === named.toLowerCase()),
  );
  if (meant.length === 0) {
    const hint = "`holdfast cert list` shows those that there are.";
    throw new AppError("CLI_USAGE", "operator", `No certificate ${JSON.stringify(named)} is in force.`, {
      hint,
    });
  }
  let { crl } = authority;
  for (const { serialNumber } of meant) crl = await revoke(authority, crl, { serialNumber, nowMs });
  await directory.writeList(crl);
  const count = meant.length === 1 ? "1 certificate is" : `${meant.length} certificates are`;
  context.err.write(
    `${count} revoked; a gateway whose listener names crl.pem takes it into use by itself.\n`,
  );
  return exitCodes.done;
}

/** Lists what has been issued, with how long it holds. */
export async function listCertificates(
  context: CommandContext,
  options: AuthorityOptions & { readonly json: boolean },
): Promise<ExitCode> {
  const nowMs = context.clock.now();
  const listed = await new AuthorityDirectory(context, options.dir).list();
  if (options.json) {
    const certificates = listed.map(({ isRevoked, notAfterMs, ...one }) => ({
      ...one,
      notAfter: notAfterMs,
      state: stateOf({ ...one, isRevoked, notAfterMs }, nowMs),
    }));
    writeJson(context, { certificates });
    return exitCodes.done;
  }
  const rows = listed.map((one) => [
    one.name,
    one.serialNumber,
    new Date(one.notAfterMs).toISOString().slice(0, 10),
    stateOf(one, nowMs),
  ]);
  const lines = tableLines(context.out, ["name", "serial number", "until", "state"], rows);
  for (const line of lines) context.out.write(`${line}\n`);
  return exitCodes.done;
}

function stateOf(
  { isRevoked, notAfterMs }: ListedCertificate,
  nowMs: number,
): "revoked" | "expired" | "valid" {
  if (isRevoked) return "revoked";
  return notAfterMs < nowMs ? "expired" : "valid";
}

function isCommonName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out of names.
  return /^[^\u0000-\u001f\u007f]{1,64}$/.test(name);
}
