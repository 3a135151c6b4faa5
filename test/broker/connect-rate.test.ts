import fc from "fast-check";
import { expect, test } from "vitest";
import { type ConnectBounds, ConnectRate, usualConnectBounds } from "../../src/broker/connect-rate.ts";
import { connectAddressesMax } from "../../src/core/limits.ts";

const bounds: ConnectBounds = { burst: 100, perSecond: 20, ofOneBurst: 50, ofOnePerSecond: 10 };

function countTaken(rate: ConnectRate, network: string, attempts: number, nowMs: number): number {
  let taken = 0;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (rate.take(network, nowMs) === undefined) taken += 1;
  }
  return taken;
}

test("one address begins as many as its burst, and then as many a second as its rate", () => {
  const rate = new ConnectRate(bounds, 0);
  expect(countTaken(rate, "10.0.0.1", 1_000, 0)).toBe(50);
  expect(rate.take("10.0.0.1", 0)).toBe("address-rate");
  expect(countTaken(rate, "10.0.0.1", 1_000, 1_000)).toBe(10);
  expect(countTaken(rate, "10.0.0.1", 1_000, 1_050)).toBe(0);
  expect(countTaken(rate, "10.0.0.1", 1_000, 3_600_000)).toBe(50);
});

test("a flood from one address leaves others all that they need", () => {
  const rate = new ConnectRate(bounds, 0);
  for (let second = 0; second < 60; second += 1) {
    countTaken(rate, "10.0.0.66", 1_000, second * 1_000);
    expect(rate.take(`10.0.1.${second}`, second * 1_000)).toBeUndefined();
  }
});

test("floods from many addresses leave a quarter to those that have hardly asked", () => {
  const rate = new ConnectRate(bounds, 0);
  const taken = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((one) =>
    countTaken(rate, one, 1_000, 0),
  );
  // 75 for everybody, and what the last two get before they have asked eight times.
  expect(taken).toEqual([50, 25, 8, 8]);
  expect(rate.take("10.0.0.1", 0)).toBe("address-rate");
  expect(rate.take("10.0.0.3", 0)).toBe("rate");
  expect(rate.take("10.0.0.5", 0)).toBeUndefined();
});

test("no sequence of attempts begins more than burst and rate allow", () => {
  const attempt = fc.record({ network: fc.nat(5), afterMs: fc.nat(400), count: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 60 }), (attempts) => {
      const rate = new ConnectRate(bounds, 0);
      const taken = new Map<string, number>();
      let nowMs = 0;
      let total = 0;
      for (const { network, afterMs, count } of attempts) {
        nowMs += afterMs;
        const begun = countTaken(rate, `10.0.0.${network}`, count, nowMs);
        total += begun;
        const own = (taken.get(`${network}`) ?? 0) + begun;
        taken.set(`${network}`, own);
        expect(own).toBeLessThanOrEqual(bounds.ofOneBurst + (nowMs / 1_000) * bounds.ofOnePerSecond);
        expect(total).toBeLessThanOrEqual(bounds.burst + (nowMs / 1_000) * bounds.perSecond);
      }
    }),
  );
});

test("as many addresses are remembered as there is room for", () => {
  const rate = new ConnectRate(usualConnectBounds, 0);
  for (let address = 0; address < connectAddressesMax + 500; address += 1)
    rate.take(`net-${address}`, address);
  expect(rate.networks).toBe(connectAddressesMax);
});
