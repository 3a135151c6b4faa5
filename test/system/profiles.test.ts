/** A gateway with a library of device profiles, of which some are wrong: the others serve. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdfast } from "../cli/holdfast.ts";
import { type GatewayProcess, type LogLine, startGateway } from "../support/gateway-process.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

let directory: TemporaryDirectory;
let gateway: GatewayProcess | undefined;
beforeEach(async () => {
  directory = await temporaryDirectory("profiles");
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await directory[Symbol.asyncDispose]();
});

async function write(name: string, text: string): Promise<void> {
  const path = join(directory.path, "devices", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A profile of sensors on `<name>/…`, with a rule for more than 50 °C. */
function profile(name: string, more: Readonly<Record<string, unknown>> = {}): string {
  const topic = `${name}/a`;
  return JSON.stringify(
    {
      vendor: "Acme",
      model: name,
      version: 1,
      source: "Acme manual, page 7",
      match: [`${name}/+`],
      codec: "json",
      device: `${name}-{1}`,
      metrics: { temperature: { preset: "temperature", from: "/t" } },
      rules: [
        {
          id: `acme-${name}-hot`,
          source: { metric: "temperature" },
          when: { field: "value", op: ">", value: 50 },
          tests: [
            {
              name: "fires above 50",
              interval: "1m",
              input: [{ device: "a", metric: "temperature", values: "20 60" }],
              expect: [{ at: "1m", key: { device: "a" }, state: "firing" }],
            },
          ],
        },
      ],
      examples: {
        good: [{ topic, json: { t: 1 }, expect: { temperature: 1 } }],
        bad: [{ topic, text: "x", cause: "malformed" }],
      },
      ...more,
    },
    undefined,
    2,
  );
}

/** A profile that knows its devices by what their payloads say. */
function asking(name: string): string {
  return profile(name, {
    match: ["plant/telemetry"],
    device: name,
    fingerprint: { "/m": name },
    examples: {
      good: [{ topic: "plant/telemetry", json: { m: name, t: 1 }, expect: { temperature: 1 } }],
      bad: [{ topic: "plant/telemetry", text: "x", cause: "malformed" }],
    },
  });
}

async function start(ingest: Readonly<Record<string, unknown>> = {}, rules: readonly object[] = []) {
  const config = { ingest: { devicesDirs: [join(directory.path, "devices")], ...ingest } };
  gateway = await startGateway({ directory: directory.path, config, rules });
  return gateway;
}

async function send(clientId: string, topic: string, payload: unknown): Promise<void> {
  const client = await connectAsync(gateway!.url, { clientId });
  await client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
  await client.endAsync();
}

interface ShownRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly fromProfile?: string;
  readonly description: string;
}

async function shownRules(): Promise<readonly ShownRule[]> {
  return (await gateway!.get<{ readonly rules: readonly ShownRule[] }>("/api/v1/rules")).rules;
}

async function firing(): Promise<readonly unknown[]> {
  const { alerts } = await gateway!.get<{
    readonly alerts: readonly { rule: string; state: string; key: object }[];
  }>("/api/v1/alerts");
  return alerts.filter(({ state }) => state === "firing").map(({ rule, key }) => [rule, key]);
}

/** Sends SIGHUP and waits for what the gateway says to it. */
async function reload(): Promise<readonly LogLine[]> {
  const before = gateway!.log.length;
  gateway!.signal("SIGHUP");
  await until("it has reloaded", () => gateway!.log.slice(before).some(({ event }) => event === "reloaded"), {
    withinMs: 10_000,
  });
  return gateway!.log.slice(before);
}

test("a gateway with a broken profile starts, says where it is broken, and serves the others", async () => {
  await write("acme/broken.json", '{\n  "vendor": "Acme",\n  "model": oops\n}\n');
  await write("acme/t1.json", profile("t1"));
  await write("acme/t2.json", profile("t2", { codec: "jsn" }));
  await write("acme/t3.json", profile("t3", { match: ["t1/+", "t3/+"], device: "other-{1}" }));
  const { log } = await start();
  const told = log.filter(({ event }) => event === "profile-refused");
  expect(told).toMatchObject([
    { level: "error", file: "devices/acme/broken.json", line: 3, column: 12, code: "PROFILE_SYNTAX" },
    {
      file: "devices/acme/t2.json",
      line: 9,
      column: 12,
      code: "PROFILE_CODEC",
      message: 'There is no codec "jsn".',
    },
    { file: "devices/acme/t3.json", code: "PROFILE_MATCH_SHARED", pointer: "/match/0" },
  ]);
  await send("c", "t1/a", { t: 60 });
  expect(await firing()).toEqual([["acme-t1-hot", { device: "t1-a" }]]);
  expect(await shownRules()).toMatchObject([{ id: "acme-t1-hot", fromProfile: "acme/t1" }]);
});

test.each([["run --check"], ["devices check"]])("%s says so with exit 3, and every place", async (words) => {
  await write("acme/broken.json", '{\n  "vendor": "Acme",\n  "model": oops\n}\n');
  await write("acme/t1.json", profile("t1"));
  await writeFile(join(directory.path, "holdfast.jsonc"), '{ "ingest": { "devicesDirs": ["devices"] } }');
  const ended = await holdfast(words.split(" "), directory.path);
  expect(ended).toMatchObject({ code: 3, out: "" });
  expect(ended.err).toMatch(/^devices\/acme\/broken\.json:3:12: .*texts stand in double quotes/m);
  expect(ended.err).toContain("2 problems found.");
});

test("a rule whose test fails makes its profile wrong, with its place", async () => {
  const text = profile("t1").replace('"value": 50', '"value": 500');
  await write("acme/t1.json", text);
  await write("acme/t2.json", profile("t2"));
  const { log } = await start();
  const line = text.split("\n").findIndex((one) => one.includes('"name": "fires above 50"'));
  expect(log.filter(({ event }) => event === "profile-refused")).toMatchObject([
    { file: "devices/acme/t1.json", line, column: 9, code: "RULE_TEST_FAILED", pointer: "/rules/0/tests/0" },
  ]);
  expect(await shownRules()).toMatchObject([{ id: "acme-t2-hot" }]);
});

test("a reload with a broken profile keeps what was in force of it, and takes the rest", async () => {
  await write("acme/t1.json", profile("t1"));
  await write("acme/t2.json", profile("t2"));
  await start();
  await write("acme/t1.json", profile("t1").replace('"version": 1', '"version": one'));
  await write("acme/t2.json", profile("t2", { device: "renamed-{1}" }));
  const lines = await reload();
  expect(lines.filter(({ event }) => event === "profile-refused")).toMatchObject([
    { file: "devices/acme/t1.json", line: 4, column: 14 },
  ]);
  await send("c", "t1/a", { t: 60 });
  await send("c", "t2/a", { t: 60 });
  expect(await firing()).toEqual(
    expect.arrayContaining([
      ["acme-t1-hot", { device: "t1-a" }],
      ["acme-t2-hot", { device: "renamed-a" }],
    ]),
  );
  await write("acme/t1.json", profile("t1", { device: "mended-{1}" }));
  expect((await reload()).filter(({ event }) => event === "profile-refused")).toEqual([]);
  await send("c", "t1/b", { t: 60 });
  expect(await firing()).toContainEqual(["acme-t1-hot", { device: "mended-b" }]);
});

test("a rule of the operator stands in place of a profile's, and the key switches all of them off", async () => {
  await write("acme/t1.json", profile("t1"));
  await write("acme/t2.json", profile("t2"));
  const mine = {
    id: "acme-t1-hot",
    enabled: false,
    source: { metric: "x" },
    when: { field: "value", op: ">", value: 1 },
  };
  const muted = { ...mine, id: "mine", enabled: true, inhibit: [{ when: { rule: "acme-t2-hot" } }] };
  await start({}, [mine, muted]);
  expect(await shownRules()).toMatchObject([
    { id: "acme-t1-hot", enabled: false },
    { id: "mine" },
    { id: "acme-t2-hot", enabled: true, fromProfile: "acme/t2" },
  ]);
  // What it is muted by comes with a profile that is wrong just now: that is no reason not to start.
  await gateway!.stop();
  await write("acme/t2.json", "{");
  await gateway!.start();
  expect((await shownRules()).map(({ id }) => id)).toEqual(["acme-t1-hot", "mine"]);
  await gateway!.stop();
  gateway = undefined;
  await write("acme/t2.json", profile("t2"));
  gateway = await startGateway({
    directory: directory.path,
    config: { ingest: { devicesDirs: [join(directory.path, "devices")], profileRules: false } },
    rules: [mine, { ...mine, id: "mine" }],
  });
  expect((await shownRules()).map(({ id }) => id)).toEqual(["acme-t1-hot", "mine"]);
});

test("two clients on one topic are decoded each by the profile that it tells of", async () => {
  await write("acme/t1.json", asking("t1"));
  await write("acme/t2.json", asking("t2"));
  await start();
  await send("one", "plant/telemetry", { m: "t1", t: 20 });
  await send("other", "plant/telemetry", { m: "t2", t: 20 });
  await send("one", "plant/telemetry", { t: 60 });
  expect(await firing()).toEqual([["acme-t1-hot", { device: "t1" }]]);
  await send("stranger", "plant/telemetry", { t: 70 });
  await send("other", "plant/telemetry", { t: 60 });
  expect(await firing()).toEqual(
    expect.arrayContaining([
      ["acme-t1-hot", { device: "t1" }],
      ["acme-t2-hot", { device: "t2" }],
    ]),
  );
});
