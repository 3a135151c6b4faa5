/** Two tenants at one gateway, as their devices and their people see it. */
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { hashToken, makeToken } from "../../src/access/tokens.ts";
import { hashPassword } from "../../src/access/password.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { mosquittoMissing, startMosquitto } from "../support/mosquitto.ts";
import { openUpstreamCollector } from "../support/upstream-collector.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const password = "correct horse";
const tokens = { north: makeToken(), south: makeToken(), whole: makeToken() };

interface Answer {
  readonly status: number;
  readonly body: any;
}

const rules = [
  {
    id: "north-warm",
    tenant: "north",
    source: { device: "fridge-*", metric: "t" },
    when: { field: "value", op: ">", value: 8 },
    annotations: { summary: "{{device}} is warm" },
    actions: [{ publish: { topic: "horn/{{device}}", payload: "{{device}}", on: "firing" } }],
    tests: [
      {
        name: "fires",
        interval: "1m",
        input: [{ device: "fridge-1", metric: "t", values: "9x2" }],
        expect: [{ at: "1m", key: { device: "fridge-1" }, state: "firing" }],
      },
    ],
  },
  {
    id: "everybody-hot",
    source: { device: "*", metric: "t" },
    when: { field: "value", op: ">", value: 20 },
  },
];

function tokenOf(name: keyof typeof tokens, tenant?: string): object {
  return { sha256: hashToken(tokens[name]), role: "operate", ...(tenant && { tenant }) };
}

function has(heard: readonly string[], text: string): boolean {
  return heard.some((line) => line.includes(text));
}

async function gatewayIn(directory: string, more: object = {}): Promise<GatewayProcess> {
  const kept = await hashPassword(password);
  const user = (tenant?: string): object => ({ password: kept, roles: ["all"], ...(tenant && { tenant }) });
  await writeFile(
    join(directory, "users.jsonc"),
    JSON.stringify({
      roles: { all: { publish: ["#"], subscribe: ["#"] } },
      users: { ada: user("north"), eve: user("south"), operator: user() },
      tokens: { north: tokenOf("north", "north"), south: tokenOf("south", "south"), whole: tokenOf("whole") },
    }),
    { mode: 0o600 },
  );
  return await startGateway({
    directory,
    rules,
    config: {
      access: { usersFile: "users.jsonc" },
      ingest: { routes: [{ match: "cold/+", codec: "json", device: "{1}" }] },
      ...more,
    },
  });
}

async function ask(
  gateway: GatewayProcess,
  whose: keyof typeof tokens,
  path: string,
  body?: object,
): Promise<Answer> {
  const headers = { Authorization: `Bearer ${tokens[whose]}`, "Content-Type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${gateway.httpPort}${path}`, {
    headers,
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

async function connect(
  gateway: GatewayProcess,
  username: string,
): Promise<{ client: mqtt.MqttClient; heard: string[] }> {
  const options = { username, password, clientId: "desk", reconnectPeriod: 0 } as const;
  const client = await mqtt.connectAsync(gateway.url, options, false);
  const heard: string[] = [];
  client.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  await client.subscribeAsync("#", { qos: 1 });
  return { client, heard };
}

test("each sees its own devices, samples, alerts and dead letters, and nothing of the other", {
  timeout: 60_000,
}, async () => {
  await using directory = await temporaryDirectory("tenants");
  await using gateway = await gatewayIn(directory.path);
  const [ada, eve, operator] = await Promise.all(
    ["ada", "eve", "operator"].map((name) => connect(gateway, name)),
  );
  for (const [who, t] of [
    [ada, 9],
    [eve, 21],
    [operator, 5],
  ] as const) {
    await who!.client.publishAsync("cold/fridge-1", JSON.stringify({ t }), { qos: 1 });
    await who!.client.publishAsync("cold/broken", `{"secret of ${t}`, { qos: 1 });
  }

  // Over MQTT.
  await until("the alert is told", () => has(ada!.heard, "holdfast/alerts/north-warm/fridge-1"));
  await until("the horn sounds", () => has(ada!.heard, 'horn/fridge-1 "fridge-1"'));
  await until("the dead letter is told", () => has(eve!.heard, "holdfast/dead-letters"));
  await until("the operator hears all", () => has(operator!.heard, "@south/holdfast/dead-letters"));
  expect([has(ada!.heard, "fridge-1 is warm"), has(ada!.heard, "@north"), has(ada!.heard, "@south")]).toEqual(
    [true, false, false],
  );
  expect(eve!.heard.filter((line) => line.includes("alerts") || line.includes("horn"))).toEqual([]);
  expect(eve!.heard.filter((line) => /secret of (?:9|5)|:9|:5/.test(line))).toEqual([]);
  expect(has(operator!.heard, "holdfast/alerts/everybody-hot/@south%2Ffridge-1")).toBe(true);

  // Over HTTP.
  const devices = async (whose: keyof typeof tokens): Promise<unknown> =>
    (await ask(gateway, whose, "/api/v1/devices")).body.devices.map((one: { device: string }) => one.device);
  expect(await devices("north")).toEqual(["fridge-1"]);
  expect(await devices("south")).toEqual(["fridge-1"]);
  expect(await devices("whole")).toEqual(["@north/fridge-1", "@south/fridge-1", "fridge-1"]);
  const values = async (whose: keyof typeof tokens, device = "fridge-1"): Promise<unknown> =>
    (await ask(gateway, whose, `/api/v1/samples?device=${device}`)).body.samples?.map(
      (one: { device: string; value: number }) => `${one.device} ${one.value}`,
    );
  expect([await values("north"), await values("south"), await values("whole")]).toEqual([
    ["fridge-1 9"],
    ["fridge-1 21"],
    ["fridge-1 5"],
  ]);
  expect(await values("north", "@south/fridge-1")).toBeUndefined();
  const alerts = async (whose: keyof typeof tokens): Promise<unknown> =>
    (await ask(gateway, whose, "/api/v1/alerts")).body.alerts.map(
      (one: { rule: string; key: { device: string } }) => `${one.rule} ${one.key.device}`,
    );
  expect([await alerts("north"), await alerts("south")]).toEqual([["north-warm fridge-1"], []]);
  expect(await alerts("whole")).toHaveLength(2);
  const letters = await ask(gateway, "south", "/api/v1/dead-letters");
  expect(letters.body.deadLetters).toMatchObject([{ topic: "cold/broken", clientId: "desk" }]);
  expect(Buffer.from(letters.body.deadLetters[0].bytes, "base64").toString()).toBe('{"secret of 21');
  const rulesOf = (await ask(gateway, "south", "/api/v1/rules")).body.rules;
  expect(rulesOf).toEqual([]);

  // What is about the gateway as a whole, or about others, is not there.
  for (const path of ["status", "ledger", "upstreams", "bridges", "profiles"]) {
    expect([path, (await ask(gateway, "north", `/api/v1/${path}`)).status]).toEqual([path, 403]);
  }
  expect((await ask(gateway, "north", "/metrics")).status).toBe(403);
  const { id } = (await ask(gateway, "north", "/api/v1/alerts")).body.alerts[0];
  expect((await ask(gateway, "south", `/api/v1/alerts/${id}/ack`, {})).status).toBe(404);
  expect((await ask(gateway, "north", `/api/v1/alerts/${id}/ack`, {})).status).toBe(200);
  const key = { key: { device: "fridge-1" }, for: "1h" };
  expect((await ask(gateway, "south", "/api/v1/rules/north-warm/shelve", key)).status).toBe(404);
  const described = await ask(gateway, "south", "/api/v1/devices/describe", {
    device: "fridge-1",
    label: "mine",
  });
  expect(described.body).toMatchObject({ device: "fridge-1", label: "mine" });
  const labels = (await ask(gateway, "whole", "/api/v1/devices")).body.devices.map(
    (one: { label: string }) => one.label,
  );
  expect(labels).toEqual(["@north/fridge-1", "mine", "fridge-1"]);
  for (const topic of [undefined, "#", "cold/broken", "@north/cold/broken"]) {
    const said = { dryRun: true, ...(topic && { topic }) };
    const { body } = await ask(gateway, "south", "/api/v1/dead-letters/replay", said);
    expect(body).toMatchObject({ examined: topic?.startsWith("@") === true ? 0 : 1, recovered: 0 });
    expect(JSON.stringify(body)).not.toContain("@");
  }
  expect((await ask(gateway, "south", "/api/v1/devices/remove", { device: "fridge-1" })).status).toBe(200);
  expect([await devices("south"), await devices("north")]).toEqual([[], ["fridge-1"]]);

  // The same after a crash.
  await gateway.kill();
  await gateway.start();
  expect([await devices("north"), await values("north"), await alerts("north")]).toEqual([
    ["fridge-1"],
    ["fridge-1 9"],
    ["north-warm fridge-1"],
  ]);
  expect([await devices("south"), await alerts("south")]).toEqual([[], []]);
  const back = await connect(gateway, "ada");
  await until("the alert is told again", () => has(back.heard, "holdfast/alerts/north-warm/fridge-1"));
  for (const { client } of [back]) await client.endAsync();
});

test.skipIf(mosquittoMissing)(
  "the far end of a tenant gets its alerts and summaries, all of them and no other's",
  { timeout: 60_000 },
  async () => {
    await using directory = await temporaryDirectory("tenants");
    const farEnd = await startMosquitto();
    const collector = await openUpstreamCollector({ url: farEnd.url });
    try {
      await using gateway = await gatewayIn(directory.path, {
        rollups: ["1s"],
        upstreams: [{ name: "north", tenant: "north", url: farEnd.url, format: "json" }],
      });
      const [ada, eve] = await Promise.all(["ada", "eve"].map((name) => connect(gateway, name)));
      // What is ten seconds older than the newest reading is summed up.
      const startAt = Date.now() - 40_000;
      for (let reading = 0; reading < 20; reading += 1) {
        for (const [who, t] of [
          [ada, 9],
          [eve, 21],
        ] as const) {
          const payload = JSON.stringify({ t, ts: startAt + reading * 2_000 });
          await who!.client.publishAsync("cold/fridge-1", payload, { qos: 1 });
        }
      }
      const sent = async (): Promise<boolean> => {
        const { streams } = await gateway.ledger();
        const { length = 0, upstreams = {} } = streams["summaries"] ?? {};
        return length >= 24 && Object.values(upstreams).every(({ pending }) => pending === 0);
      };
      await until("all summaries are sent or passed over", sent, { withinMs: 30_000 });
      await until("they have arrived", () => collector.count("gw-test", "summaries") >= 12);
      const summaries = collector.records("gw-test", "summaries");
      expect(
        new Set(summaries.map((record) => "device" in record && `${record.device} ${record.max}`)),
      ).toEqual(new Set(["fridge-1 9"]));
      const alerts = collector.records("gw-test", "alerts");
      expect(new Set(alerts.map((record) => "rule" in record && record.rule))).toEqual(
        new Set(["north-warm"]),
      );
      expect(collector.missing("gw-test", "summaries")).toEqual([]);
      expect(new Set(collector.gaps.map(({ cause }) => cause))).toEqual(new Set(["withheld"]));
      expect(collector.arrivals.filter(({ stream }) => stream === "ledger" || stream === "status")).toEqual(
        [],
      );
      expect(gateway.log.filter(({ event }) => event === "upstream-gap")).toEqual([]);
      expect((await gateway.ledger()).balanced).toBe(true);
    } finally {
      await collector.close();
      await farEnd.close();
    }
  },
);
