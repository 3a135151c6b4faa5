/** Where an MQTT server is and who we are there, checked before anything connects. */
import { AppError } from "./errors.ts";

/** Keys and certificates in PEM, as read from their files. */
export interface TlsMaterial {
  /** Authorities that the server's certificate is checked against; the system's where missing. */
  readonly ca?: string | Uint8Array;
  /** Our own certificate and its key, where the server asks for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
}

/** What connects there; error codes begin with it. */
export type MqttLinkKind = "upstream" | "bridge";

/** A server to connect to. */
export interface MqttAddress {
  readonly protocol: "mqtt" | "mqtts";
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** For people: without user name and password. */
  readonly url: string;
}

/**
 * Takes an `mqtt://` or `mqtts://` URL apart.
 *
 * @throws AppError `UPSTREAM_URL_INVALID` or `BRIDGE_URL_INVALID` when it is neither; kind `operator`. The
 *   message shows no secret.
 */
export function parseMqttUrl(text: string, kind: MqttLinkKind): MqttAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(kind, `the URL of the ${kind} cannot be read`);
  }
  const protocol = url.protocol.slice(0, -1);
  if (protocol !== "mqtt" && protocol !== "mqtts") {
    throw invalid(kind, `an MQTT ${kind} cannot use "${url.protocol}//"`);
  }
  if (url.hostname === "") throw invalid(kind, `the URL of the ${kind} names no host`);
  const port = url.port === "" ? (protocol === "mqtt" ? 1883 : 8883) : Number(url.port);
  return {
    protocol,
    // An IPv6 address stands in brackets in a URL and without them everywhere else.
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    ...(url.username === "" ? {} : { username: decoded(url.username, kind) }),
    ...(url.password === "" ? {} : { password: decoded(url.password, kind) }),
    url: `${protocol}://${url.hostname}:${port}`,
  };
}

function decoded(part: string, kind: MqttLinkKind): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(kind, `the user name or password in the URL of the ${kind} is not percent-encoded`);
  }
}

function invalid(kind: MqttLinkKind, message: string): AppError {
  return new AppError(
    kind === "upstream" ? "UPSTREAM_URL_INVALID" : "BRIDGE_URL_INVALID",
    "operator",
    message,
    {
      hint: "write mqtt://host:1883 or mqtts://host:8883",
    },
  );
}
