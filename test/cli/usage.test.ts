import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { version } from "../../src/ops/build-info.ts";
import { holdfast } from "./holdfast.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-usage-"));

test.each([
  [["simualte"], "Did you mean simulate?"],
  [["simulate", "--sed", "1"], "Did you mean --seed?"],
  [["config", "chekc"], "Did you mean check?"],
  [["simulate", "--rate", "fast"], "a number above 0"],
  [["simulate", "--devices", "0"], "a whole number from 1"],
  [["simulate", "--devices", "1e3"], "a whole number from 1"],
  [["simulate", "--url", "http://localhost"], "mqtt://127.0.0.1:1883"],
  [["run", "--log-level", "loud"], "debug, info, warn, error"],
  [["verify"], "missing required argument 'dir'"],
  [["rules", "check"], "missing required argument 'path'"],
  [[], "Usage: holdfast"],
])("%j is wrong usage: exit 2, and stderr says what to write", async (words, said) => {
  const ended = await holdfast(words, directory);
  expect(ended).toMatchObject({ code: 2, out: "" });
  expect(ended.err).toContain(said);
});

test("the version and the help go to stdout with exit 0", async () => {
  const [shown, help] = await Promise.all([
    holdfast(["-V"], directory),
    holdfast(["run", "--help"], directory),
  ]);
  expect(shown).toMatchObject({ code: 0, out: `${version}\n`, err: "" });
  expect(help).toMatchObject({ code: 0, err: "" });
  expect(help.out).toContain("--config <file>");
});
