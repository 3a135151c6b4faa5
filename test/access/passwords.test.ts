import { expect, test } from "vitest";
import { KnownPasswords } from "../../src/access/known-passwords.ts";
import { decoyPassword, hashPassword, verifyPassword } from "../../src/access/password.ts";
import { type Applicant, PasswordQueue } from "../../src/access/password-queue.ts";
import { hashToken, makeToken, TokenBook } from "../../src/access/tokens.ts";
import { passwordsKnownMax, passwordWaitingMax } from "../../src/core/limits.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("a password is recognised by what is kept of it, and no other is", async () => {
  const kept = await hashPassword("correct horse");
  expect(kept).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await verifyPassword(kept, bytes("correct horse"))).toBe(true);
  expect(await verifyPassword(kept, bytes("correct horsf"))).toBe(false);
  expect(await verifyPassword(kept, bytes(""))).toBe(false);
});

test("the same password is kept differently each time", async () => {
  expect(await hashPassword("correct horse")).not.toBe(await hashPassword("correct horse"));
});

test.each([decoyPassword, "", "correct horse", "$scrypt$ln=4,r=8,p=1$AAAA$AAAA", "$$$$"])(
  "no password fits %s",
  async (kept) => {
    expect(await verifyPassword(kept, bytes("correct horse"))).toBe(false);
  },
);

test("a verified password is known again, under what was kept of it then", () => {
  const known = new KnownPasswords();
  known.remember("hash-1", bytes("correct horse"));
  expect(known.recognises("hash-1", bytes("correct horse"))).toBe(true);
  expect(known.recognises("hash-1", bytes("correct horsf"))).toBe(false);
  expect(known.recognises("hash-2", bytes("correct horse"))).toBe(false);
  for (let other = 0; other < passwordsKnownMax; other += 1) known.remember(`other ${other}`, bytes("x"));
  expect(known.recognises("hash-1", bytes("correct horse"))).toBe(false);
});

function of(address: string, user = "press", hasFailed = false): Applicant {
  return { address, user, hasFailed };
}

test("addresses take turns, and of one address only so many wait", async () => {
  const queue = new PasswordQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (name: string) => async (): Promise<string> => {
    await gate.promise;
    order.push(name);
    return name;
  };
  const guesses = Array.from({ length: 100 }, (_, index) => queue.run(of("guesser"), work(`guess ${index}`)));
  const honest = queue.run(of("honest"), work("honest"));
  gate.resolve();
  expect(await honest).toBe("honest");
  expect(order.indexOf("honest")).toBeLessThanOrEqual(2);
  const answers = await Promise.all(guesses);
  expect(answers.filter((answer) => answer === "busy")).toHaveLength(100 - passwordWaitingMax - 1);
});

test("behind one address users take turns, and who has most waiting makes room for another", async () => {
  const queue = new PasswordQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (name: string) => async (): Promise<string> => {
    await gate.promise;
    order.push(name);
    return name;
  };
  const guesses = Array.from({ length: 100 }, (_, index) =>
    queue.run(of("router", `user-${index % 4}`), work(`guess ${index}`)),
  );
  const honest = ["press", "oven"].map((user) => queue.run(of("router", user), work(user)));
  gate.resolve();
  expect(await Promise.all(honest)).toEqual(["press", "oven"]);
  // The one that ran, one of each user guessed at, and one another.
  expect(order.indexOf("oven")).toBeLessThanOrEqual(6);
  const answers = await Promise.all(guesses);
  expect(answers.filter((answer) => answer === "busy")).toHaveLength(100 - passwordWaitingMax - 1 + 2);
});

test("behind one address those who have failed wait for the others, and are not forgotten", async () => {
  const queue = new PasswordQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (name: string) => async (): Promise<string> => {
    await gate.promise;
    order.push(name);
    return name;
  };
  const failed = Array.from({ length: 50 }, (_, index) =>
    queue.run(of("router", `user-${index}`, true), work("failed")),
  );
  const fresh = Array.from({ length: 20 }, (_, index) =>
    queue.run(of("router", `new-${index}`), work("fresh")),
  );
  gate.resolve();
  expect(await Promise.all(fresh)).toEqual(Array.from({ length: 20 }, () => "fresh"));
  await Promise.all(failed);
  // The one that ran; then of every four turns one, as long as others wait.
  expect(order.slice(0, 9).filter((name) => name === "failed")).toHaveLength(3);
  expect(order).toHaveLength(passwordWaitingMax + 1);
});

test("what fails makes room for the next", async () => {
  const queue = new PasswordQueue();
  await expect(queue.run(of("a"), () => Promise.reject(new Error("no memory")))).rejects.toThrow("no memory");
  expect(await queue.run(of("a"), () => Promise.resolve(1))).toBe(1);
});

test("a token is found by its hash until it is removed or disabled", () => {
  const token = makeToken();
  const definition = { name: "grafana", sha256: hashToken(token), role: "read", disabled: false } as const;
  const book = new TokenBook([definition]);
  expect(book.find(token)).toMatchObject({ name: "grafana", role: "read" });
  expect(book.find(makeToken())).toBeUndefined();
  expect(book.find(definition.sha256)).toBeUndefined();
  book.replace([{ ...definition, disabled: true }]);
  expect(book.find(token)).toBeUndefined();
});
