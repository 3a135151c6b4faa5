import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type FileWatch, watchFiles } from "../../src/cli/run/file-watch.ts";
import { Reloader } from "../../src/cli/run/reloader.ts";
import type { Setup } from "../../src/cli/setup.ts";
import { failed, ok, type Result } from "../../src/core/errors.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";

let watch: FileWatch | undefined;
afterEach(() => watch?.close());

test("a change of a file, a new file and a file that is replaced are each noticed once", async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-watch-"));
  const file = join(directory, "holdfast.jsonc");
  const rules = join(directory, "rules.d");
  const tree = join(directory, "devices");
  writeFileSync(file, "{}");
  let changes = 0;
  watch = watchFiles(
    { paths: [file, undefined, rules], trees: [tree] },
    () => {
      changes += 1;
    },
    10,
  );
  await watch.ready;
  mkdirSync(rules);
  await expect.poll(() => changes).toBe(1);
  writeFileSync(join(rules, "a.jsonc"), "{}");
  await expect.poll(() => changes).toBe(2);
  writeFileSync(join(directory, "next"), '{ "rollups": [] }');
  renameSync(join(directory, "next"), file);
  await expect.poll(() => changes).toBe(3);
  mkdirSync(join(tree, "acme"), { recursive: true });
  writeFileSync(join(tree, "acme", "t1.json"), "{}");
  await expect.poll(() => changes).toBe(4);
  writeFileSync(join(tree, "acme", "t1.json"), '{ "vendor": "Acme" }');
  await expect.poll(() => changes).toBe(5);
});

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reloader only hands it on.
const setup = { rules: [], config: {}, refusedProfiles: [], file: undefined } as unknown as Setup;

function makeReloader(load: (inForce: Setup) => Promise<Result<Setup>>, reload: () => Promise<Result<void>>) {
  const logger = new RememberingLogger();
  return { logger, reloader: new Reloader({ load, inForce: setup, gateway: { reload }, logger }) };
}

test("what is refused while loading never reaches the gateway", async () => {
  let reloads = 0;
  const problem = { code: "RULE_KEY", message: "No.", pointer: "/x" };
  const { logger, reloader } = makeReloader(
    () => Promise.resolve(failed([problem])),
    () => {
      reloads += 1;
      return Promise.resolve(ok(undefined));
    },
  );
  reloader.request("SIGHUP");
  await reloader.idle();
  expect(reloads).toBe(0);
  expect(logger.lines).toMatchObject([
    { level: "error", fields: { event: "reload-refused", reason: "SIGHUP", problems: [problem] } },
  ]);
});

test("what the gateway refuses, and what fails, is logged and leaves the reloader usable", async () => {
  const outcomes = [
    () => Promise.resolve(failed<void>([{ code: "A_B", message: "No.", pointer: "" }])),
    () => Promise.reject(new Error("broken")),
    () => Promise.resolve(ok(undefined)),
  ];
  const { logger, reloader } = makeReloader(
    () => Promise.resolve(ok(setup)),
    () => outcomes.shift()?.() ?? Promise.reject(new Error("too many")),
  );
  for (const reason of ["one", "two", "three"]) {
    reloader.request(reason);
    await reloader.idle();
  }
  expect(logger.lines.map((line) => line.fields["event"])).toEqual([
    "reload-refused",
    "reload-failed",
    "reloaded",
  ]);
});

test("requests during a reload become one more reload after it", async () => {
  let running = 0;
  let most = 0;
  let count = 0;
  const { reloader } = makeReloader(
    () => Promise.resolve(ok(setup)),
    async () => {
      running += 1;
      count += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return ok(undefined);
    },
  );
  for (let request = 0; request < 5; request += 1) reloader.request(`r${request}`);
  await reloader.idle();
  await expect.poll(() => count).toBe(2);
  expect(most).toBe(1);
});
