/** Users as people manage them: by commands, beside a gateway that serves real clients. */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { type Ended, Running } from "../cli/holdfast.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { mosquittoMissing } from "../support/mosquitto.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const password = "correct horse";

/** Runs a command on the users file; a password goes to standard input. */
async function tell(directory: TemporaryDirectory, ...words: readonly string[]): Promise<Ended> {
  const running = new Running([...words, "--file", "users.jsonc"], directory.path);
  running.child.stdin.end(`${password}\n`);
  return await running.ended;
}

async function gatewayWith(directory: TemporaryDirectory, config: object = {}): Promise<GatewayProcess> {
  return await startGateway({
    directory: directory.path,
    config: { access: { usersFile: "users.jsonc" }, ...config },
  });
}

function mosquitto(
  program: "pub" | "sub",
  gateway: GatewayProcess,
  ...words: readonly string[]
): number | null {
  const common = ["-h", "127.0.0.1", "-p", String(gateway.mqttPort), "-V", "5", "-q", "1"];
  return spawnSync(`mosquitto_${program}`, [...common, ...words], { timeout: 10_000 }).status;
}

function connect(gateway: GatewayProcess, username: string, clientId = username): Promise<mqtt.MqttClient> {
  const credentials = { username, password, clientId, protocolVersion: 5 } as const;
  return mqtt.connectAsync(gateway.url, { ...credentials, reconnectPeriod: 0 }, false);
}

test("commands make, change and remove users, and what they print holds no secret", async () => {
  await using directory = await temporaryDirectory("users");
  const file = join(directory.path, "users.jsonc");
  expect(
    await tell(directory, "user", "add", "press-7", "--role", "sensor", "--client-id", "press-*"),
  ).toMatchObject({
    code: 0,
  });
  const before = await readFile(file, "utf8");
  expect(before).toContain("// What a role does not grant is denied.");
  expect(before).not.toContain(password);
  expect(await tell(directory, "user", "add", "press-7", "--role", "sensor")).toMatchObject({ code: 2 });
  expect(await tell(directory, "user", "add", "oven", "--role", "sensr")).toMatchObject({
    code: 3,
    err: expect.stringMatching(/users\.jsonc:\d+:\d+.*did you mean "sensor"/),
  });
  expect(await readFile(file, "utf8")).toBe(before);
  expect((await tell(directory, "user", "passwd", "press-7")).code).toBe(0);
  expect(await readFile(file, "utf8")).not.toBe(before);
  expect((await tell(directory, "user", "disable", "press-7")).code).toBe(0);
  const listed = await tell(directory, "user", "list", "--json");
  expect(JSON.parse(listed.out)).toEqual({
    users: [
      { name: "press-7", roles: ["sensor"], clientIds: ["press-*"], disabled: true, hasPassword: true },
    ],
  });
  expect((await tell(directory, "user", "remove", "press-7")).code).toBe(0);
  expect(JSON.parse((await tell(directory, "user", "list", "--json")).out)).toEqual({ users: [] });
  expect((await tell(directory, "user", "remove", "press-7")).code).toBe(2);
});

test.skipIf(mosquittoMissing)(
  "mosquitto's clients are let in with the right password, to what is granted",
  async () => {
    await using directory = await temporaryDirectory("users");
    await tell(directory, "user", "add", "press", "--role", "sensor");
    await using gateway = await gatewayWith(directory);
    const press = ["-u", "press", "-P", password];
    expect(mosquitto("pub", gateway, ...press, "-i", "press", "-t", "sensors/press/t", "-m", "1")).toBe(0);
    expect(mosquitto("pub", gateway, ...press, "-i", "oven", "-t", "sensors/press/t", "-m", "1")).not.toBe(0);
    // Its programs take a refusal by reason code for an answer like others; the books tell.
    mosquitto("pub", gateway, ...press, "-i", "press", "-t", "sensors/oven/t", "-m", "1");
    expect(mosquitto("pub", gateway, "-t", "sensors/press/t", "-m", "1")).not.toBe(0);
    expect(mosquitto("pub", gateway, "-u", "press", "-P", "wrong", "-t", "a", "-m", "1")).not.toBe(0);
    mosquitto("sub", gateway, ...press, "-i", "press", "-t", "sensors/press/#", "-E");
    expect((await gateway.ledger()).received).toBe(1);
    const metrics = await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`).then((answer) =>
      answer.text(),
    );
    for (const line of [
      "publish_denied_total 1",
      "subscribe_denied_total 1",
      'logins_refused_total{cause="client-id"} 1',
      'logins_refused_total{cause="credentials"} 1',
      'logins_refused_total{cause="no-credentials"} 1',
    ]) {
      expect(metrics).toContain(`holdfast_broker_${line}`);
    }
  },
);

test("who is removed, disabled, given another password or fewer grants feels it within a second", async () => {
  await using directory = await temporaryDirectory("users");
  for (const name of ["removed", "disabled", "changed", "stays"]) {
    await tell(directory, "user", "add", name, "--role", "everything");
  }
  await using gateway = await gatewayWith(directory);
  const closedAtMs = new Map<string, number>();
  const clients = new Map<string, mqtt.MqttClient>();
  for (const name of ["removed", "disabled", "changed", "stays"]) {
    const client = await connect(gateway, name);
    client.on("close", () => closedAtMs.set(name, performance.now()));
    clients.set(name, client);
  }
  for (const [name, verb] of [
    ["removed", "remove"],
    ["disabled", "disable"],
    ["changed", "passwd"],
  ] as const) {
    expect((await tell(directory, "user", verb, name)).code).toBe(0);
    const changedAtMs = performance.now();
    await until(`${name} is gone`, () => closedAtMs.has(name));
    expect((closedAtMs.get(name) ?? Number.NaN) - changedAtMs).toBeLessThan(1_000);
  }
  const stays = clients.get("stays")!;
  await stays.publishAsync("a", "1", { qos: 1 });
  const file = join(directory.path, "users.jsonc");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"everything": { "publish": ["#"]', '"everything": { "publish": ["b"]'));
  const changedAtMs = performance.now();
  const isDenied = (): Promise<boolean> =>
    stays.publishAsync("a", "1", { qos: 1 }).then(
      () => false,
      () => true,
    );
  await until("the grant is gone", isDenied);
  expect(performance.now() - changedAtMs).toBeLessThan(1_000);
  await stays.publishAsync("b", "1", { qos: 1 });
  await stays.endAsync();
});

test("a mistake in the users file changes nothing, and is told with its place", async () => {
  await using directory = await temporaryDirectory("users");
  await tell(directory, "user", "add", "press", "--role", "everything");
  await using gateway = await gatewayWith(directory);
  const client = await connect(gateway, "press");
  await writeFile(join(directory.path, "users.jsonc"), '{ "users": { "press": { "roles": ["none"] } } }');
  await until("it is told", () => gateway.log.some(({ event }) => event === "access-refused"));
  const problems = gateway.log.find(({ event }) => event === "access-refused")?.["problems"];
  expect(problems).toMatchObject([{ code: "USERS_ROLE_UNKNOWN", line: 1, column: 35 }]);
  await client.publishAsync("a", "1", { qos: 1 });
  await client.endAsync();
});

test("beyond loopback HTTP answers with a token only, and commands need one that allows them", async () => {
  await using directory = await temporaryDirectory("users");
  const reader = (await tell(directory, "token", "add", "grafana")).out.trim();
  const operator = (await tell(directory, "token", "add", "panel", "--role", "operate")).out.trim();
  await using gateway = await gatewayWith(directory, { http: { host: "0.0.0.0", port: 0, insecure: true } });
  const ask = async (path: string, token?: string, method = "GET"): Promise<number> => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answer = await fetch(`http://127.0.0.1:${gateway.httpPort}${path}`, { method, headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  const command = "/api/v1/alerts/0123456789abcdef/ack";
  expect(await ask("/healthz")).toBe(200);
  expect(await ask("/api/v1/status")).toBe(401);
  expect(await ask("/metrics", "hf_wrong")).toBe(401);
  expect(await ask("/api/v1/status", reader)).toBe(200);
  expect(await ask(command, reader, "POST")).toBe(403);
  expect([401, 403]).not.toContain(await ask(command, operator, "POST"));
  expect((await tell(directory, "token", "remove", "grafana")).code).toBe(0);
  await until("the token is gone", async () => (await ask("/api/v1/status", reader)) === 401);
});
