/** Who may ask: bearers of tokens, and on loopback everybody. Source: RFC 6750. */
import type { IncomingMessage } from "node:http";
import { isLoopback } from "../core/address.ts";
import type { AuditLog } from "../core/access/audit-log.ts";
import type { TokenDefinition } from "../core/access/definition.ts";
import type { RouteOutcome } from "./route.ts";
import type { FoundRoute } from "./router.ts";

/** Knows the tokens that are in force. */
export interface TokenFinder {
  find(token: string): Pick<TokenDefinition, "name" | "role" | "tenant"> | undefined;
}

export interface ApiAccess {
  readonly tokens: TokenFinder;
  readonly audit: AuditLog;
}

/** Who asks: nobody who may, or somebody to whom everything is shown, or what is a tenant's. */
export type Bearing = { readonly refusal: RouteOutcome } | { readonly tenant: string | undefined };

const whole: Bearing = { tenant: undefined };

/** What answers without a token everywhere: it tells that the process is alive, and nothing else. */
const openPath = "/healthz";

/**
 * Makes the check of the `Authorization` header.
 *
 * On loopback a request without a token may do everything, as whoever can run a program there may; one with a token
 * may do what the token allows. Beyond loopback nothing is answered without a token, but {@link openPath}.
 *
 * @param host - The address that the server is bound to.
 */
export function bearerCheck(
  host: string,
  access: ApiAccess | undefined,
): (request: IncomingMessage, found: FoundRoute) => Bearing {
  const isOpen = isLoopback(host);
  return (request, found) => {
    if (found.method === "POST" && found.route.isOpen === true) return whole;
    if (found.route.path === openPath || (isOpen && access === undefined)) return whole;
    const written = request.headers.authorization;
    if (written === undefined)
      return isOpen ? whole : { refusal: unauthorized("This gateway answers only with a token.") };
    const token = /^bearer +([\w.~+/-]+=*)$/i.exec(written)?.[1];
    const bearer = token === undefined ? undefined : access?.tokens.find(token);
    const address = request.socket.remoteAddress;
    const { path } = found.route;
    if (bearer === undefined) {
      access?.audit.write("token-refused", { cause: "unknown", address, path });
      return { refusal: unauthorized("The token is not known, or not any more.") };
    }
    const { tenant } = bearer;
    if (found.method === "GET") return { tenant };
    if (bearer.role === "operate") {
      access?.audit.write("command", { user: bearer.name, address, path });
      return { tenant };
    }
    access?.audit.write("token-refused", { cause: "role", user: bearer.name, address, path });
    const detail = `The token ${JSON.stringify(bearer.name)} may read; commands need one with the role "operate".`;
    return { refusal: { problem: { status: 403, title: "The token does not allow this.", detail } } };
  };
}

function unauthorized(detail: string): RouteOutcome {
  return {
    problem: { status: 401, title: "A token is needed.", detail },
    challenge: 'Bearer realm="holdfast"',
  };
}
