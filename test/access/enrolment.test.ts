/** Codes and what they give, on a users file in memory. */
import { expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import {
  hashClaimCode,
  makeClaimCode,
  makeClaimId,
  makeDevicePassword,
} from "../../src/access/claim-codes.ts";
import { withValue } from "../../src/config/users-edit.ts";
import { readUsers } from "../../src/config/users.ts";
import { codeAlphabet, shownCode } from "../../src/core/access/claim.ts";
import type { AccessDefinition } from "../../src/core/access/definition.ts";
import type { EnrolmentRequest, IssuedCredentials, UsersEditor } from "../../src/core/access/enrolment.ts";
import { ok } from "../../src/core/errors.ts";
import { claimAgainMs, loginFailuresFree } from "../../src/core/limits.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";

const code = "7K2M4QRT9WXYZ0123456";

class World {
  now = Date.parse("2026-03-01T00:00:00Z");
  monotonicMs = 0;
  text: string;
  failing = false;
  readonly access: Access;
  readonly logger = new RememberingLogger();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(claim: object = {}, users: object = {}) {
    this.text = JSON.stringify({
      roles: { sensor: { publish: ["s/%u/#"] } },
      users,
      claims: {
        one: { sha256: hashClaimCode(code), roles: ["sensor"], expires: "2026-03-08T00:00:00Z", ...claim },
      },
    });
    const clock = { now: () => this.now, monotonicMs: () => this.monotonicMs };
    const editor: UsersEditor = { edit: (makeEdits) => this.#edit(makeEdits) };
    const { definition, logger } = this;
    this.access = new Access({ definition, clock, random: () => 0.5, logger, editor });
  }

  get definition(): AccessDefinition {
    const read = readUsers(this.text, "users.jsonc", { ownTopicPrefix: "holdfast/" });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    return read.value;
  }

  edit(path: readonly string[], value: unknown): void {
    this.text = withValue(this.text, path, value);
    this.access.replace(this.definition);
  }

  #edit(makeEdits: Parameters<UsersEditor["edit"]>[0]): ReturnType<UsersEditor["edit"]> {
    const done = this.#turn.then(() => {
      if (this.failing) throw new Error("disk full");
      for (const { path, value } of makeEdits(this.definition)) this.text = withValue(this.text, path, value);
      this.access.replace(this.definition);
      return ok(undefined);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  enrol(more: Partial<EnrolmentRequest> = {}): Promise<IssuedCredentials | string> {
    const request = {
      code: shownCode(code),
      clientId: "press-7",
      address: "10.0.0.1",
      isAwaited: () => true,
    };
    return this.access.enrolment.enrol({ ...request, ...more });
  }

  async logIn({ username, password, clientId }: IssuedCredentials): Promise<string> {
    const shown = { username, password: Buffer.from(password), clientId, address: "10.0.0.1" };
    const rest = { certificate: undefined, anonymous: false, isAwaited: () => true };
    const admission = await this.access.gatekeeper.admit({ ...shown, ...rest });
    return typeof admission === "string" ? admission : admission.principal.name;
  }

  count(outcome: string): number {
    const [family] = this.access.enrolment.metrics;
    return family?.read().find(({ labels }) => labels["outcome"] === outcome)?.value ?? Number.NaN;
  }
}

function issued(answer: IssuedCredentials | string): IssuedCredentials {
  if (typeof answer === "string") throw new Error(answer);
  return answer;
}

test("codes, ids and passwords are random, and codes are made of every sign", () => {
  const codes = Array.from({ length: 500 }, makeClaimCode);
  expect(new Set(codes).size).toBe(500);
  expect(new Set(codes.join(""))).toEqual(new Set(codeAlphabet));
  expect(makeClaimId()).toMatch(/^[a-z0-9]{8}$/);
  expect(Buffer.from(makeDevicePassword(), "base64url")).toHaveLength(24);
});

test("a code gives one user, that only the client id that redeemed it can be", async () => {
  const world = new World({ tenant: "north" });
  const credentials = issued(await world.enrol());
  expect(credentials).toMatchObject({
    clientId: "press-7",
    username: expect.stringMatching(/^device-\w{12}$/),
  });
  const { users, claims } = world.definition;
  expect(users).toMatchObject([
    { name: credentials.username, roles: ["sensor"], clientIds: ["press-7"], tenant: "north" },
  ]);
  expect(claims).toMatchObject([
    { redeemed: { at: world.now, clientId: "press-7", user: credentials.username } },
  ]);
  expect(world.text).not.toContain(credentials.password);
  expect(await world.logIn(credentials)).toBe(credentials.username);
  expect(await world.logIn({ ...credentials, clientId: "press-8" })).toBe("client-id");
  expect([
    world.count("enrolled"),
    world.logger.lines.filter(({ fields }) => fields["action"] === "enrolled").length,
  ]).toEqual([1, 1]);
  expect(JSON.stringify(world.logger.lines)).not.toContain(code);
});

test("a code for a device gives the user of its name, unless there is one by then", async () => {
  const world = new World({ user: "press" });
  expect(issued(await world.enrol()).username).toBe("press");
  const taken = new World({ user: "press" }, { press: { roles: ["sensor"] } });
  expect(await taken.enrol()).toBe("name-taken");
  expect(taken.definition.claims[0]?.redeemed).toBeUndefined();
});

test("of two clients that redeem one code at once, one is enrolled", async () => {
  const world = new World();
  const answers = await Promise.all(["a", "b", "c", "d"].map((clientId) => world.enrol({ clientId })));
  expect(answers.filter((answer) => typeof answer !== "string")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "used")).toHaveLength(3);
  expect(world.definition.users).toHaveLength(1);
});

test("who has not heard the answer gets another password, and the first one is worth nothing", async () => {
  const world = new World();
  const first = issued(await world.enrol());
  const second = issued(await world.enrol());
  expect(second.username).toBe(first.username);
  expect(await world.logIn(first)).toBe("credentials");
  expect(await world.logIn(second)).toBe(second.username);
  // From now on the answer has been heard.
  expect(await world.enrol()).toBe("used");
  expect([world.count("enrolled"), world.count("again"), world.count("used")]).toEqual([1, 1, 1]);
});

test("an answer is not given again after a while, to another client, or when the user was removed", async () => {
  const world = new World();
  const { username } = issued(await world.enrol());
  expect(await world.enrol({ clientId: "press-8" })).toBe("used");
  world.now += claimAgainMs;
  expect(await world.enrol()).toBe("used");
  world.now -= 1;
  world.edit(["users", username], undefined);
  expect(await world.enrol()).toBe("used");
  expect(world.definition.users).toEqual([]);
});

test.each<readonly [cause: string, claim: object, request: Partial<EnrolmentRequest>]>([
  ["expired", { expires: "2026-02-28T00:00:00Z" }, {}],
  ["client-id", { clientIds: ["oven-*"] }, {}],
  ["client-id", {}, { clientId: "*" }],
  ["code", {}, { code: makeClaimCode() }],
  ["code", {}, { code: "" }],
  ["busy", {}, { isAwaited: () => false }],
])("nobody is enrolled, for the cause %s", async (cause, claim, request) => {
  const world = new World(claim);
  const before = world.text;
  expect(await world.enrol(request)).toBe(cause);
  expect([world.text, world.count(cause)]).toEqual([before, 1]);
  expect(world.logger.lines).toMatchObject([
    { fields: { event: "audit", action: "enrolment-refused", cause } },
  ]);
});

test("a code that was revoked while its client was connected gives nothing", async () => {
  const world = new World();
  world.edit(["claims", "one"], undefined);
  expect(await world.enrol()).toBe("code");
});

test("a code is still good when the file could not be written", async () => {
  const world = new World();
  world.failing = true;
  expect(await world.enrol()).toBe("unwritable");
  world.failing = false;
  issued(await world.enrol());
});

test("who guesses codes is locked out, whatever it guesses, and others are not", async () => {
  const world = new World();
  for (let guess = 0; guess <= loginFailuresFree; guess += 1) {
    expect(await world.enrol({ code: makeClaimCode() })).toBe("code");
  }
  // Also with the right one, and over MQTT.
  expect(await world.enrol()).toBe("locked");
  expect(await world.logIn({ username: "claim", password: code, clientId: "press-7" })).toBe("locked");
  world.monotonicMs += 3_600_000;
  for (let second = 0; second < 3_600; second += 1) {
    world.monotonicMs += 1_000;
    await world.enrol({ code: makeClaimCode() });
  }
  // An hour of guessing from one address, once a second.
  expect(world.count("code")).toBeLessThan(150);
  expect(typeof (await world.enrol({ address: "10.0.0.2" }))).toBe("object");
});

test("over MQTT a wrong code is refused like a wrong password, and a user who is called claim stays a user", async () => {
  const world = new World();
  expect(await world.logIn({ username: "claim", password: makeClaimCode(), clientId: "press-7" })).toBe(
    "credentials",
  );
  expect(await world.logIn({ username: "claim", password: code, clientId: "press-7" })).toBe("claim");
  world.edit(["users", "claim"], { roles: ["sensor"] });
  expect(await world.logIn({ username: "claim", password: code, clientId: "press-7" })).toBe("credentials");
});
