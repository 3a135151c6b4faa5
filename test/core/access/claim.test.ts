import { expect, test } from "vitest";
import {
  claimWorth,
  codeAlphabet,
  codeSigns,
  isBindable,
  plainCode,
  shownCode,
} from "../../../src/core/access/claim.ts";
import type { ClaimDefinition } from "../../../src/core/access/definition.ts";
import { claimAgainMs } from "../../../src/core/limits.ts";

const plain = "0123456789ABCDEFGHJK";

test("a code has a hundred bits, of signs that are not mistaken for one another", () => {
  expect(codeSigns * Math.log2(new Set(codeAlphabet).size)).toBe(100);
  expect(codeAlphabet).not.toMatch(/[ILOU]/);
});

test.each([
  [shownCode(plain)],
  [plain],
  [plain.toLowerCase()],
  [` ${plain.replace("0", "o").replace("1", "l")} `],
  [plain.replace("1", "I")],
])("%s is the code that was shown", (written) => {
  expect(plainCode(written)).toBe(plain);
});

test.each([
  [""],
  ["0123"],
  [`${plain}0`],
  [plain.replace("A", "U")],
  [plain.replace("A", "Ä")],
  ["0".repeat(65)],
])("%s is no code", (written) => {
  expect(plainCode(written)).toBeUndefined();
});

const claim: ClaimDefinition = {
  id: "c",
  sha256: "",
  roles: ["sensor"],
  clientIds: ["press-*"],
  expiresAt: 1_000_000,
};
const redeemed = { ...claim, redeemed: { at: 500_000, clientId: "press-7", user: "press" } };

test.each<readonly [what: string, claim: ClaimDefinition, clientId: string, now: number, worth: string]>([
  ["before it expires, to whom it is for", claim, "press-7", 999_999, "open"],
  ["when it has expired", claim, "press-7", 1_000_000, "expired"],
  ["to another client", claim, "oven", 0, "client-id"],
  ["to any client where it says nothing", { ...claim, clientIds: ["*"] }, "oven", 0, "open"],
  ["to a client id that would be a glob", { ...claim, clientIds: ["*"] }, "press-*", 0, "client-id"],
  ["again, to the same client, within the time", redeemed, "press-7", 500_000 + claimAgainMs - 1, "again"],
  ["again, to the same client, after the time", redeemed, "press-7", 500_000 + claimAgainMs, "used"],
  [
    "again, to the same client, by a clock that was set back",
    redeemed,
    "press-7",
    500_000 - claimAgainMs,
    "used",
  ],
  ["again, to another client", redeemed, "press-8", 500_001, "used"],
  ["again, although it would have expired", { ...redeemed, expiresAt: 500_001 }, "press-7", 500_002, "again"],
])("a claim is worth something: %s", (_what, given, clientId, now, worth) => {
  expect(claimWorth(given, clientId, now)).toBe(worth);
});

test.each([["%u"], ["a*"], ["a?"], [""], ["a\n"], ["a".repeat(129)]])(
  "nothing is bound to %j",
  (clientId) => {
    expect(isBindable(clientId)).toBe(false);
  },
);
