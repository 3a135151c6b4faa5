import { expect, test } from "vitest";
import { Lockout, networkOf } from "../../../src/core/access/lockout.ts";
import { loginFailuresFree, loginLocksMax } from "../../../src/core/limits.ts";

test("a few wrong passwords are free, and then each doubles the wait up to a minute", () => {
  const lockout = new Lockout();
  let nowMs = 0;
  const waits: number[] = [];
  for (let failure = 0; failure < 12; failure += 1) {
    lockout.onFailure("10.0.0.1", "press", { nowMs, random: 1 });
    let waitMs = 0;
    while (lockout.isLocked("10.0.0.1", "press", nowMs + waitMs)) waitMs += 500;
    waits.push(waitMs);
    nowMs += waitMs;
  }
  expect(waits.slice(0, loginFailuresFree)).toEqual(Array.from({ length: loginFailuresFree }, () => 0));
  expect(waits.slice(loginFailuresFree)).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
  ]);
});

function locked(): Lockout {
  const lockout = new Lockout();
  for (let failure = 0; failure <= loginFailuresFree; failure += 1) {
    lockout.onFailure("10.0.0.1", "press", { nowMs: 0, random: 0 });
  }
  return lockout;
}

test("a lock is on one user from one address", () => {
  const lockout = locked();
  expect(lockout.isLocked("10.0.0.1", "press", 400)).toBe(true);
  expect(lockout.isLocked("10.0.0.2", "press", 400)).toBe(false);
  expect(lockout.isLocked("10.0.0.1", "oven", 400)).toBe(false);
  expect(lockout.isLocked("::ffff:10.0.0.1", "press", 400)).toBe(true);
});

test("chance halves a lock at most", () => {
  const lockout = locked();
  expect([499, 500].map((nowMs) => lockout.isLocked("10.0.0.1", "press", nowMs))).toEqual([true, false]);
});

test("success, and a quarter of an hour, make everything free again", () => {
  const forgiven = locked();
  forgiven.onSuccess("10.0.0.1", "press");
  expect(forgiven.isLocked("10.0.0.1", "press", 1)).toBe(false);
  const rested = locked();
  rested.onFailure("10.0.0.1", "press", { nowMs: 20 * 60_000, random: 1 });
  expect(rested.isLocked("10.0.0.1", "press", 20 * 60_000)).toBe(false);
});

test("as many pairs are remembered as may be, and the oldest leaves", () => {
  const lockout = locked();
  for (let other = 0; other < loginLocksMax; other += 1) {
    lockout.onFailure("10.0.0.1", `user ${other}`, { nowMs: 1, random: 1 });
  }
  expect(lockout.isLocked("10.0.0.1", "press", 2)).toBe(false);
});

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "0:0:0:0"],
])("one party behind %s has %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
