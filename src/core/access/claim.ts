/** Claim codes: how they are written, and what one is worth to whom. */
import { claimAgainMs } from "../limits.ts";
import { compileGlobs } from "../rule/glob.ts";
import type { EpochMs } from "../sample.ts";
import type { ClaimDefinition } from "./definition.ts";

/** The user name by which a client says over MQTT that its password is a claim code. */
export const claimUserName = "claim";

/** Thirty-two signs, none of which looks like another. Source: Crockford, Base 32. */
export const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Signs of a code: 20 × 5 bits = 100 bits. They are shown in groups of four. */
export const codeSigns = 20;
const groupSigns = 4;

/** Characters of a code that are read, with spaces and dashes. */
const writtenCharactersMax = 64;

/** A code as people read it: `7K2M-…`. */
export function shownCode(plain: string): string {
  return Array.from({ length: codeSigns / groupSigns }, (_, group) =>
    plain.slice(group * groupSigns, (group + 1) * groupSigns),
  ).join("-");
}

/**
 * A code without its dashes, whichever way it was typed: small letters, O for 0, I and L for 1.
 *
 * @returns Nothing when it can be no code.
 */
export function plainCode(written: string): string | undefined {
  if (written.length > writtenCharactersMax) return undefined;
  const plain = written.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const isCode = plain.length === codeSigns && Array.from(plain).every((sign) => codeAlphabet.includes(sign));
  return isCode ? plain : undefined;
}

/**
 * Tells whether credentials can be bound to a client id. It becomes a glob that has to mean itself, and a
 * user may be called by it.
 */
export function isBindable(clientId: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is kept out of names.
  return /^[^\u0000-\u001f\u007f*?%]{1,128}$/.test(clientId);
}

/** Why a claim is worth nothing to a client. */
export type ClaimFault = "expired" | "used" | "client-id";

/**
 * What a claim is worth to a client: `"open"`, or `"again"` for the one that has redeemed it less than
 * {@link claimAgainMs} ago: the answer may not have reached it.
 */
export function claimWorth(
  claim: ClaimDefinition,
  clientId: string,
  now: EpochMs,
): "open" | "again" | ClaimFault {
  const { redeemed, clientIds, expiresAt } = claim;
  if (!isBindable(clientId)) return "client-id";
  if (redeemed !== undefined) {
    // A clock that was set back gives nobody more time than this.
    const isFresh = Math.abs(now - redeemed.at) < claimAgainMs;
    return isFresh && redeemed.clientId === clientId ? "again" : "used";
  }
  if (now >= expiresAt) return "expired";
  return clientIds === undefined || compileGlobs(clientIds)(clientId) ? "open" : "client-id";
}
