/**
 * Passwords as they are kept: `$scrypt$ln=14,r=8,p=1$<salt>$<hash>`.
 *
 * Source: RFC 7914 (scrypt) and the PHC string format. The cost is the same for all of them, so that no answer
 * takes longer than another because of whose password it is.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const cost = { N: 2 ** 14, r: 8, p: 1 } as const;
const parameters = "ln=14,r=8,p=1";
const saltBytes = 16;
const hashBytes = 32;

/** What is compared with where there is no such user: as much work, and no password fits. */
export const decoyPassword: string = written(randomBytes(saltBytes), randomBytes(hashBytes));

function written(salt: Uint8Array, hash: Uint8Array): string {
  return `$scrypt$${parameters}$${base64Of(salt)}$${base64Of(hash)}`;
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}

function derive(password: Uint8Array, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hashBytes, { ...cost, maxmem: 64 * 1024 * 1024 }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

/** Makes what is kept of a password, with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return written(salt, await derive(Buffer.from(password), salt));
}

/**
 * Tells whether a password is the one that was kept.
 *
 * @param kept - Made by {@link hashPassword}; anything else fits no password.
 */
export async function verifyPassword(kept: string, password: Uint8Array): Promise<boolean> {
  const [, algorithm, shown, salt = "", hash = ""] = kept.split("$");
  const expected = Buffer.from(hash, "base64");
  const derived = await derive(password, Buffer.from(salt, "base64"));
  const isOurs = algorithm === "scrypt" && shown === parameters && expected.length === hashBytes;
  return isOurs && timingSafeEqual(derived, expected);
}
