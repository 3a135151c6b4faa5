/**
 * Which `Host` a request may name, and which `Origin` may command.
 *
 * A page from anywhere can make a browser on this machine send requests to loopback under a name of its
 * own that it lets point here (DNS rebinding), and then read the answers as if they were its own. So a
 * server on loopback answers only to loopback's names.
 */

import { isLoopback } from "../core/address.ts";

/**
 * Makes the check for a server bound to `host`.
 *
 * @returns A function from the `Host` header, any port, to whether it is allowed. Beyond loopback every
 *   host is: what names lead there is not ours to know.
 */
export function hostCheck(host: string): (header: string | undefined) => boolean {
  if (!isLoopback(host)) return () => true;
  const allowed = new Set(["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host]);
  return (header) => header !== undefined && allowed.has(header.toLowerCase().replace(/:\d{1,5}$/, ""));
}

/**
 * Whether the page that sends a request was loaded from this server; so is whoever is no page and names none.
 *
 * A page from anywhere may send a POST here without being able to read the answer, but its browser says from
 * where. Behind a proxy that speaks TLS the scheme differs from ours, so only host and port are compared.
 *
 * Source: RFC 6454 § 7; Fetch Standard, "append a request `Origin` header".
 */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  return (
    host !== undefined &&
    /^https?:\/\//i.test(origin) &&
    origin.toLowerCase().split("//")[1] === host.toLowerCase()
  );
}
