import { expect, test } from "vitest";
import { type Claim, claimsOverlap, isNarrowerClaim } from "../../src/core/claim.ts";

const wh65 = [{ path: "model", values: ["WH65"] }];
const wh65WithBattery = [...wh65, { path: "battery" }];

test.each<readonly [string, Claim, Claim]>([
  ["a filter within another one", { filter: "a/b" }, { filter: "a/+" }],
  ["clients before all clients", { filter: "#", clients: ["x-*"] }, { filter: "a/b" }],
  ["a fingerprint before none", { filter: "#", fingerprint: wh65 }, { filter: "a/b" }],
  ["clients within others", { filter: "#", clients: ["x-1", "x-2*"] }, { filter: "a/+", clients: ["x-*"] }],
  [
    "a fingerprint that asks more",
    { filter: "#", fingerprint: wh65WithBattery },
    { filter: "a", fingerprint: wh65 },
  ],
  [
    "both before one of the two",
    { filter: "#", clients: ["x"], fingerprint: wh65 },
    { filter: "a", fingerprint: wh65 },
  ],
  [
    "different questions are told apart by topics",
    { filter: "a/+", fingerprint: wh65 },
    { filter: "#", clients: ["x"] },
  ],
])("%s: the first is narrower", (_name, narrow, wide) => {
  expect(claimsOverlap(narrow, wide)).toBe(true);
  expect(isNarrowerClaim(narrow, wide)).toBe(true);
  expect(isNarrowerClaim(wide, narrow)).toBe(false);
});

test.each<readonly [string, Claim, Claim]>([
  ["the same", { filter: "a", clients: ["x"] }, { filter: "a", clients: ["x"] }],
  ["filters that cross", { filter: "a/+" }, { filter: "+/b" }],
  ["clients that cross", { filter: "a", clients: ["x*"] }, { filter: "a", clients: ["*y"] }],
  [
    "a client and a payload on the same topics",
    { filter: "a", clients: ["x"] },
    { filter: "a", fingerprint: wh65 },
  ],
])("%s: they overlap, and none is narrower", (_name, one, other) => {
  expect(claimsOverlap(one, other)).toBe(true);
  expect(isNarrowerClaim(one, other)).toBe(false);
  expect(isNarrowerClaim(other, one)).toBe(false);
});

test.each<readonly [string, Claim, Claim]>([
  ["topics", { filter: "a" }, { filter: "b" }],
  ["clients", { filter: "#", clients: ["x-*"] }, { filter: "#", clients: ["y-*", "z"] }],
  [
    "payloads",
    { filter: "#", fingerprint: wh65 },
    { filter: "#", fingerprint: [{ path: "model", values: ["WH51"] }] },
  ],
])("%s that have nothing in common keep claims apart", (_name, one, other) => {
  expect(claimsOverlap(one, other)).toBe(false);
});
