/** The schema of the users file: users, roles, tokens, claims, tenants, and what is said about a wrong value. */
import * as z from "zod/mini";
import {
  type AccessDefinition,
  roleLimitNames,
  tenantLimitNames,
  tokenRoles,
} from "../core/access/definition.ts";
import { patternFault } from "../core/access/topic-pattern.ts";
import { rolePatternsMax, userRolesMax } from "../core/limits.ts";
import type { Shaped } from "./config-schema.ts";
import { choice, flag, integer, listOf, object, parsed, recordOf, type Schema, text } from "./shape.ts";

const roleName = text(
  { code: "NAME", expected: "A name of a-z, 0-9 and -", hint: () => 'for example "sensor"' },
  /^[a-z0-9][a-z0-9-]{0,63}$/,
);
const userName = text(
  {
    code: "NAME",
    expected: "A user name of 1 to 128 characters without control characters",
    hint: () => 'for example "press-7"',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out of names.
  /^[^\u0000-\u001f\u007f]{1,128}$/,
);
const tenantName = text(
  { code: "NAME", expected: "A name of a-z, 0-9 and -", hint: () => 'for example "north"' },
  /^[a-z0-9][a-z0-9-]{0,63}$/,
);
const clientIdPattern = text(
  {
    code: "CLIENT_ID",
    expected: "A client id or glob of 1 to 128 characters",
    hint: () => '"press-*", or "%u" for the name of the user',
  },
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out of names.
  /^[^\u0000-\u001f\u007f]{1,128}$/,
);
const topicPattern = parsed(
  {
    code: "TOPIC",
    expected: "A topic filter",
    hint: (value) =>
      (typeof value === "string" ? patternFault(value) : undefined) ?? 'for example "sensors/%c/#"',
  },
  (written) => (patternFault(written) === undefined ? written : undefined),
);
const password = text(
  {
    code: "PASSWORD",
    expected: "The hash of a password",
    unquoted: true,
    hint: () => "`holdfast user passwd <name>` asks for the password and writes its hash",
  },
  /^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
);
const sha256 = text(
  {
    code: "TOKEN",
    expected: "The hash of a token",
    unquoted: true,
    hint: () => "`holdfast token add <name>` makes a token and writes its hash",
  },
  /^[0-9a-f]{64}$/,
);

const clientIds = listOf(clientIdPattern, 1, rolePatternsMax);
const topics = z.prefault(listOf(topicPattern, 0, rolePatternsMax), []);

const role = object({
  publish: topics,
  subscribe: topics,
  receive: z.exactOptional(listOf(topicPattern, 0, rolePatternsMax)),
  clientIds: z.exactOptional(clientIds),
  limits: z.prefault(
    object({
      messagesPerSecond: z.exactOptional(integer(1, 1_000_000)),
      bytesPerSecond: z.exactOptional(integer(1_024, 1_000_000_000)),
      connections: z.exactOptional(integer(1, 4_096)),
      subscriptions: z.exactOptional(integer(0, 256)),
      inFlight: z.exactOptional(integer(1, 64)),
      retained: z.exactOptional(integer(0, 10_000)),
    }),
    {},
  ),
});

const user = object({
  password: z.exactOptional(password),
  roles: listOf(roleName, 1, userRolesMax),
  clientIds: z.exactOptional(clientIds),
  disabled: z.prefault(flag(), false),
  tenant: z.exactOptional(tenantName),
});

const token = object({
  sha256,
  role: choice(tokenRoles),
  tenant: z.exactOptional(tenantName),
  disabled: z.prefault(flag(), false),
});

const claimId = text(
  { code: "NAME", expected: "A name of a-z, 0-9 and -", hint: () => "`holdfast claim create` makes them" },
  /^[a-z0-9][a-z0-9-]{0,63}$/,
);
const claimHash = text(
  {
    code: "CLAIM",
    expected: "The hash of a claim code",
    unquoted: true,
    hint: () => "`holdfast claim create` makes a code and writes its hash",
  },
  /^[0-9a-f]{64}$/,
);
const instant = parsed(
  { code: "INSTANT", expected: "An instant in UTC", hint: () => 'for example "2026-12-07T09:00:00.000Z"' },
  (written) => {
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(written)
      ? Date.parse(written)
      : Number.NaN;
    return Number.isNaN(at) ? undefined : at;
  },
);

const claim = object({
  sha256: claimHash,
  roles: listOf(roleName, 1, userRolesMax),
  user: z.exactOptional(userName),
  clientIds: z.exactOptional(clientIds),
  tenant: z.exactOptional(tenantName),
  expires: instant,
  redeemed: z.exactOptional(object({ at: instant, clientId: clientIdPattern, user: userName })),
});

const tenant = object({
  limits: z.prefault(
    object({
      connections: z.exactOptional(integer(1, 4_096)),
      messagesPerSecond: z.exactOptional(integer(1, 1_000_000)),
      bytesPerSecond: z.exactOptional(integer(1_024, 1_000_000_000)),
      retained: z.exactOptional(integer(0, 10_000)),
      sessions: z.exactOptional(integer(0, 1_024)),
      queuedBytes: z.exactOptional(integer(0, 16 * 1024 * 1024)),
      series: z.exactOptional(integer(0, 20_000)),
    }),
    {},
  ),
});

const shape = object({
  $schema: z.exactOptional(z.string()),
  roles: z.prefault(recordOf(roleName, role), {}),
  users: z.prefault(recordOf(userName, user), {}),
  certificateRoles: z.prefault(listOf(roleName, 0, userRolesMax), []),
  tokens: z.prefault(recordOf(userName, token), {}),
  claims: z.prefault(recordOf(claimId, claim), {}),
  tenants: z.prefault(recordOf(tenantName, tenant), {}),
});

/** The schema, for walking. */
export const usersShape: Schema = shape;

/** Checks the shape of a users file. */
export function shapeUsers(value: unknown): Shaped<AccessDefinition> {
  const checked = z.safeParse(shape, value);
  if (!checked.success) return { ok: false, issues: checked.error.issues };
  const { roles, users, certificateRoles, tokens, claims, tenants } = checked.data;
  const definition: AccessDefinition = {
    roles: Object.entries(roles).map(([name, { limits, ...more }]) => ({
      ...more,
      name,
      limits: Object.fromEntries(roleLimitNames.flatMap((limit) => numbered(limit, limits[limit]))),
    })),
    users: Object.entries(users).map(([name, more]) => ({ ...more, name })),
    certificateRoles,
    tokens: Object.entries(tokens).map(([name, more]) => ({ ...more, name })),
    tenants: Object.entries(tenants).map(([name, { limits }]) => ({
      name,
      limits: Object.fromEntries(tenantLimitNames.flatMap((limit) => numbered(limit, limits[limit]))),
    })),
    claims: Object.entries(claims).map(([id, { expires, ...more }]) => ({ ...more, id, expiresAt: expires })),
  };
  return { ok: true, value: definition };
}

function numbered(name: string, value: number | undefined): [string, number][] {
  return value === undefined ? [] : [[name, value]];
}
