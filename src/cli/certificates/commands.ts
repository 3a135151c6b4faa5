/** The commands `cert init|issue|revoke|list`, with their options. */
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { AuthorityOptions } from "./certificates.ts";

/** Adds them to the program. */
export function addCertificateCommands(
  program: Command,
  context: CommandContext,
  finish: (code: ExitCode) => void,
): void {
  const certificates = program.command("cert").description("certificates for the gateway and its devices");
  const inDirectory = (name: string, description: string): Command =>
    certificates
      .command(name)
      .description(description)
      .option("--dir <dir>", "directory of the authority", "certificates");
  inDirectory("init", "make an authority")
    .option("--name <name>", "what it is called", "holdfast")
    .option("--days <n>", "how long it holds", days, 3_650)
    .action(async (options: AuthorityOptions & { name: string; days: number }) => {
      const { initAuthority } = await import("./certificates.ts");
      finish(await initAuthority(context, options));
    });
  inDirectory("issue", "make a key and a certificate for a device, or with --host for the gateway")
    .argument("<name>", "common name: who the device is to the broker")
    .option("--host <host...>", "names and addresses under which devices reach the gateway")
    .option("--days <n>", "how long it holds", days, 365)
    .option("--json", "print the names of the files as JSON", false)
    .action(
      async (name: string, options: AuthorityOptions & { host?: string[]; days: number; json: boolean }) => {
        const { issueCertificate } = await import("./certificates.ts");
        finish(await issueCertificate(context, name, options));
      },
    );
  inDirectory("revoke", "put certificates on the list of those that are refused")
    .argument("<name>", "common name, or serial number")
    .action(async (name: string, options: AuthorityOptions) => {
      const { revokeCertificate } = await import("./certificates.ts");
      finish(await revokeCertificate(context, name, options));
    });
  inDirectory("list", "list certificates and how long they hold")
    .option("--json", "print them as JSON", false)
    .action(async (options: AuthorityOptions & { json: boolean }) => {
      const { listCertificates } = await import("./certificates.ts");
      finish(await listCertificates(context, options));
    });
}

function days(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 36_500) return value;
  throw new InvalidArgumentError("It is a whole number of days from 1 to 36500.");
}
