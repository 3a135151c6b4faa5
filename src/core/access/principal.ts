/** Who a client is, and what the broker asks about it. */
import type { RoleLimits } from "./definition.ts";
import type { Enroller } from "./enrolment.ts";
import type { Grants } from "./grants.ts";

/** How a client has shown who it is. */
export type PrincipalKind = "anonymous" | "user" | "certificate";

/** Whoever is behind a connection. Two of the same kind and name are the same. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** `""` for anonymous ones. */
  readonly name: string;
  readonly tenant?: string;
}

/** A principal as one text, by which it is compared. */
export function principalKey({ kind, name }: Principal): string {
  // Somebody who comes with a password today and with a certificate tomorrow is the same user.
  return kind === "anonymous" ? "" : `user ${name}`;
}

/** What a client shows on connecting. */
export interface Login {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** Where it connects from. */
  readonly address: string;
  /** Name in its certificate, which has been verified, where the listener takes the principal from it. */
  readonly certificate: string | undefined;
  /** The listener lets in clients without credentials. */
  readonly anonymous: boolean;
  /** Somebody still waits for the answer: work for those who have left is not done. */
  readonly isAwaited: () => boolean;
}

/** Why a client is not let in, or not any more. Closed: metrics are labelled with these names. */
export const loginRefusals = [
  "no-credentials",
  "credentials",
  "locked",
  "busy",
  "disabled",
  "removed",
  "password-changed",
  "client-id",
  "client-id-taken",
  "connections",
  "tenant-connections",
] as const;
export type LoginRefusal = (typeof loginRefusals)[number];

/** A client that has been let in. */
export interface Admission {
  readonly principal: Principal;
  readonly clientId: string;
  readonly grants: Grants;
  readonly limits: RoleLimits;
  /** What the password was recognised by; another one means another password. */
  readonly credential: string | undefined;
  /** The client has come with a claim code: it is let in for nothing else than to redeem it. */
  readonly enrolment?: PendingEnrolment;
}

/** A code that is worth something, shown by a client that is connected. */
export interface PendingEnrolment {
  readonly code: string;
  readonly enroller: Enroller;
}

/** Lets clients in, and says later whether they may stay. */
export interface Gatekeeper {
  /** Never rejects, and answers within its own bounds. */
  admit(login: Login): Promise<Admission | LoginRefusal>;
  /** Whoever shows this name from this address is refused at once, whatever the password: too many were wrong. */
  isLocked(address: string, username: string): boolean;
  /** What has become of an admission by the rules of now. */
  review(admission: Admission): Admission | LoginRefusal;
}
