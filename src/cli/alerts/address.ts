/** Where the gateway is that a command is to reach. */
import { AppError, ok, type Result } from "../../core/errors.ts";
import type { CommandContext } from "../context.ts";
import { loadConfiguration } from "../setup.ts";

/** Options that say it. */
export interface AddressOptions {
  readonly url?: string;
  readonly config?: string;
}

const usualUrl = "http://127.0.0.1:8080";

/**
 * The gateway's HTTP address: the URL that is named, else that in the configuration that is named, else the
 * usual one.
 *
 * @returns The problems of the configuration where it has some.
 * @throws AppError `CLI_USAGE` when the URL is none, or the configuration does not tell an address.
 */
export async function gatewayUrl(context: CommandContext, options: AddressOptions): Promise<Result<string>> {
  if (options.url !== undefined) return ok(checked(options.url));
  if (options.config === undefined) return ok(usualUrl);
  const loaded = await loadConfiguration(context, { config: options.config });
  if (!loaded.ok) return loaded;
  const { enabled, host, port } = loaded.value.config.http;
  if (!enabled) throw unusable("The configuration switches HTTP off.", 'Set "http.enabled" to true.');
  if (port === 0) {
    const hint = "The ready line in the gateway's log names it; name it with --url.";
    throw unusable("The configuration lets the gateway take any free port.", hint);
  }
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return ok(`http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`);
}

function checked(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === "" && url.search === "" && url.hash === "";
  if (isPlain && (url.protocol === "http:" || url.protocol === "https:")) return url.href;
  throw unusable(`"${text}" is not the URL of a gateway.`, `Write it like ${usualUrl}.`);
}

function unusable(message: string, hint: string): AppError {
  return new AppError("CLI_USAGE", "operator", message, { hint });
}
