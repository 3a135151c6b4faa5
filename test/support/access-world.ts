/** A broker with users, whose rules a test changes while it serves. */
import { Access } from "../../src/access/access.ts";
import { hashPassword } from "../../src/access/password.ts";
import type { BrokerOptions } from "../../src/broker/broker.ts";
import type { AccessDefinition, RoleDefinition, UserDefinition } from "../../src/core/access/definition.ts";
import { openTestBroker, type TestBroker } from "../broker/harness.ts";
import { RememberingLogger } from "./remembering-logger.ts";

/** The password of every user in tests. */
export const rightPassword = "correct horse";

let kept: Promise<string> | undefined;

/** What is kept of {@link rightPassword}. */
export function keptPassword(): Promise<string> {
  kept ??= hashPassword(rightPassword);
  return kept;
}

/** A role that grants what it is given, and nothing else. */
export function roleOf(more: Partial<RoleDefinition>): RoleDefinition {
  return { name: "role", publish: [], subscribe: [], limits: {}, ...more };
}

/** A user `press` with the role `role`. */
export async function userOf(more: Partial<UserDefinition> = {}): Promise<UserDefinition> {
  return { name: "press", password: await keptPassword(), roles: ["role"], disabled: false, ...more };
}

export interface AccessWorld extends TestBroker {
  readonly logger: RememberingLogger;
  /** Puts rules in force, and has everybody looked at again. */
  replace(definition: Partial<AccessDefinition>): void;
}

function inFull(part: Partial<AccessDefinition>): AccessDefinition {
  return { roles: [], users: [], certificateRoles: [], tokens: [], claims: [], tenants: [], ...part };
}

/** Opens a broker with these rules. */
export async function openAccessWorld(
  definition: Partial<AccessDefinition>,
  options: Partial<BrokerOptions> = {},
): Promise<AccessWorld> {
  const logger = new RememberingLogger();
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  const access = new Access({ definition: inFull(definition), clock, random: () => 0.5, logger });
  const world = await openTestBroker({
    listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 0, anonymous: false }],
    gatekeeper: access.gatekeeper,
    tenants: access.tenants,
    logger,
    ...options,
  });
  return {
    ...world,
    logger,
    replace(next) {
      access.replace(inFull(next));
      world.broker.reviewAccess();
    },
  };
}

/** What a CONNECT of a user says beside its client id. */
export function credentialsOf(username: string, password: string = rightPassword): object {
  return { username, password: Buffer.from(password) };
}
