/** What devices run is the bundle: it has to hold everything that the program loads only when it needs it. */
import { execFile } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

const rule = {
  id: "high",
  source: { device: "*", metric: "t" },
  window: { type: "tumbling", size: "10s" },
  aggregate: { middle: "median" },
  when: { expr: "middle > 8.0 && device.matches('^f.*')" },
  tests: [
    {
      name: "fires",
      interval: "1s",
      input: [{ device: "f1", metric: "t", values: "9x12" }],
      expect: [{ at: "11s", key: { device: "f1" }, state: "firing" }],
    },
  ],
};

test("the bundle tests a rule with an expression, a pattern and a quantile", async () => {
  await using directory = await temporaryDirectory("build");
  const dist = join(directory.path, "dist");
  await run(process.execPath, ["deploy/build.ts", dist], { cwd: root });
  // Native packages stand beside the bundle.
  await symlink(join(root, "node_modules"), join(directory.path, "node_modules"));
  const file = join(directory.path, "rule.json");
  await writeFile(file, JSON.stringify(rule));
  const { stdout } = await run(process.execPath, [join(dist, "holdfast.js"), "rules", "test", file]);
  expect(stdout).toContain("1 test of 1 rule: none failed.");
}, 60_000);
