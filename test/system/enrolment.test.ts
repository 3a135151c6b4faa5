/** Claim codes as people use them: made by a command, redeemed by devices at a gateway that may die meanwhile. */
import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { type Ended, Running } from "../cli/holdfast.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { mosquittoMissing } from "../support/mosquitto.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
}

const preload = fileURLToPath(new URL("../support/die-at-rename.ts", import.meta.url));

async function tell(directory: TemporaryDirectory, ...words: readonly string[]): Promise<Ended> {
  const running = new Running([...words, "--file", "users.jsonc"], directory.path);
  running.child.stdin.end("correct horse\n");
  return await running.ended;
}

async function codesOf(
  directory: TemporaryDirectory,
  ...words: readonly string[]
): Promise<readonly string[]> {
  const { code, out } = await tell(directory, "claim", "create", ...words);
  expect(code).toBe(0);
  return out.trim().split("\n");
}

async function gatewayWith(
  directory: TemporaryDirectory,
  more: Partial<Parameters<typeof startGateway>[0]> = {},
): Promise<GatewayProcess> {
  return await startGateway({
    directory: directory.path,
    ...more,
    config: { access: { usersFile: "users.jsonc" }, ...more.config },
  });
}

function post(gateway: GatewayProcess, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.httpPort}/api/v1/enrol`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function enrolled(gateway: GatewayProcess, code: string, clientId: string): Promise<Credentials> {
  const answer = await post(gateway, { code, clientId });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return JSON.parse(text) as Credentials;
}

/** Publishes a reading as the user, and ends. */
async function publishAs(gateway: GatewayProcess, credentials: Credentials): Promise<void> {
  const client = await mqtt.connectAsync(gateway.url, { ...credentials, reconnectPeriod: 0 }, false);
  await client.publishAsync(`sensors/${credentials.username}/t`, "21", { qos: 1 });
  await client.endAsync();
}

/** Redeems a code over MQTT, by any client. */
async function enrolledOverMqtt(
  gateway: GatewayProcess,
  code: string,
  clientId: string,
): Promise<Credentials> {
  const shown = { username: "claim", password: code, clientId, protocolVersion: 4, clean: false } as const;
  const client = await mqtt.connectAsync(gateway.url, { ...shown, reconnectPeriod: 0 }, false);
  const answers: string[] = [];
  client.on("message", (topic, payload) => answers.push(`${topic} ${payload.toString()}`));
  await client.subscribeAsync(`holdfast/enrol/${clientId}`, { qos: 1 });
  await until("the answer has come", () => answers.length > 0);
  await client.endAsync();
  const [topic, text = ""] = answers[0]!.split(/ (.*)/s);
  expect(topic).toBe(`holdfast/enrol/${clientId}`);
  return JSON.parse(text) as Credentials;
}

test("codes are made, listed and revoked, and what is kept of them is no code", {
  timeout: 90_000,
}, async () => {
  await using directory = await temporaryDirectory("claims");
  const codes = await codesOf(directory, "--count", "3", "--expires", "2d");
  expect(new Set(codes).size).toBe(3);
  for (const code of codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
  const text = await readFile(join(directory.path, "users.jsonc"), "utf8");
  for (const code of codes) expect(text.replaceAll("-", "")).not.toContain(code.replaceAll("-", ""));
  const made = await tell(directory, "claim", "create", "--device", "press-7", "--client-id", "p*", "--json");
  expect(JSON.parse(made.out)).toMatchObject({
    claims: [
      { code: expect.stringMatching(/^.{24}$/), roles: ["sensor"], user: "press-7", clientIds: ["p*"] },
    ],
  });
  const listed = async (): Promise<readonly { id: string; state: string }[]> =>
    JSON.parse((await tell(directory, "claim", "list", "--json")).out).claims;
  expect((await listed()).map(({ state }) => state)).toEqual(["open", "open", "open", "open"]);
  expect((await tell(directory, "claim", "revoke", (await listed())[0]!.id, codes[1]!)).code).toBe(0);
  expect(await listed()).toHaveLength(2);
  for (const wrong of [
    ["create", "--device", "press-7"],
    ["create", "--device", "oven", "--count", "2"],
    ["create", "--expires", "1y"],
    ["create", "--expires", "200d"],
    ["create", "--count", "0"],
    ["revoke", "none"],
  ]) {
    expect([wrong, (await tell(directory, "claim", ...wrong)).code]).toEqual([wrong, 2]);
  }
  expect((await tell(directory, "claim", "create", "--role", "sensr")).code).toBe(3);
});

test("a device gets its own credentials over HTTP and MQTT, once, and nobody else hears them", async () => {
  await using directory = await temporaryDirectory("claims");
  await tell(directory, "user", "add", "spy", "--role", "everything");
  const [overHttp = "", overMqtt = "", other = ""] = await codesOf(directory, "--count", "3");
  await using gateway = await gatewayWith(directory);
  const spied: string[] = [];
  const spyOptions = {
    username: "spy",
    password: "correct horse",
    clientId: "spy",
    reconnectPeriod: 0,
  } as const;
  const spy = await mqtt.connectAsync(gateway.url, spyOptions, false);
  spy.on("message", (topic) => spied.push(topic));
  await spy.subscribeAsync(["#", "holdfast/#", "holdfast/enrol/#"], { qos: 1 });

  const first = await enrolled(gateway, overHttp, "press-7");
  await publishAs(gateway, first);
  const second = await enrolledOverMqtt(gateway, overMqtt, "press-8");
  await publishAs(gateway, second);
  await until(
    "what they publish is seen",
    () => spied.filter((topic) => topic.startsWith("sensors/")).length === 2,
  );
  expect(spied.filter((topic) => topic.includes("enrol"))).toEqual([]);
  expect((await post(gateway, { code: overHttp, clientId: "press-7" })).status).toBe(403);
  expect((await post(gateway, { code: overHttp, clientId: "press-9" })).status).toBe(403);
  // Only its own reply topic, only what is granted by a code, and only with the right client id.
  const shown = { username: "claim", password: other, clientId: "press-9", reconnectPeriod: 0 } as const;
  const client = await mqtt.connectAsync(gateway.url, { ...shown, protocolVersion: 5 }, false);
  for (const filter of ["holdfast/enrol/press-8", "holdfast/enrol/+", "#", "sensors/#"]) {
    await expect(client.subscribeAsync(filter)).rejects.toThrow("Not authorized");
  }
  await expect(client.publishAsync("sensors/x", "1", { qos: 1 })).rejects.toThrow("Not authorized");
  await client.endAsync();
  await expect(
    mqtt.connectAsync(gateway.url, { ...second, clientId: "x", reconnectPeriod: 0 }, false),
  ).rejects.toThrow("Not authorized");
  const metrics = await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`).then((answer) => answer.text());
  expect(metrics).toContain('holdfast_access_enrolments_total{outcome="enrolled"} 2');
  expect(metrics).toContain('holdfast_access_enrolments_total{outcome="used"} 2');
  for (const secret of [overHttp, overMqtt, first.password, second.password]) {
    expect(JSON.stringify(gateway.log)).not.toContain(secret);
  }
  expect(gateway.log.filter(({ action }) => action === "enrolled")).toHaveLength(2);
  await spy.endAsync();
});

test("a device of a tenant enrols like any other, and is its tenant's from then on", async () => {
  await using directory = await temporaryDirectory("claims");
  await tell(directory, "user", "add", "operator", "--role", "everything");
  const [first = "", second = ""] = await codesOf(directory, "--tenant", "north", "--count", "2");
  await using gateway = await gatewayWith(directory);
  const heard: string[] = [];
  const shown = {
    username: "operator",
    password: "correct horse",
    clientId: "press-7",
    reconnectPeriod: 0,
  } as const;
  const operator = await mqtt.connectAsync(gateway.url, shown, false);
  operator.on("message", (topic) => {
    if (!topic.startsWith("holdfast/")) heard.push(topic);
  });
  await operator.subscribeAsync("#", { qos: 1 });
  // The client id of somebody outside of the tenant is free within it.
  const credentials = await enrolledOverMqtt(gateway, first, "press-7");
  await publishAs(gateway, credentials);
  await publishAs(gateway, await enrolled(gateway, second, "press-8"));
  await until("both have published", () => heard.length === 2);
  expect(heard[0]).toBe(`@north/sensors/${credentials.username}/t`);
  expect(heard.every((topic) => topic.startsWith("@north/sensors/device-"))).toBe(true);
  expect(operator.connected).toBe(true);
  await operator.endAsync();
});

test.skipIf(mosquittoMissing)("mosquitto's own client redeems a code in one line", async () => {
  await using directory = await temporaryDirectory("claims");
  const [code = ""] = await codesOf(directory, "--device", "press-7");
  await using gateway = await gatewayWith(directory);
  const words = [
    "-h",
    "127.0.0.1",
    "-p",
    String(gateway.mqttPort),
    "-i",
    "press-7",
    "-u",
    "claim",
    "-P",
    code,
  ];
  const { status, stdout } = spawnSync(
    "mosquitto_sub",
    [...words, "-t", "holdfast/enrol/press-7", "-C", "1", "-W", "10"],
    {
      encoding: "utf8",
      timeout: 20_000,
    },
  );
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { username: "press-7", clientId: "press-7" }]);
  await publishAs(gateway, JSON.parse(stdout) as Credentials);
});

test("of devices that redeem one code at once, over HTTP and MQTT, one gets credentials", async () => {
  await using directory = await temporaryDirectory("claims");
  const [code = ""] = await codesOf(directory);
  await using gateway = await gatewayWith(directory);
  const ids = ["a", "b", "c", "d"];
  const answers = await Promise.all([
    ...ids.map((clientId) => enrolled(gateway, code, clientId).catch(() => undefined)),
    ...ids.map((id) => enrolledOverMqtt(gateway, code, `m-${id}`).catch(() => undefined)),
  ]);
  const winners = answers.filter((answer) => answer?.password !== undefined);
  expect(winners).toHaveLength(1);
  await publishAs(gateway, winners[0]!);
});

test("edits by commands while devices enrol lose nothing", { timeout: 90_000 }, async () => {
  await using directory = await temporaryDirectory("claims");
  const codes = await codesOf(directory, "--count", "12");
  await using gateway = await gatewayWith(directory);
  const names = ["u1", "u2", "u3"];
  const [credentials] = await Promise.all([
    Promise.all(codes.map((code, index) => enrolled(gateway, code, `press-${index}`))),
    ...names.map((name) => tell(directory, "user", "add", name, "--role", "sensor")),
  ]);
  const { users } = JSON.parse((await tell(directory, "user", "list", "--json")).out) as {
    readonly users: readonly { readonly name: string }[];
  };
  const known = users.map(({ name }) => name).toSorted();
  expect(known).toEqual([...names, ...credentials.map(({ username }) => username)].toSorted());
  for (const one of credentials) await publishAs(gateway, one);
});

test.each(["before", "after"])(
  "a gateway that is killed %s the code was consumed gives the device one user all the same",
  { timeout: 90_000 },
  async (when) => {
    await using directory = await temporaryDirectory("claims");
    const [code = ""] = await codesOf(directory);
    await using gateway = await gatewayWith(directory, { nodeOptions: ["--import", preload] });
    const trap = join(directory.path, `die-${when}-rename`);
    await writeFile(trap, "");
    await expect(post(gateway, { code, clientId: "press-7" })).rejects.toThrow("fetch failed");
    await until("the gateway is gone", () => !gateway.running);
    await rm(trap);
    const claims = JSON.parse((await tell(directory, "claim", "list", "--json")).out).claims;
    expect(claims).toMatchObject([{ state: when === "before" ? "open" : "redeemed" }]);
    await gateway.start();
    // After it was consumed it is that client's only.
    const first = when === "after" ? await post(gateway, { code, clientId: "thief" }) : undefined;
    expect(first?.status ?? 403).toBe(403);
    await publishAs(gateway, await enrolled(gateway, code, "press-7"));
    expect((await post(gateway, { code, clientId: "press-7" })).status).toBe(403);
    const { users } = JSON.parse((await tell(directory, "user", "list", "--json")).out);
    expect(users).toHaveLength(1);
  },
);

test("beyond loopback a code needs no token, and wrong ones are locked out", async () => {
  await using directory = await temporaryDirectory("claims");
  const [code = ""] = await codesOf(directory);
  await using gateway = await gatewayWith(directory, {
    config: { http: { host: "0.0.0.0", port: 0, insecure: true } },
  });
  expect((await post(gateway, { code: 7 })).status).toBe(400);
  const wrong = code.replace(/^./, (sign) => (sign === "0" ? "1" : "0"));
  const answers: number[] = [];
  for (let guess = 0; guess < 8; guess += 1)
    answers.push((await post(gateway, { code: wrong, clientId: "x" })).status);
  expect(answers.slice(0, 5)).toEqual([403, 403, 403, 403, 403]);
  expect(answers).toContain(429);
  await until(
    "the lock is over",
    async () => (await post(gateway, { code, clientId: "press-7" })).status === 200,
  );
});
