/** Network addresses, as far as a rule depends on them. */

/** Whether a host name or address is loopback: only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
