/** Lets clients in through the gatekeeper, and looks again at those who are in when its rules change. */
import type { AuditLog } from "../core/access/audit-log.ts";
import { allGrants, noGrants } from "../core/access/grants.ts";
import type { TenantBounds } from "../core/access/tenant-quotas.ts";
import type { Admission, Gatekeeper, Login, LoginRefusal, Principal } from "../core/access/principal.ts";
import { withinTenant } from "../core/tenant.ts";
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import { enrolling } from "./enrolment.ts";
import { Reason } from "./packets.ts";
import { sessionIdOf, SessionOwners } from "./session-owners.ts";

export interface AdmissionsOptions {
  /** Without one, nobody has to say who they are where the listener lets anonymous clients in. */
  readonly gatekeeper: Gatekeeper | undefined;
  readonly ownTopicPrefix: string;
  readonly tenants: TenantBounds;
  readonly counters: Counters;
  readonly audit: AuditLog;
  readonly connections: () => Iterable<Connection>;
  readonly isSessionStored: (clientId: string) => Promise<boolean>;
  /** Ends the session of a client that is away. */
  readonly forgetSession: (clientId: string) => void;
}

/** What a CONNECT says of who sends it. */
export interface Credentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #owners: SessionOwners;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#owners = new SessionOwners(options.isSessionStored);
  }

  /**
   * Client ids of restored sessions belong to whom the sessions belong; sessions of users that are removed end.
   *
   * Those of anonymous clients are anybody's: when users are introduced, their clients are to find them.
   */
  restore(sessions: Iterable<{ readonly id: string; readonly principal: Principal | undefined }>): void {
    if (this.#options.gatekeeper === undefined) return;
    for (const { id, principal } of sessions) {
      if (principal === undefined || principal.kind === "anonymous") continue;
      // What it may do, and by which password, is not stored: the rules of today say.
      const unknown = { grants: noGrants, limits: {}, credential: undefined };
      const clientId = principal.tenant === undefined ? id : withinTenant(id);
      this.#owners.restore({ principal, clientId, ...unknown });
    }
    this.review();
  }

  /** Asks the gatekeeper. @returns Why the client is refused; nothing when it has been let in. */
  async admit(connection: Connection, credentials: Credentials): Promise<LoginRefusal | undefined> {
    const { gatekeeper, counters, audit } = this.#options;
    const { origin } = connection;
    const login: Login = {
      ...credentials,
      address: origin.address,
      certificate: origin.certificate?.name,
      anonymous: origin.anonymous,
      isAwaited: () => !connection.isClosed,
    };
    const answer = await (gatekeeper?.admit(login) ?? openTo(login, origin.isVerified));
    const verdict = typeof answer === "string" ? answer : enrolling(answer, this.#options.ownTopicPrefix);
    const refusal = typeof verdict === "string" ? verdict : await this.#claim(connection, verdict);
    const { clientId, address } = login;
    const user = typeof verdict === "string" ? (login.certificate ?? login.username) : verdict.principal.name;
    if (refusal !== undefined) {
      counters.loginsRefused[refusal] += 1;
      audit.write("login-refused", { cause: refusal, user, clientId, address });
      return refusal;
    }
    counters.logins += 1;
    if (gatekeeper !== undefined) audit.write("login", { user, clientId, address });
    return undefined;
  }

  /** Refuses a client whose name is locked where it comes from, before there is any work for it. */
  refusesLocked(connection: Connection, clientId: string, username: string): boolean {
    const { gatekeeper, counters, audit } = this.#options;
    const { address, certificate } = connection.origin;
    if (certificate?.name !== undefined || gatekeeper?.isLocked(address, username) !== true) return false;
    counters.loginsRefused.locked += 1;
    audit.write("login-refused", { cause: "locked", user: username, clientId, address });
    return true;
  }

  async #claim(connection: Connection, admission: Admission): Promise<LoginRefusal | undefined> {
    const { connections } = admission.limits;
    const isFull = connections !== undefined && this.#owners.connectedBeside(admission) >= connections;
    if (isFull) return "connections";
    const { tenant } = admission.principal;
    const most = tenant === undefined ? undefined : this.#options.tenants.limitsOf(tenant).connections;
    if (most !== undefined && this.#owners.connectedInTenant(admission) >= most) {
      this.#options.tenants.reached(tenant!, "connections");
      return "tenant-connections";
    }
    if (!(await this.#owners.claim(admission, connection))) return "client-id-taken";
    connection.onAdmitted(admission);
    return undefined;
  }

  /** What may be published in the name of a client whose connection nobody knows any more: a will that comes late. */
  grantsOfAbsent(clientId: string): Admission["grants"] | undefined {
    const { gatekeeper } = this.#options;
    if (gatekeeper === undefined) return allGrants;
    const known = this.#owners.find(clientId);
    const now = known === undefined ? "removed" : gatekeeper.review(known);
    return typeof now === "string" ? undefined : now.grants;
  }

  /** The rules have changed: clients lose at once what they may no longer do, and leave where they may not stay. */
  review(): void {
    const { gatekeeper, connections } = this.#options;
    if (gatekeeper === undefined) return;
    for (const connection of connections()) {
      const { admission } = connection;
      if (admission !== undefined && !connection.isClosed) {
        this.#reviewOne(connection, gatekeeper.review(admission));
      }
    }
    for (const admission of this.#owners.away()) {
      if (gatekeeper.review(admission) !== "removed") continue;
      this.#options.forgetSession(sessionIdOf(admission));
      this.#owners.forget(sessionIdOf(admission));
    }
  }

  #reviewOne(connection: Connection, now: Admission | LoginRefusal): void {
    const { audit } = this.#options;
    const { clientId, address, user } = describe(connection);
    if (typeof now === "string") {
      audit.write("disconnected", { cause: now, user, clientId, address });
      connection.expel(now === "client-id" ? Reason.notAuthorized : Reason.administrative);
      return;
    }
    for (const filter of connection.onAdmitted(now)) {
      audit.write("subscription-dropped", { user, clientId, filter });
    }
  }

  /** The certificate of a client has been revoked. */
  expelCertificates(isRevoked: (serialNumber: string) => boolean): void {
    for (const connection of this.#options.connections()) {
      const { certificate } = connection.origin;
      if (connection.isClosed || certificate === undefined || !isRevoked(certificate.serialNumber)) continue;
      this.#options.audit.write("disconnected", { cause: "certificate-revoked", ...describe(connection) });
      connection.expel(Reason.administrative);
    }
  }
}

/** Who is behind a connection, for the audit log. */
export function describe(connection: Connection): { user: string; clientId: string; address: string } {
  const { admission, origin } = connection;
  return {
    user: admission?.principal.name ?? "",
    clientId: admission?.clientId ?? connection.clientId,
    address: origin.address,
  };
}

/** Where there is no gatekeeper: whoever a listener lets in, or has shown a certificate, may do everything. */
function openTo({ anonymous, clientId }: Login, isVerified: boolean): Promise<Admission | LoginRefusal> {
  const principal = { kind: "anonymous", name: "" } as const;
  const admission = { principal, clientId, grants: allGrants, limits: {}, credential: undefined };
  return Promise.resolve(anonymous || isVerified ? admission : "no-credentials");
}
