import { expect, test } from "vitest";
import { alertLine } from "../../src/cli/demo/alert-line.ts";
import { alertOf } from "../api/world.ts";

const plain = { write: () => undefined, isTerminal: false, colour: false };

test("an alert is one line: time, state, rule, summary", () => {
  const line = alertLine(plain, JSON.stringify(alertOf("warm", "firing")));
  expect(line).toBe("12:27:40  FIRING    warm            fridge-1 at 9.5 °C\n");
});

test("without a summary the line names the group", () => {
  const line = alertLine(plain, JSON.stringify({ ...alertOf("warm", "ok"), annotations: {} }));
  expect(line).toMatch(/OK {8}warm {12}fridge-1\n$/);
});

test("control characters from a device do not reach the terminal", () => {
  const annotations = { summary: "\u001b[2Jgone\r\n" };
  const line = alertLine(plain, JSON.stringify({ ...alertOf("warm", "firing"), annotations })) ?? "";
  expect(line.trimEnd()).toMatch(/\\x1b\[2Jgone\\x0d\\x0a$/);
});

test.each(["", "{}", "[1]", "7"])("a payload of %j is no alert", (payload) => {
  expect(alertLine(plain, payload)).toBeUndefined();
});
