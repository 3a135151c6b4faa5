/** What every command to a running gateway has in common: how it is reached, and how an alert is named. */
import { AppError } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { reportFailure } from "../report.ts";
import { keyText } from "../rules/key-text.ts";
import { tellProblems } from "../setup.ts";
import { printable } from "../style.ts";
import { type AddressOptions, gatewayUrl } from "./address.ts";
import { clientErrors, GatewayClient } from "./gateway-client.ts";
import type { ShownAlert } from "./shown-alert.ts";

/**
 * Does something with the gateway that the options name.
 *
 * @returns What `use` gives; 1 when the gateway says no, 3 when the configuration is invalid, 4 when no gateway
 *   answers. The reason is told.
 * @throws AppError `CLI_USAGE`.
 */
export async function withGateway(
  context: CommandContext,
  options: AddressOptions & { readonly json: boolean },
  use: (gateway: GatewayClient) => Promise<ExitCode>,
): Promise<ExitCode> {
  const url = await gatewayUrl(context, options);
  if (!url.ok) {
    tellProblems(context, url.problems, options);
    return exitCodes.invalid;
  }
  try {
    return await use(new GatewayClient(url.value, context.environment["HOLDFAST_TOKEN"]));
  } catch (error) {
    const code = error instanceof AppError ? error.code : "";
    if (code === clientErrors.refused) {
      reportFailure(context, error);
      return exitCodes.failed;
    }
    if (code !== clientErrors.unreachable) throw error;
    reportFailure(context, error);
    return exitCodes.unreachable;
  }
}

/**
 * The only alert whose id begins so.
 *
 * @throws AppError of {@link clientErrors} when there is none, `CLI_USAGE` when there are several.
 */
export async function alertOfId(gateway: GatewayClient, prefix: string): Promise<ShownAlert> {
  const found = (await gateway.alerts()).filter(({ id }) => id.startsWith(prefix));
  const [first, second] = found;
  if (first === undefined) {
    const message = `No alert has an id that begins with ${prefix}.`;
    const hint = "`holdfast alerts list --all` shows every alert that is known.";
    throw new AppError(clientErrors.refused, "operator", message, { hint });
  }
  if (second === undefined) return first;
  const listed = found.slice(0, 5).map((alert) => `${alert.id} (${printable(nameOf(alert))})`);
  throw new AppError("CLI_USAGE", "operator", `${found.length} alerts have ids that begin with ${prefix}.`, {
    hint: `Write more digits: ${listed.join(", ")}${found.length > listed.length ? ", …" : ""}.`,
  });
}

/** An alert as sentences name it: its rule and its group. */
export function nameOf({ rule, key }: Pick<ShownAlert, "rule" | "key">): string {
  return `${rule} ${keyText(key)}`;
}
