/** The rules of access in force: users, roles, and what follows for a client. */
import { compileGlobs } from "../rule/glob.ts";
import type { AccessDefinition, RoleDefinition, UserDefinition } from "./definition.ts";
import { bindGrants } from "./grants.ts";
import { TenantGrants } from "./tenant-grants.ts";
import type { Admission, LoginRefusal, Principal } from "./principal.ts";

/** Who has shown who it is. */
export interface Identity {
  readonly kind: "user" | "certificate";
  readonly name: string;
  readonly clientId: string;
}

/** Rules ready to be asked. Names are looked up exactly as they are written. */
export class AccessPolicy {
  readonly #users: ReadonlyMap<string, UserDefinition>;
  readonly #roles: ReadonlyMap<string, RoleDefinition>;
  readonly #certificateRoles: readonly string[];

  constructor(definition: AccessDefinition) {
    this.#users = new Map(definition.users.map((user) => [user.name, user]));
    this.#roles = new Map(definition.roles.map((role) => [role.name, role]));
    this.#certificateRoles = definition.certificateRoles;
  }

  user(name: string): UserDefinition | undefined {
    return this.#users.get(name);
  }

  /** What somebody who has shown who it is may do, or why not even connect. */
  admissionOf({ kind, name, clientId }: Identity): Admission | LoginRefusal {
    const user = this.#users.get(name);
    if (user?.disabled === true) return "disabled";
    const names = user?.roles ?? (kind === "certificate" ? this.#certificateRoles : []);
    if (user === undefined && names.length === 0) return "removed";
    const roles = names.flatMap((role) => this.#roles.get(role) ?? []);
    if (!mayUse(clientId, name, user?.clientIds, roles)) return "client-id";
    const principal: Principal = {
      kind,
      name,
      ...(user?.tenant === undefined ? {} : { tenant: user.tenant }),
    };
    const own = bindGrants(roles, { user: name, clientId });
    const grants = user?.tenant === undefined ? own : new TenantGrants(user.tenant, own);
    const credential = kind === "user" ? user?.password : undefined;
    return { principal, clientId, grants, limits: grants.limits, credential };
  }

  /** What has become of an admission of a user or a certificate. */
  review({ principal, clientId, credential }: Admission): Admission | LoginRefusal {
    const { kind, name } = principal;
    if (kind === "anonymous") return "no-credentials";
    if (kind === "user" && !this.#users.has(name)) return "removed";
    const now = this.admissionOf({ kind, name, clientId });
    // Whoever belongs to another tenant is somebody else there.
    if (typeof now !== "string" && now.principal.tenant !== principal.tenant) return "removed";
    // Of a restored session it is not known by which password its client came. It lets nobody in, as whoever connects
    // shows the one of today; it says under whose rules the session, and a will that comes late, stand by now.
    const isOther = credential !== undefined && typeof now !== "string" && now.credential !== credential;
    return isOther ? "password-changed" : now;
  }
}

function mayUse(
  clientId: string,
  user: string,
  own: readonly string[] | undefined,
  roles: readonly RoleDefinition[],
): boolean {
  const lists = own === undefined ? roles.map((role) => role.clientIds) : [own];
  // One role that binds to no client id lets any pass, as one that grants a topic grants it.
  const patterns = lists.flatMap((list) => list ?? ["*"]);
  if (patterns.length === 0) return true;
  const isPlain = !/[*?]/.test(user);
  const globs = patterns.flatMap((pattern) => {
    if (!pattern.includes("%u")) return [pattern];
    return isPlain ? [pattern.replaceAll("%u", () => user)] : [];
  });
  return compileGlobs(globs)(clientId);
}
