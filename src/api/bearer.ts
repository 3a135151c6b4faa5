/** Who may ask: bearers of tokens, and on loopback everybody. Source: RFC 6750. */
import type { IncomingMessage } from "node:http";
import { isLoopback } from "../core/address.ts";
import type { AuditLog } from "../core/access/audit-log.ts";
import type { TokenRole } from "../core/access/definition.ts";
import type { RouteOutcome } from "./route.ts";
import type { FoundRoute } from "./router.ts";

/** Knows the tokens that are in force. */
export interface TokenFinder {
  find(token: string): { readonly name: string; readonly role: TokenRole } | undefined;
}

export interface ApiAccess {
  readonly tokens: TokenFinder;
  readonly audit: AuditLog;
}

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
): (request: IncomingMessage, found: FoundRoute) => RouteOutcome | undefined {
  const isOpen = isLoopback(host);
  return (request, found) => {
    if (found.route.path === openPath || (isOpen && access === undefined)) return undefined;
    const written = request.headers.authorization;
    if (written === undefined)
      return isOpen ? undefined : unauthorized("This gateway answers only with a token.");
    const token = /^bearer +([\w.~+/-]+=*)$/i.exec(written)?.[1];
    const bearer = token === undefined ? undefined : access?.tokens.find(token);
    const address = request.socket.remoteAddress;
    const { path } = found.route;
    if (bearer === undefined) {
      access?.audit.write("token-refused", { cause: "unknown", address, path });
      return unauthorized("The token is not known, or not any more.");
    }
    if (found.method === "GET") return undefined;
    if (bearer.role === "operate") {
      access?.audit.write("command", { user: bearer.name, address, path });
      return undefined;
    }
    access?.audit.write("token-refused", { cause: "role", user: bearer.name, address, path });
    const detail = `The token ${JSON.stringify(bearer.name)} may read; commands need one with the role "operate".`;
    return { problem: { status: 403, title: "The token does not allow this.", detail } };
  };
}

function unauthorized(detail: string): RouteOutcome {
  return {
    problem: { status: 401, title: "A token is needed.", detail },
    challenge: 'Bearer realm="holdfast"',
  };
}
