import { expect, test } from "vitest";
import { isBalanced, ledgerOf, positionOf } from "../../src/core/read-model.ts";

const samples = { decoded: 3, stored: 3, duplicate: 0, late: 0, corrected: 0 };
const messages = {
  received: 6,
  stored: 3,
  rejected: { malformed: 1 },
  dropped: { duplicate: 1, overload: 1 },
};

test("messages balance when each is stored, rejected or dropped", () => {
  expect(ledgerOf({ messages, samples }, []).balanced).toBe(true);
  expect(ledgerOf({ messages: { ...messages, received: 7 }, samples }, []).balanced).toBe(false);
  expect(ledgerOf({ messages: { ...messages, stored: -1, received: 2 }, samples }, []).balanced).toBe(false);
});

test("records evicted before their turn are counted as such, and the stream still balances", () => {
  const stream = { name: "summaries" as const, head: 100, first: 51 };
  const upstreams = [
    { name: "fast", cursor: 80, skipped: 0 },
    { name: "slow", cursor: 20, skipped: 5 },
  ];
  const ledger = ledgerOf({ messages, samples }, [{ ...stream, upstreams }]);
  expect(ledger.streams["summaries"]).toEqual({
    length: 100,
    evicted: 35,
    upstreams: {
      fast: { acked: 80, pending: 20, evicted: 0 },
      slow: { acked: 15, pending: 50, evicted: 35 },
    },
  });
  expect(ledger.balanced).toBe(true);
});

test("a cursor past the head does not balance", () => {
  const upstreams = [{ name: "cloud", cursor: 11, skipped: 0 }];
  const ledger = ledgerOf({ messages, samples }, [{ name: "alerts", head: 10, first: 1, upstreams }]);
  expect(ledger.balanced).toBe(false);
});

test("an empty stream has nothing anywhere", () => {
  expect(positionOf({ head: 0, first: 1 }, { cursor: 0, skipped: 0 })).toEqual({
    acked: 0,
    pending: 0,
    evicted: 0,
  });
});

test("books that were changed by one record no longer balance", () => {
  const upstreams = [{ name: "cloud", cursor: 4, skipped: 0 }];
  const ledger = ledgerOf({ messages, samples }, [{ name: "alerts", head: 10, first: 1, upstreams }]);
  expect(isBalanced(ledger)).toBe(true);
  const streams = {
    alerts: { length: 11, evicted: 0, upstreams: ledger.streams["alerts"]?.upstreams ?? {} },
  };
  expect(isBalanced({ ...ledger, streams })).toBe(false);
});
