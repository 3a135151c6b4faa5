import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { demoRules } from "../../src/cli/demo/files.ts";
import { holdfast, Running } from "./holdfast.ts";

let directory: string;
const started: Running[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-run-"));
  mkdirSync(join(directory, "rules.d"));
  writeRule("door-open.jsonc", demoRules["door-open.jsonc"] ?? "");
  configure({});
});
afterEach(async () => {
  for (const running of started.splice(0)) {
    running.child.kill("SIGKILL");
    await running.ended;
  }
});

function configure(more: Record<string, unknown>): void {
  const config = {
    gateway: { id: "gw-7" },
    listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 0 }],
    http: { host: "127.0.0.1", port: 0 },
    ...more,
  };
  writeFileSync(join(directory, "holdfast.jsonc"), JSON.stringify(config));
}

function writeRule(name: string, text: string): void {
  writeFileSync(join(directory, "rules.d", name), text);
}

interface Line {
  readonly event?: string;
  readonly listeners?: readonly { protocol: string; host: string; port: number }[];
  readonly http?: { host: string; port: number };
}

function lines(running: Running): Line[] {
  return running.out
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function start(
  words: readonly string[] = [],
): Promise<{ running: Running; mqtt: number; http: number }> {
  const running = new Running(["run", "--config", "holdfast.jsonc", ...words], directory);
  started.push(running);
  const ready = await lineOf(running, "ready");
  return { running, mqtt: ready.listeners?.[0]?.port ?? 0, http: ready.http?.port ?? 0 };
}

/** Waits for a log line. */
async function lineOf(running: Running, event: string, count = 1): Promise<Line> {
  await expect
    .poll(() => lines(running).filter((line) => line.event === event).length, {
      timeout: 10_000,
      message: `${event}; stderr: ${running.err}; stdout: ${running.out.slice(-2_000)}`,
    })
    .toBeGreaterThanOrEqual(count);
  return lines(running).findLast((line) => line.event === event) ?? {};
}

async function json(port: number, path: string): Promise<any> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json();
}

test("it says when it serves and where, takes readings, keeps the books, and stops on SIGTERM", async () => {
  const { running, mqtt, http } = await start();
  expect(lines(running).find((line) => line.event === "ready")).toMatchObject({
    listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: mqtt }],
    http: { host: "127.0.0.1", port: http },
  });
  expect((await fetch(`http://127.0.0.1:${http}/readyz`)).status).toBe(200);
  const words = ["simulate", "--url", `mqtt://127.0.0.1:${mqtt}`, "--rate", "200", "--seconds", "0.5"];
  const simulated = await holdfast([...words, "--json"], directory);
  expect(JSON.parse(simulated.out)).toMatchObject({ sent: 100, acknowledged: 100 });
  expect(await json(http, "/api/v1/ledger")).toMatchObject({ received: 100, stored: 100, balanced: true });
  expect((await json(http, "/api/v1/rules")).rules).toMatchObject([{ id: "door-open" }]);
  expect(await json(http, "/api/v1/status")).toMatchObject({ gateway: "gw-7", state: "running" });
  expect(await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()).toContain("holdfast_build_info");
  const begun = performance.now();
  running.child.kill("SIGTERM");
  const ended = await running.ended;
  expect(ended).toMatchObject({ code: 0, signal: null, err: "" });
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(lines(running).at(-1)).toMatchObject({ event: "stopped" });
});

test("a second gateway on the same data is refused with exit 5 and a hint, and so is verify", async () => {
  const { running } = await start();
  const second = await holdfast(["run", "--config", "holdfast.jsonc"], directory);
  expect(second.code).toBe(5);
  expect(second.err).toMatch(/\[STORE_LOCKED\]\n(?: {2}cause: .*\n)? {2}hint: /);
  expect((await holdfast(["verify", "data"], directory)).code).toBe(5);
  running.child.kill("SIGTERM");
  await running.ended;
  const verified = await holdfast(["verify", "data"], directory);
  expect(verified).toMatchObject({ code: 0, err: "" });
  expect(verified.out).toContain("Nothing is missing.");
});

test("verify leaves a store as it found it: neither a second one nor the gateway finds anything", async () => {
  const { running } = await start();
  running.child.kill("SIGTERM");
  await running.ended;
  expect(await holdfast(["verify", "data"], directory)).toMatchObject({ code: 0 });
  const second = await holdfast(["verify", "data", "--json"], directory);
  expect(JSON.parse(second.out)).toMatchObject({ ok: true, findings: [], gaps: [] });
  const again = await start();
  expect(lines(again.running).map((line) => line.event)).not.toContain("store-damaged");
});

test("verify of a directory without a store is exit 5 with a hint", async () => {
  const ended = await holdfast(["verify", "nowhere"], directory);
  expect(ended.code).toBe(5);
  expect(ended.err).toContain("hint: ");
});

test("a port that is taken is named with a hint", async () => {
  const { http, mqtt } = await start();
  configure({ dataDir: "other", http: { port: http } });
  const web = await holdfast(["run", "--config", "holdfast.jsonc"], directory);
  expect(web.code).toBe(1);
  expect(web.err).toMatch(new RegExp(`127\\.0\\.0\\.1:${http} .*\\[API_LISTEN\\]\n(?:.*\n)?  hint: `));
  configure({ dataDir: "other", listeners: [{ port: mqtt }] });
  const broker = await holdfast(["run", "--config", "holdfast.jsonc"], directory);
  expect(broker.code).toBe(1);
  expect(broker.err).toMatch(new RegExp(`${mqtt}[^]*hint: `));
});

test("SIGHUP and a changed file put new rules in force, and a wrong rule changes nothing", async () => {
  const { running, http } = await start();
  const ids = async () => (await json(http, "/api/v1/rules")).rules.map((rule: { id: string }) => rule.id);
  writeRule("motor-shakes.jsonc", demoRules["motor-shakes.jsonc"] ?? "");
  running.child.kill("SIGHUP");
  await lineOf(running, "reloaded");
  expect(await ids()).toEqual(["door-open", "motor-shakes"]);
  writeRule("cold-room-warm.jsonc", '{ "id": "broken" ');
  running.child.kill("SIGHUP");
  await lineOf(running, "reload-refused");
  expect(await ids()).toEqual(["door-open", "motor-shakes"]);
  writeRule("cold-room-warm.jsonc", demoRules["cold-room-warm.jsonc"] ?? "");
  const reloads = lines(running).filter((line) => line.event === "reloaded").length;
  await lineOf(running, "reloaded", reloads + 1);
  expect(await ids()).toEqual(["cold-room-warm", "door-open", "motor-shakes"]);
});

test("a second signal ends it at once with 130", async () => {
  const { running, http } = await start();
  // A request that never ends keeps the gateway from closing for a second.
  const socket = connect(http, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half:", () => resolve());
  });
  running.child.kill("SIGTERM");
  await lineOf(running, "stopping");
  running.child.kill("SIGTERM");
  expect((await running.ended).code).toBe(130);
  socket.destroy();
});

test("--data names another data directory than the configuration does", async () => {
  const { running } = await start(["--data", "elsewhere"]);
  running.child.kill("SIGINT");
  expect((await running.ended).code).toBe(0);
  expect((await holdfast(["verify", "elsewhere"], directory)).code).toBe(0);
});
