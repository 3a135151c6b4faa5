/** The rules of access in force, for the broker and for HTTP; replaced as a whole. */
import { AuditLog } from "../core/access/audit-log.ts";
import type { AccessDefinition } from "../core/access/definition.ts";
import { AccessPolicy } from "../core/access/policy.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { UserGatekeeper } from "./gatekeeper.ts";
import { TokenBook } from "./tokens.ts";

export interface AccessOptions {
  readonly definition: AccessDefinition;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
  /** From `[0, 1)`. */
  readonly random: () => number;
}

export class Access {
  readonly gatekeeper: UserGatekeeper;
  readonly tokens: TokenBook;
  readonly audit: AuditLog;

  constructor({ definition, clock, logger, random }: AccessOptions) {
    this.gatekeeper = new UserGatekeeper({ policy: new AccessPolicy(definition), clock, random });
    this.tokens = new TokenBook(definition.tokens);
    this.audit = new AuditLog(logger, clock);
  }

  /** Holds for whoever asks from now on; who is in already is for the broker to review. */
  replace(definition: AccessDefinition): void {
    this.gatekeeper.replacePolicy(new AccessPolicy(definition));
    this.tokens.replace(definition.tokens);
    const { users, roles, tokens } = definition;
    this.audit.write("rules-changed", { users: users.length, roles: roles.length, tokens: tokens.length });
  }
}
