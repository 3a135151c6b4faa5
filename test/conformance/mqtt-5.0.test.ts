/** Each test of `mqtt-5.0/` carries the numbers of the statements that it is about; here they are held against the table. */
import { expect, test } from "vitest";
import { statements } from "./mqtt-5.0-statements.ts";
import { statementsTestedIn } from "./tested-statements.ts";

const tested = statementsTestedIn(new URL("mqtt-5.0/", import.meta.url));

test("there are as many statements as the standard has", () => {
  expect(new Set(statements.map(({ id }) => id)).size).toBe(251);
});

test.each(statements)("$id has a test, or a reason why it has none", ({ id, untested }) => {
  // Either, and not both: a reason beside a test is out of date.
  expect(tested.has(id)).toBe(untested === undefined);
});

test("no test carries a number that there is not", () => {
  const known = new Set(statements.map(({ id }) => id));
  expect([...tested].filter((id) => !known.has(id))).toEqual([]);
});
