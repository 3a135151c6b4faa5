/** Makes claim codes and what they give, and recognises codes by their hash. */
import { createHash, randomBytes } from "node:crypto";
import { codeAlphabet, codeSigns } from "../core/access/claim.ts";

/** Signs of 32 kinds: the remainder of a byte is as even as the byte. */
function randomSigns(count: number, alphabet: string): string {
  return Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join("");
}

/** Makes a code of 100 random bits, without dashes. */
export function makeClaimCode(): string {
  return randomSigns(codeSigns, codeAlphabet);
}

/**
 * What is kept of a code. It is random, so no slow hash is needed.
 *
 * @param plain - Without dashes, as `plainCode` gives it.
 */
export function hashClaimCode(plain: string): string {
  return createHash("sha256").update(plain).digest("hex");
}

/** Makes what a claim is called by; it tells nothing of the code. */
export function makeClaimId(): string {
  return randomSigns(8, codeAlphabet.toLowerCase());
}

/** Makes the name of a device that nobody has named: 60 random bits. */
export function makeDeviceUserName(): string {
  return `device-${randomSigns(12, codeAlphabet.toLowerCase())}`;
}

/** Makes a password of 192 random bits. */
export function makeDevicePassword(): string {
  return randomBytes(24).toString("base64url");
}
