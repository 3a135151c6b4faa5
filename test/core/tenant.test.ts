import { expect, test } from "vitest";
import { isOfTenant, isReservedTopic, mountOf, tenantOf, withinTenant } from "../../src/core/tenant.ts";

test.each<readonly [name: string, tenant: string | undefined, within: string]>([
  ["@north/a/b", "north", "a/b"],
  ["@north/", "north", ""],
  ["@north", undefined, "@north"],
  ["@North/a", undefined, "@North/a"],
  ["@/a", undefined, "@/a"],
  ["@-n/a", undefined, "@-n/a"],
  ["north/a", undefined, "north/a"],
  ["/@north/a", undefined, "/@north/a"],
  ["@north/@south/a", "north", "@south/a"],
  ["", undefined, ""],
])("%s is read as it was written", (name, tenant, within) => {
  expect([tenantOf(name), withinTenant(name)]).toEqual([tenant, within]);
  expect(tenant === undefined || mountOf(tenant) + within === name).toBe(true);
  expect(["north", "south", undefined].filter((one) => isOfTenant(name, one))).toEqual([tenant]);
});

test.each([
  ["$SYS/x", true],
  ["holdfast/x", true],
  ["@north/holdfast/x", true],
  ["@north/$x", true],
  ["@north/@south/holdfast/x", false],
  ["@north/x/holdfast/x", false],
  ["@north", false],
])("whether %s is nobody's to publish to is %s", (topic, isReserved) => {
  expect(isReservedTopic(topic, "holdfast/")).toBe(isReserved);
});
