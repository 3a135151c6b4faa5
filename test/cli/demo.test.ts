import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Publisher } from "../../src/cli/simulate/publisher.ts";
import { systemClock } from "../../src/ops/clock.ts";
import { holdfast, Running } from "./holdfast.ts";

let running: Running | undefined;
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
});

test("the demo shows where to look, and alerts as they appear; it leaves a sound store behind", async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-demo-test-"));
  running = new Running(["demo", "--data", "kept"], directory);
  const demo = running;
  await expect.poll(() => demo.err, { timeout: 10_000 }).toContain("Ctrl-C stops.");
  const [, address] = /curl (http:\/\/127\.0\.0\.1:\d+)\/api\/v1\/ledger/.exec(demo.err) ?? [];
  const [, port] = /mosquitto_pub -h 127\.0\.0\.1 -p (\d+)/.exec(demo.err) ?? [];
  const publisher = new Publisher({
    host: "127.0.0.1",
    port: Number(port),
    clientId: "door",
    inFlightMax: 1,
    unreachableForMs: 5_000,
    clock: systemClock,
    random: Math.random,
  });
  await publisher.room();
  publisher.publish("plant/door-99/telemetry", '{"open":true}');
  await publisher.drained();
  await publisher.close();
  await expect.poll(() => demo.out, { timeout: 10_000 }).toMatch(/PENDING {3}door-open {7}door-99 /);
  const ledger = await (await fetch(`${address}/api/v1/ledger`)).json();
  expect(ledger).toMatchObject({ balanced: true, rejected: {} });
  const tag = "cb:b8:33:4c:88:59";
  const samplesOfTag = async (): Promise<unknown> =>
    (await fetch(`${address}/api/v1/samples?device=${tag}&metric=temperature`)).json();
  await expect
    .poll(samplesOfTag, { timeout: 10_000 })
    .toMatchObject({ samples: expect.arrayContaining([expect.objectContaining({ device: tag })]) });
  demo.child.kill("SIGINT");
  const ended = await demo.ended;
  expect(ended.code).toBe(0);
  expect(readdirSync(join(directory, "kept"))).toEqual(expect.arrayContaining(["demo-rules", "demo.jsonc"]));
  expect((await holdfast(["verify", "kept"], directory)).code).toBe(0);
});

test("without a directory the demo leaves nothing behind", async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-demo-test-"));
  running = new Running(["demo"], directory);
  const demo = running;
  await expect.poll(() => demo.err, { timeout: 10_000 }).toContain("Ctrl-C stops.");
  expect(readdirSync(directory)).toHaveLength(1);
  demo.child.kill("SIGTERM");
  expect((await demo.ended).code).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});
