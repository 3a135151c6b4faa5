/**
 * An authority as files: `ca.pem`, `ca.key`, `crl.pem`, and what it has issued as `issued/<serial>.pem`.
 *
 * The gateway needs `ca.pem` and `crl.pem`; `ca.key` can be kept elsewhere between two uses.
 */
import { mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  describeCertificate,
  type Identity,
  type IssuedCertificate,
  revokedIn,
} from "../../certificates/authority.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";

/** A certificate of the list, and whether it has been revoked. */
export interface ListedCertificate extends IssuedCertificate {
  readonly isRevoked: boolean;
}

export class AuthorityDirectory {
  readonly path: string;

  constructor(context: CommandContext, directory: string) {
    this.path = resolve(context.workingDirectory, directory);
  }

  /** @throws AppError `CERT_EXISTS` where there is one already. */
  async create({ certificate, key, crl }: Identity & { readonly crl: string }): Promise<void> {
    await mkdir(join(this.path, "issued"), { recursive: true, mode: 0o700 });
    await writeSecret(join(this.path, "ca.key"), key);
    await writeFile(join(this.path, "ca.pem"), `${certificate}\n`);
    await this.writeList(crl);
  }

  /** @throws AppError `CERT_READ`. */
  async read(): Promise<Identity & { readonly crl: string }> {
    const [certificate, key, crl] = await Promise.all(
      ["ca.pem", "ca.key", "crl.pem"].map((name) => this.#text(name)),
    );
    return { certificate: certificate!, key: key!, crl: crl! };
  }

  /** Replaces the list of revoked certificates in one step: a gateway may be reading it. */
  async writeList(crl: string): Promise<void> {
    const next = join(this.path, `crl.pem.${process.pid}.new`);
    await writeFile(next, `${crl}\n`);
    await rename(next, join(this.path, "crl.pem"));
  }

  /**
   * Writes a certificate and its key under a name, and keeps a copy of the certificate for the list.
   *
   * @throws AppError `CERT_EXISTS` where there is a key of that name.
   */
  async add(
    name: string,
    { certificate, key }: Identity,
  ): Promise<{ readonly cert: string; readonly key: string }> {
    const base = join(this.path, encodeURIComponent(name));
    await writeSecret(`${base}.key`, key);
    await writeFile(`${base}.pem`, `${certificate}\n`);
    const { serialNumber } = describeCertificate(certificate);
    await writeFile(join(this.path, "issued", `${serialNumber}.pem`), `${certificate}\n`);
    return { cert: `${base}.pem`, key: `${base}.key` };
  }

  /** By name, the one that holds longest first. @throws AppError `CERT_READ`. */
  async list(): Promise<readonly ListedCertificate[]> {
    const revoked = revokedIn(await this.#text("crl.pem"));
    const files = await readdir(join(this.path, "issued"));
    const texts = await Promise.all(files.map((name) => this.#text(join("issued", name))));
    return texts
      .map(describeCertificate)
      .map((one) => ({ ...one, isRevoked: revoked.has(one.serialNumber) }))
      .toSorted((left, right) => compareNames(left.name, right.name) || right.notAfterMs - left.notAfterMs);
  }

  async #text(name: string): Promise<string> {
    try {
      return await readFile(join(this.path, name), "utf8");
    } catch (cause) {
      const hint = "`holdfast cert init` makes an authority; --dir says where it is.";
      throw new AppError("CERT_READ", "operator", `${join(this.path, name)} cannot be read.`, {
        hint,
        cause,
      });
    }
  }
}

function compareNames(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Writes what nobody else may read, and nothing over what is there. */
async function writeSecret(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, "wx", 0o600);
    await handle.writeFile(text);
    await handle.close();
  } catch (cause) {
    if (!messageOf(cause).startsWith("EEXIST")) throw cause;
    const hint = "Keep it, or move it away first.";
    throw new AppError("CERT_EXISTS", "operator", `There is ${path} already.`, { hint });
  }
}
