/** Who may do what, as data: what the users file says. */
import type { EpochMs } from "../sample.ts";

/** Bounds of whoever has a role; nothing where the gateway's own bounds are all. */
export interface RoleLimits {
  /** PUBLISH packets a second of one connection; beyond it the connection is not read. */
  readonly messagesPerSecond?: number;
  /** Their bytes. */
  readonly bytesPerSecond?: number;
  /** Connections of one user. */
  readonly connections?: number;
  /** Topic filters of one client. */
  readonly subscriptions?: number;
  /** Messages of one client that are not acknowledged. */
  readonly inFlight?: number;
  /** Topics under which one user has messages retained. */
  readonly retained?: number;
}

export const roleLimitNames: readonly (keyof RoleLimits)[] = [
  "messagesPerSecond",
  "bytesPerSecond",
  "connections",
  "subscriptions",
  "inFlight",
  "retained",
];

/** What a role allows; everything else is denied. Topics are patterns, see `topic-pattern.ts`. */
export interface RoleDefinition {
  readonly name: string;
  readonly publish: readonly string[];
  /** A subscription must be covered by one of them. */
  readonly subscribe: readonly string[];
  /** What of it is delivered. Without it: what may be subscribed to. */
  readonly receive?: readonly string[];
  /** Client ids, as globs in which `%u` stands for the user. Without it: any. */
  readonly clientIds?: readonly string[];
  readonly limits: RoleLimits;
}

export interface UserDefinition {
  readonly name: string;
  /** How the password is recognised; without it the user comes with a certificate, or not at all. */
  readonly password?: string;
  readonly roles: readonly string[];
  /** In place of those of the roles. */
  readonly clientIds?: readonly string[];
  readonly disabled: boolean;
  /** To whom the user belongs, where a gateway serves several. */
  readonly tenant?: string;
}

/** How much of the gateway one tenant may take, all its users together; nothing where only the gateway's bounds hold. */
export interface TenantLimits {
  /** Connections at once. Beyond: refused. */
  readonly connections?: number;
  /** PUBLISH packets a second, and their bytes. Beyond: its connections are not read. */
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** Topics with a retained message. Beyond: a message to a further one is delivered and not retained. */
  readonly retained?: number;
  /** Sessions that are kept. Beyond: that of its client that has been away longest ends. */
  readonly sessions?: number;
  /** Bytes in offline queues. Beyond: the message is not queued. */
  readonly queuedBytes?: number;
  /** Series. Beyond: the payload is refused with cause `series-limit`. */
  readonly series?: number;
}

export const tenantLimitNames: readonly (keyof TenantLimits)[] = [
  "connections",
  "messagesPerSecond",
  "bytesPerSecond",
  "retained",
  "sessions",
  "queuedBytes",
  "series",
];

export interface TenantDefinition {
  readonly name: string;
  readonly limits: TenantLimits;
}

/** What a bearer of a token may do over HTTP: read, or also command. */
export const tokenRoles = ["read", "operate"] as const;
export type TokenRole = (typeof tokenRoles)[number];

export interface TokenDefinition {
  readonly name: string;
  /** SHA-256 of the token, in hexadecimal. Tokens are random, so guessing one from its hash is hopeless. */
  readonly sha256: string;
  readonly role: TokenRole;
  /** Its bearer sees what is this tenant's, and nothing else. */
  readonly tenant?: string;
  readonly disabled: boolean;
}

/** A one-time code by which a device gets a user of its own. */
export interface ClaimDefinition {
  readonly id: string;
  /** SHA-256 of the code as `plainCode` gives it, in hexadecimal. Codes are random, 100 bits. */
  readonly sha256: string;
  readonly roles: readonly string[];
  /** Name of the user that the device becomes. Without it: a random one. */
  readonly user?: string;
  /** Client ids, as globs, that may redeem it. Without it: any. */
  readonly clientIds?: readonly string[];
  readonly tenant?: string;
  /** From then on it is worth nothing. */
  readonly expiresAt: EpochMs;
  /** Who has redeemed it. */
  readonly redeemed?: { readonly at: EpochMs; readonly clientId: string; readonly user: string };
}

/** Everything that the users file says. */
export interface AccessDefinition {
  readonly roles: readonly RoleDefinition[];
  readonly users: readonly UserDefinition[];
  /** Roles of clients whose certificate names no user. None: they are not let in. */
  readonly certificateRoles: readonly string[];
  readonly tokens: readonly TokenDefinition[];
  readonly claims: readonly ClaimDefinition[];
  /** Those that have limits; others need no entry. */
  readonly tenants: readonly TenantDefinition[];
}
