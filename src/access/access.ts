/** The rules of access in force, for the broker and for HTTP; replaced as a whole. */
import { AuditLog } from "../core/access/audit-log.ts";
import type { AccessDefinition } from "../core/access/definition.ts";
import type { UsersEditor } from "../core/access/enrolment.ts";
import { Lockout } from "../core/access/lockout.ts";
import { TenantQuotas } from "../core/access/tenant-quotas.ts";
import { AccessPolicy } from "../core/access/policy.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { Enrolment } from "./enrolment.ts";
import { UserGatekeeper } from "./gatekeeper.ts";
import { PasswordQueue } from "./password-queue.ts";
import { TokenBook } from "./tokens.ts";

export interface AccessOptions {
  readonly definition: AccessDefinition;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** Changes the users file; without it no device can be enrolled. */
  readonly editor?: UsersEditor | undefined;
  readonly logger: Logger;
  /** From `[0, 1)`. */
  readonly random: () => number;
}

export class Access {
  readonly gatekeeper: UserGatekeeper;
  readonly tokens: TokenBook;
  readonly audit: AuditLog;
  readonly enrolment: Enrolment;
  readonly tenants: TenantQuotas;

  constructor({ definition, clock, logger, random, editor }: AccessOptions) {
    this.tokens = new TokenBook(definition.tokens);
    this.tenants = new TenantQuotas(definition.tenants);
    this.audit = new AuditLog(logger, clock);
    const [lockout, queue] = [new Lockout(), new PasswordQueue()];
    const { audit } = this;
    this.enrolment = new Enrolment({ definition, editor, clock, random, lockout, queue, audit });
    this.gatekeeper = new UserGatekeeper({
      policy: new AccessPolicy(definition),
      clock,
      random,
      lockout,
      queue,
      enrolment: this.enrolment,
    });
  }

  /** Holds for whoever asks from now on; who is in already is for the broker to review. */
  replace(definition: AccessDefinition): void {
    this.gatekeeper.replacePolicy(new AccessPolicy(definition));
    this.tokens.replace(definition.tokens);
    this.enrolment.replace(definition);
    this.tenants.replace(definition.tenants);
    const { users, roles, tokens } = definition;
    this.audit.write("rules-changed", { users: users.length, roles: roles.length, tokens: tokens.length });
  }
}
