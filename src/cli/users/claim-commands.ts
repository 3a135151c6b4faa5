/** The commands `claim create|list|revoke`, with their options. */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { CreateClaimOptions } from "./claims.ts";
import type { UsersFileOptions } from "./users-file.ts";

/**
 * Adds them to the program.
 *
 * @param onFile - Adds the options that name the users file.
 */
export function addClaimCommands(
  program: Command,
  context: CommandContext,
  {
    finish,
    onFile,
  }: { readonly finish: (code: ExitCode) => void; readonly onFile: (command: Command) => Command },
): void {
  const claims = program.command("claim").description("one-time codes by which devices get credentials");
  onFile(claims.command("create"))
    .description("make codes and print them, once")
    .option("-r, --role <role...>", "roles of whoever redeems one", ["sensor"])
    .option("--device <name>", "name of the user that the device becomes; without it a random one")
    .option("--client-id <glob...>", "client ids that may redeem it; without it any")
    .option("--tenant <name>", "to whom the device belongs")
    .option("--expires <duration>", "how long a code is good for", "7d")
    .option("--count <n>", "how many", "1")
    .option("--json", "print them as JSON", false)
    .action(async (options: Omit<CreateClaimOptions, "count"> & { count: string }) => {
      const { claimCountOf, createClaims } = await import("./claims.ts");
      finish(await createClaims(context, { ...options, count: claimCountOf(options.count) }));
    });
  onFile(claims.command("list"))
    .description("list claims and who has redeemed them")
    .option("--json", "print them as JSON", false)
    .action(async (options: UsersFileOptions & { json: boolean }) => {
      const { listClaims } = await import("./claims.ts");
      finish(await listClaims(context, options));
    });
  onFile(claims.command("revoke"))
    .description("make codes worth nothing; who has redeemed one stays a user")
    .argument("<claim...>", "ids, or the codes themselves")
    .action(async (named: string[], options: UsersFileOptions) => {
      const { revokeClaims } = await import("./claims.ts");
      finish(await revokeClaims(context, named, options));
    });
}
