import { expect, test } from "vitest";
import { TenantQuotas } from "../../src/core/access/tenant-quotas.ts";
import { SeriesTable } from "../../src/core/series.ts";

test("a tenant has so many series, and those of others are not counted to it", () => {
  const quotas = new TenantQuotas([{ name: "north", limits: { series: 2 } }]);
  const known = [{ id: 0, device: "@north/a", metric: "t" }];
  const table = new SeriesTable(known, 1, quotas);
  const of = (device: string): number => table.resolve(device, "t");
  expect([of("@north/b"), of("@north/c"), of("@south/c"), of("c"), of("@northern/c")]).toEqual([
    1, -1, 2, 3, 4,
  ]);
  expect([of("@north/a"), of("@north/b")]).toEqual([0, 1]);
  table.retire("@north/a", "t");
  expect([of("@north/c"), of("@north/d")]).toEqual([5, -1]);
  const [family] = quotas.metrics;
  expect(family?.read().filter(({ value }) => value > 0)).toEqual([
    { labels: { tenant: "north", quota: "series" }, value: 2 },
  ]);
});

test("quotas that are not set bind nobody, and are not counted", () => {
  const quotas = new TenantQuotas([]);
  const table = new SeriesTable([], 0, quotas);
  for (let number = 0; number < 50; number += 1) expect(table.resolve(`@north/${number}`, "t")).toBe(number);
  quotas.reached("north", "series");
  expect(quotas.metrics[0]?.read()).toEqual([]);
});
