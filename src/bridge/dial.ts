/** Opens the socket to a far broker. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectEncrypted, type ConnectionOptions } from "node:tls";
import { isLoopback } from "../core/address.ts";
import type { MqttAddress, TlsMaterial } from "../core/mqtt-address.ts";
import type { ListenerAddress } from "../core/read-model.ts";

/** A socket, and the event after which it can be written to. */
export interface Dialled {
  readonly socket: Socket;
  readonly readyEvent: "connect" | "secureConnect";
}

/**
 * Begins to connect. The server's certificate is always verified: against `ca` where there is one, against the
 * system's authorities where not.
 *
 * @throws Error when a certificate or key cannot be used.
 */
export function dial({ protocol, host, port }: MqttAddress, tls: TlsMaterial): Dialled {
  if (protocol === "mqtt") {
    return { socket: connectPlain({ host, port, noDelay: true }), readyEvent: "connect" };
  }
  const options: ConnectionOptions = { host, port };
  for (const part of ["ca", "cert", "key"] as const) {
    const pem = tls[part];
    if (pem !== undefined) options[part] = typeof pem === "string" ? pem : Buffer.from(pem);
  }
  const socket = connectEncrypted(options);
  socket.setNoDelay(true);
  return { socket, readyEvent: "secureConnect" };
}

/**
 * Tells whether a connected socket has one of the gateway's own listeners at its other end: both ends are on this
 * machine, and the listener is bound to that address or to all.
 */
export function leadsTo(listeners: readonly ListenerAddress[], socket: Socket): boolean {
  const { remoteAddress, localAddress, remotePort } = socket;
  if (remoteAddress === undefined || remoteAddress !== localAddress) return false;
  const address = remoteAddress.replace(/^::ffff:/, "");
  return listeners.some(({ host, port }) => {
    if (port !== remotePort) return false;
    if (host === "localhost") return isLoopback(address);
    return host === address || host === "0.0.0.0" || host === "::";
  });
}
