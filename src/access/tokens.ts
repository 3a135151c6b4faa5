/** Bearer tokens: long, random, and kept only as what is needed to recognise them. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { TokenDefinition } from "../core/access/definition.ts";

const prefix = "hf_";

/** Makes a token of 256 random bits. */
export function makeToken(): string {
  return `${prefix}${randomBytes(32).toString("base64url")}`;
}

/** What is kept of a token. It is random, so no slow hash is needed. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Tokens that are in force. */
export class TokenBook {
  #tokens: readonly { readonly hash: Buffer; readonly definition: TokenDefinition }[];

  constructor(tokens: readonly TokenDefinition[]) {
    this.#tokens = usable(tokens);
  }

  replace(tokens: readonly TokenDefinition[]): void {
    this.#tokens = usable(tokens);
  }

  /** @returns Whose token it is and what it allows; nothing when there is no such token. */
  find(token: string): Pick<TokenDefinition, "name" | "role" | "tenant"> | undefined {
    const hash = Buffer.from(hashToken(token), "hex");
    return this.#tokens.find((one) => timingSafeEqual(one.hash, hash))?.definition;
  }
}

function usable(
  tokens: readonly TokenDefinition[],
): readonly { readonly hash: Buffer; readonly definition: TokenDefinition }[] {
  return tokens
    .filter(({ disabled }) => !disabled)
    .map((definition) => ({ hash: Buffer.from(definition.sha256, "hex"), definition }));
}
