import { expect, test } from "vitest";
import { isAddressed } from "../../../src/core/alert/command.ts";

const alert = { id: "0123456789abcdef", rule: "warm", key: { device: "fridge-1", metric: "temperature" } };

test.each([
  ["its id", { alert: "0123456789abcdef" }, true],
  ["the id of another episode", { alert: "0123456789abcdee" }, false],
  [
    "rule and key in another order",
    { rule: "warm", key: { metric: "temperature", device: "fridge-1" } },
    true,
  ],
  ["another rule", { rule: "cold", key: alert.key }, false],
  ["another value", { rule: "warm", key: { device: "fridge-2", metric: "temperature" } }, false],
  ["a part of the key", { rule: "warm", key: { device: "fridge-1" } }, false],
  ["another name", { rule: "warm", key: { device: "fridge-1", line: "temperature" } }, false],
] as const)("an alert addressed by %s, %o: %s", (_, target, addressed) => {
  expect(isAddressed(target, alert)).toBe(addressed);
});
