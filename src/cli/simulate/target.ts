/** Which broker to publish to, from a URL. */
import { AppError } from "../../core/errors.ts";

/** A broker. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/**
 * Reads a broker's URL.
 *
 * @throws AppError `CLI_USAGE` when it is not `mqtt://host[:port]`; kind `operator`.
 */
export function parseTarget(text: string): Target {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "mqtt:" || url.hostname === "") {
    throw new AppError("CLI_USAGE", "operator", `"${text}" is not the URL of a broker.`, {
      hint: "Write it like mqtt://127.0.0.1:1883; the simulator speaks plain MQTT only.",
    });
  }
  return {
    // A URL writes IPv6 addresses in brackets, a socket does not.
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 1883 : Number(url.port),
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
  };
}
