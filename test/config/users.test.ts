/** The users file: mistakes as people make them; ▸ stands before what the problem points at. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshUsersFile, withValue } from "../../src/config/users-edit.ts";
import { loadUsers, readUsers } from "../../src/config/users.ts";
import { directoryWith, problemsOf, valueOf } from "./loading.ts";
import { unmarked } from "./marked.ts";

const options = { ownTopicPrefix: "holdfast/" };
const hash = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"B".repeat(43)}`;

const whole = `{
  // Sensors write what is theirs.
  "roles": {
    "sensor": {
      "publish": ["s/%u/#"],
      "subscribe": ["s/%u/set", "holdfast/alerts/#"],
      "receive": ["s/%u/set"],
      "clientIds": ["%u", "%u-*"],
      "limits": { "messagesPerSecond": 100, "bytesPerSecond": 65536, "connections": 2, "subscriptions": 8, "inFlight": 16, "retained": 10 },
    },
  },
  "users": { "press/7": { "password": "${hash}", "roles": ["sensor"], "clientIds": ["p7"], "disabled": true, "tenant": "north" } },
  "certificateRoles": ["sensor"],
  "tokens": { "grafana": { "sha256": "${"0".repeat(64)}", "role": "read", "tenant": "north" } },
  "tenants": { "north": { "limits": { "connections": 1, "messagesPerSecond": 2, "bytesPerSecond": 2048, "retained": 3, "sessions": 4, "queuedBytes": 5, "series": 6 } }, "south": {} },
  "claims": { "c1": { "sha256": "${"1".repeat(64)}", "roles": ["sensor"], "user": "oven", "clientIds": ["o*"], "tenant": "north",
    "expires": "2026-03-01T00:00:00Z", "redeemed": { "at": "2026-02-01T00:00:00.500Z", "clientId": "o1", "user": "oven" } } },
}`;

test("every key has its effect", () => {
  expect(valueOf(readUsers(whole, "u", options))).toEqual({
    roles: [
      {
        name: "sensor",
        publish: ["s/%u/#"],
        subscribe: ["s/%u/set", "holdfast/alerts/#"],
        receive: ["s/%u/set"],
        clientIds: ["%u", "%u-*"],
        limits: {
          messagesPerSecond: 100,
          bytesPerSecond: 65_536,
          connections: 2,
          subscriptions: 8,
          inFlight: 16,
          retained: 10,
        },
      },
    ],
    users: [
      {
        name: "press/7",
        password: hash,
        roles: ["sensor"],
        clientIds: ["p7"],
        disabled: true,
        tenant: "north",
      },
    ],
    certificateRoles: ["sensor"],
    tokens: [{ name: "grafana", sha256: "0".repeat(64), role: "read", tenant: "north", disabled: false }],
    tenants: [
      {
        name: "north",
        limits: {
          connections: 1,
          messagesPerSecond: 2,
          bytesPerSecond: 2_048,
          retained: 3,
          sessions: 4,
          queuedBytes: 5,
          series: 6,
        },
      },
      { name: "south", limits: {} },
    ],
    claims: [
      {
        id: "c1",
        sha256: "1".repeat(64),
        roles: ["sensor"],
        user: "oven",
        clientIds: ["o*"],
        tenant: "north",
        expiresAt: Date.parse("2026-03-01T00:00:00Z"),
        redeemed: { at: Date.parse("2026-02-01T00:00:00Z") + 500, clientId: "o1", user: "oven" },
      },
    ],
  });
});

test.each([
  ["an empty object", "{}"],
  ["what commands begin with", freshUsersFile],
])("%s is a right file", (_what, text) => {
  expect(readUsers(text, "u", options)).toMatchObject({ ok: true });
});

const role = (written: string): string => `{ "roles": { "r": ${written} } }`;
const user = (written: string): string => `{ "roles": { "sensor": {} }, "users": { "press": ${written} } }`;

/** A claim, with one member in place of the right one. */
function claim(written: string): string {
  const right = [`"sha256": "${"1".repeat(64)}"`, '"roles": ["sensor"]', '"expires": "2026-03-01T00:00:00Z"'];
  const name = written.split(":")[0]!;
  const members = right.map((member) => (member.startsWith(name) ? written : member));
  return `{ "roles": { "sensor": {} }, "claims": { "c": { ${members.join(", ")} } } }`;
}

test.each<readonly [mistake: string, code: string, text: string]>([
  ["no JSON", "SYNTAX", '{ "roles": ▸yes }'],
  ["a key misspelt", "KEY_UNKNOWN", '{ ▸"role": {} }'],
  ["a role twice", "KEY_TWICE", '{ "roles": { "r": {}, ▸"r": {} } }'],
  ["a role with a name that is none", "NAME", '{ "roles": { ▸"R 1": {} } }'],
  ["a key of a role misspelt", "KEY_UNKNOWN", role('{ ▸"publishes": [] }')],
  ["a filter that is none", "TOPIC", role('{ "publish": [▸"a/#/b"] }')],
  ["a placeholder that is none", "TOPIC", role('{ "publish": [▸"a/%x"] }')],
  ["a topic as a text", "LIST", role('{ "publish": ▸"a" }')],
  ["publishing for the gateway", "TOPIC_RESERVED", role('{ "publish": [▸"holdfast/alerts/#"] }')],
  ["publishing for the broker", "TOPIC_RESERVED", role('{ "publish": [▸"$SYS/#"] }')],
  ["a shared subscription", "UNSUPPORTED", role('{ "subscribe": [▸"$share/g/a"] }')],
  ["a limit that is none", "NUMBER", role('{ "limits": { "inFlight": ▸0 } }')],
  ["a user without roles", "KEY_MISSING", user("▸{}")],
  ["a role that is not there", "ROLE_UNKNOWN", user('{ "roles": [▸"sensr"] }')],
  ["a certificate role that is not there", "ROLE_UNKNOWN", '{ "certificateRoles": [▸"r"] }'],
  ["a password as it is typed", "PASSWORD", user('{ "roles": ["sensor"], "password": ▸"hunter2" }')],
  ["another kind of hash", "PASSWORD", user('{ "roles": ["sensor"], "password": ▸"$2b$10$abc" }')],
  ["a flag in quotes", "FLAG", user('{ "roles": ["sensor"], "disabled": ▸"no" }')],
  ["a token as it is sent", "TOKEN", '{ "tokens": { "t": { "sha256": ▸"hf_abc", "role": "read" } } }'],
  [
    "a limit of a tenant that is none",
    "NUMBER",
    '{ "tenants": { "north": { "limits": { "series": ▸-1 } } } }',
  ],
  ["a tenant with a name that is none", "NAME", '{ "tenants": { ▸"North": {} } }'],
  ["a claim code as it is typed", "CLAIM", claim('"sha256": ▸"7K2M-hf_abc"')],
  ["a claim with a role that is not there", "ROLE_UNKNOWN", claim('"roles": [▸"sensr"]')],
  ["a claim that expires never", "INSTANT", claim('"expires": ▸"never"')],
  ["a claim that expires on no day", "INSTANT", claim('"expires": ▸"2026-13-01T00:00:00Z"')],
  [
    "a token role that is none",
    "CHOICE",
    `{ "tokens": { "t": { "sha256": "${"0".repeat(64)}", "role": ▸"admin" } } }`,
  ],
])("%s is told at its place, with a hint and without secrets", (_mistake, code, written) => {
  const { text, line, column } = unmarked(written);
  const problems = problemsOf(readUsers(text, "users.jsonc", options));
  expect(problems).toMatchObject([{ code: `USERS_${code}`, file: "users.jsonc", line, column }]);
  expect(problems[0]?.hint).toBeTruthy();
  expect(JSON.stringify(problems)).not.toMatch(/hunter2|hf_abc|\$2b/);
});

test("several mistakes are told at once, in the order of the file", () => {
  const text = `{ "roles": { "r": { "publish": ["$x"] } },
    "users": { "a": { "roles": ["q"] },
      "b": { "roles": ["r"], "disabled": 1 } } }`;
  const problems = problemsOf(readUsers(text, "u", options));
  expect(problems.map(({ code, line }) => [code, line])).toEqual([
    ["USERS_TOPIC_RESERVED", 1],
    ["USERS_ROLE_UNKNOWN", 2],
    ["USERS_FLAG", 3],
  ]);
});

test.each([0o644, 0o640, 0o660, 0o602])(
  "a file with mode %i is refused: others may read or write it",
  async (mode) => {
    const file = join(await directoryWith({}), "users.jsonc");
    await writeFile(file, "{}");
    await chmod(file, mode);
    expect(problemsOf(await loadUsers(file, options))).toMatchObject([
      { code: "USERS_MODE", hint: expect.stringContaining("chmod 600") },
    ]);
    await chmod(file, 0o600);
    expect(await loadUsers(file, options)).toMatchObject({ ok: true });
  },
);

test("a file that is not there is told", async () => {
  const file = join(await directoryWith({}), "none.jsonc");
  expect(problemsOf(await loadUsers(file, options))).toMatchObject([{ code: "USERS_FILE_UNREADABLE" }]);
});

test("an edit leaves everything else as it was, comments included", () => {
  const added = withValue(whole, ["users", "oven"], { roles: ["sensor"] });
  expect(added).toContain("// Sensors write what is theirs.");
  expect(added.split("\n").slice(0, 11)).toEqual(whole.split("\n").slice(0, 11));
  expect(valueOf(readUsers(added, "u", options)).users.map(({ name }) => name)).toEqual(["press/7", "oven"]);
  const removed = withValue(added, ["users", "press/7"], undefined);
  expect(valueOf(readUsers(removed, "u", options)).users.map(({ name }) => name)).toEqual(["oven"]);
});
