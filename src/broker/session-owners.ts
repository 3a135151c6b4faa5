/**
 * Whose a client id is: that of the connection which has it, or of the session that is kept under it.
 *
 * A13: the engine lets anybody who names a client id take over its connection and its session.
 */
import { type Admission, principalKey } from "../core/access/principal.ts";
import { mountOf } from "../core/tenant.ts";
import { sessionOwnersMax } from "../core/limits.ts";

/** The connection that a claim was made for. */
export interface ClaimingConnection {
  readonly isClosed: boolean;
}

interface Claim {
  admission: Admission;
  readonly connection: ClaimingConnection;
}

export class SessionOwners {
  readonly #claims = new Map<string, Claim>();
  /** A session is stored under the client id. */
  readonly #isStored: (clientId: string) => Promise<boolean>;

  constructor(isStored: (clientId: string) => Promise<boolean>) {
    this.#isStored = isStored;
  }

  /** Makes the client id the principal's. @returns False when it is somebody else's; nothing has changed then. */
  async claim(admission: Admission, connection: ClaimingConnection): Promise<boolean> {
    const clientId = sessionIdOf(admission);
    const known = this.#claims.get(clientId);
    // A device that has just got its credentials may come with them before its first connection has ended.
    const isPassing = known?.admission.enrolment !== undefined;
    if (known !== undefined && !isPassing && !isSame(known.admission, admission)) {
      if (!known.connection.isClosed || (await this.#isStored(clientId))) return false;
      // Somebody else may have been as fast.
      if (this.#claims.get(clientId) !== known) return false;
    }
    this.#claims.delete(clientId);
    this.#claims.set(clientId, { admission, connection });
    if (this.#claims.size > sessionOwnersMax) this.#forgetOne();
    return true;
  }

  /** The client id belongs to a session that was restored. */
  restore(admission: Admission): void {
    this.#claims.set(sessionIdOf(admission), { admission, connection: { isClosed: true } });
  }

  /** The admission under which a client id is held, its connection open or not. */
  find(clientId: string): Admission | undefined {
    return this.#claims.get(clientId)?.admission;
  }

  /** Client ids whose connection is closed. */
  away(): readonly Admission[] {
    return [...this.#claims.values()]
      .filter(({ connection }) => connection.isClosed)
      .map(({ admission }) => admission);
  }

  /** How many other client ids of the same principal are connected. */
  connectedBeside(beside: Admission): number {
    const key = principalKey(beside.principal);
    const clientId = sessionIdOf(beside);
    let count = 0;
    for (const [id, { admission, connection }] of this.#claims) {
      if (id !== clientId && !connection.isClosed && principalKey(admission.principal) === key) count += 1;
    }
    return count;
  }

  /** How many other client ids of the same tenant are connected. */
  connectedInTenant(beside: Admission): number {
    const { tenant } = beside.principal;
    const clientId = sessionIdOf(beside);
    let count = 0;
    for (const [id, { admission, connection }] of this.#claims) {
      if (id !== clientId && !connection.isClosed && admission.principal.tenant === tenant) count += 1;
    }
    return count;
  }

  forget(clientId: string): void {
    this.#claims.delete(clientId);
  }

  #forgetOne(): void {
    for (const [clientId, { connection }] of this.#claims) {
      if (!connection.isClosed) continue;
      this.#claims.delete(clientId);
      return;
    }
  }
}

/** The id that a client has inside the broker: tenants may have clients of the same name. */
export function sessionIdOf({ principal: { tenant }, clientId }: Admission): string {
  return tenant === undefined ? clientId : mountOf(tenant) + clientId;
}

function isSame(one: Admission, other: Admission): boolean {
  return principalKey(one.principal) === principalKey(other.principal);
}
