/** Where a connection comes from: its address, its listener, and the certificate that it has shown. */
import type { TLSSocket } from "node:tls";

/** A client certificate that has been verified. */
export interface CertificateFacts {
  /** Hexadecimal, in upper case, without zeroes in front. */
  readonly serialNumber: string;
  /** Who it says it is, where the listener takes the principal from it; `""` when it says nothing. */
  readonly name: string | undefined;
}

export interface Origin {
  /** `""` when the socket has closed already. */
  readonly address: string;
  /** The listener lets in clients without credentials. */
  readonly anonymous: boolean;
  /** The client has shown a certificate of the listener's authority. */
  readonly isVerified: boolean;
  readonly certificate: CertificateFacts | undefined;
}

/** What of a listener matters for who comes through it. */
export interface Door {
  readonly anonymous?: boolean;
  readonly clientCa?: string;
  readonly principal?: "certificate";
}

/** The origin of a socket. */
export function originOf(socket: { readonly remoteAddress?: string | undefined }, door: Door): Origin {
  const { anonymous = true, clientCa } = door;
  return {
    address: socket.remoteAddress ?? "",
    anonymous,
    isVerified: clientCa !== undefined,
    certificate: undefined,
  };
}

/** The origin of a TLS socket whose handshake is done. */
export function secureOriginOf(socket: TLSSocket, door: Door): Origin {
  const origin = originOf(socket, door);
  if (door.clientCa === undefined) return origin;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { ...origin, isVerified: false };
  const { subject, subjectAltName, serialNumber } = certificate;
  return {
    ...origin,
    certificate: {
      serialNumber: plainSerial(serialNumber),
      name: door.principal === "certificate" ? nameIn(subject, subjectAltName) : undefined,
    },
  };
}

/** A serial number as it is compared. */
export function plainSerial(hexadecimal: string): string {
  return hexadecimal.toUpperCase().replace(/^0+(?=.)/, "");
}

/**
 * The one common name, or without any the first of the alternative names. More than one common name says nothing:
 * which of them the authority has looked at is not to be known.
 *
 * @param subject - `CN=press-7`, one attribute a line, as Node gives it.
 * @param alternatives - `DNS:press-7, URI:…`.
 */
function nameIn(subject: string, alternatives: string | undefined): string {
  const names = subject.split("\n").filter((line) => line.startsWith("CN="));
  if (names.length > 0) return names.length === 1 ? names[0]!.slice(3) : "";
  // Node quotes what holds a comma; such a name is no name here.
  return /^(?:DNS|URI|email):([^",]+)(?:,|$)/.exec(alternatives ?? "")?.[1] ?? "";
}
