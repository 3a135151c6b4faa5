import { join } from "node:path";
import { expect, test } from "vitest";
import { usualPresets } from "../../src/core/presets.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatSettings, showConfig } from "../../src/config/show.ts";
import { directoryWith, loadText, problemsOf, valueOf } from "./loading.ts";

const defaults = {
  gateway: { id: "host-1", tags: {} },
  dataDir: "/work/data",
  listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 1883, insecure: false, anonymous: true }],
  http: { enabled: true, host: "127.0.0.1", port: 8080, insecure: false },
  access: { anonymous: true },
  ownTopicPrefix: "holdfast/",
  ingest: {
    routes: [],
    presets: usualPresets.map((name) => ({ name })),
    devices: [],
    devicesDirs: [],
    profileRules: true,
    bridges: [],
    sparkplug: {},
  },
  rulesDir: "/work/rules.d",
  store: {
    durability: "sync",
    commitDelayMs: 0,
    maxBytes: 2 * 1024 ** 3,
    retain: { rawMs: 7 * 86_400_000, rollupsMs: 90 * 86_400_000 },
  },
  sessions: { queueMessagesMax: 1_000, queueBytesMax: 1024 ** 2 },
  memory: {},
  rollups: ["1m", "15m", "1h"],
  publishSummaries: false,
  upstreams: [],
};

test("without any source the gateway is a working local one", async () => {
  const loaded = await loadConfig({ environment: {}, hostname: "host-1", directory: "/work" });
  expect(valueOf(loaded).config).toEqual(defaults);
});

test("an empty object is the same as no file", async () => {
  const directory = await directoryWith({ "holdfast.jsonc": "{}" });
  const loaded = await loadConfig({ file: "holdfast.jsonc", environment: {}, hostname: "host-1", directory });
  expect(valueOf(loaded).config).toEqual({
    ...defaults,
    dataDir: join(directory, "data"),
    rulesDir: join(directory, "rules.d"),
  });
});

test("a host name that cannot be an id is made one", async () => {
  const loaded = await loadConfig({ environment: {}, hostname: "a/b", directory: "/" });
  expect(valueOf(loaded).config.gateway.id).toBe("a-b");
});

test("flags stand over the environment, that over the file, and that over the defaults", async () => {
  const text = '{ "http": { "port": 1, "host": "127.0.0.2" }, "gateway": { "id": "file" } }';
  const environment = { HOLDFAST__HTTP__PORT: "2", HOLDFAST__GATEWAY__ID: "environment" };
  const loaded = valueOf(
    await loadText(text, { environment, flags: { "http/port": 3, dataDir: undefined } }),
  );
  expect(loaded.config.http).toEqual({ enabled: true, host: "127.0.0.2", port: 3, insecure: false });
  expect(loaded.config.gateway.id).toBe("environment");
  expect(Object.fromEntries(loaded.origins)).toMatchObject({
    "/http/port": "flag http.port",
    "/http/host": "holdfast.jsonc:1:32",
    "/gateway/id": "environment HOLDFAST__GATEWAY__ID",
    "/dataDir": "default",
    "/listeners/0/port": "default",
  });
});

test("relative paths start where they were written", async () => {
  const directory = await directoryWith({
    "etc/holdfast.jsonc": '{ "dataDir": "d", "rulesDir": "../rules" }',
    "rules/a.json": "{}",
  });
  const options = { file: "etc/holdfast.jsonc", environment: {}, hostname: "h", directory };
  expect(valueOf(await loadConfig(options)).config).toMatchObject({
    dataDir: join(directory, "etc/d"),
    rulesDir: join(directory, "rules"),
  });
  const moved = await loadConfig({ ...options, flags: { dataDir: "here" } });
  expect(valueOf(moved).config.dataDir).toBe(join(directory, "here"));
});

test("the environment names settings without regard to case, single underscores and their place in a list", async () => {
  const environment = {
    HOLDFAST__DATA_DIR: "/var/lib/holdfast",
    HOLDFAST__PUBLISHSUMMARIES: "true",
    HOLDFAST__GATEWAY__ID: "42",
    HOLDFAST__GATEWAY__TAGS__SITE: "north",
    HOLDFAST__LISTENERS__0__PORT: "0",
    HOLDFAST__LISTENERS__1: '{ "protocol": "ws" }',
    HOLDFAST__ROLLUPS: '["10s"]',
    HOLDFAST_OTHER: "ignored",
  };
  const { config } = valueOf(await loadText("{}", { environment }));
  expect(config).toMatchObject({
    dataDir: "/var/lib/holdfast",
    publishSummaries: true,
    gateway: { id: "42", tags: { site: "north" } },
    listeners: [
      { protocol: "mqtt", port: 0 },
      { protocol: "ws", port: 8083 },
    ],
    rollups: ["10s"],
  });
});

test.each([
  ["HOLDFAST__HTP__PORT", "1", "CONFIG_KEY_UNKNOWN", 'did you mean "HOLDFAST__HTTP__PORT"?'],
  ["HOLDFAST____PROTO____X", "1", "CONFIG_KEY_UNKNOWN", undefined],
  ["HOLDFAST__LISTENERS__7__PORT", "1", "CONFIG_KEY_UNKNOWN", "indexes"],
  ["HOLDFAST__HTTP__PORT", "many", "CONFIG_NUMBER", undefined],
  ["HOLDFAST__LISTENERS", "mqtt", "CONFIG_SYNTAX", undefined],
  ["HOLDFAST__LISTENERS", '[{ "prt": 1 }]', "CONFIG_KEY_UNKNOWN", 'did you mean "port"?'],
  ["HOLDFAST__UPSTREAMS", '[{ "__proto__": {} }]', "CONFIG_KEY_FORBIDDEN", undefined],
])("the variable %s=%s is refused by its name", async (name, value, code, hint) => {
  const problems = problemsOf(await loadText("{}", { environment: { [name]: value } }));
  const found = problems.find((problem) => problem.code === code);
  expect(found).toMatchObject({ file: `environment ${name}` });
  expect(String(found?.hint)).toContain(hint ?? "");
});

test("a flag that names no setting is refused", async () => {
  const problems = problemsOf(await loadText("{}", { flags: { "http/prt": 1 } }));
  expect(problems[0]).toMatchObject({ code: "CONFIG_KEY_UNKNOWN", hint: 'did you mean "http/port"?' });
});

test("references bring in variables and files, and what they brought in is not shown", async () => {
  const upstream = {
    name: "a",
    url: "mqtt://h",
    username: "${env:NAME}",
    password: "${file:secrets/password}",
  };
  const text = JSON.stringify({
    gateway: { tags: { price: "$${x}", both: "${env:NAME}-${env:NAME}" } },
    upstreams: [upstream],
  });
  const files = { "secrets/password": "hush\n" };
  const loaded = valueOf(await loadText(text, { environment: { NAME: "gw" }, files }));
  expect(loaded.config.upstreams[0]).toMatchObject({ username: "gw", password: "hush" });
  expect(loaded.config.gateway.tags).toEqual({ price: "${x}", both: "gw-gw" });
  const lines = formatSettings(showConfig(loaded)).join("\n");
  expect(lines).not.toContain("hush");
  expect(lines).toMatch(
    /^upstreams\.0\.password = "\(secret\)" {2}# holdfast\.jsonc:1:\d+ \$\{file:secrets\/password\}$/m,
  );
  expect(lines).toContain("http.port = 8080  # default");
});

test("a password may come through the environment, and is not shown", async () => {
  const upstreams = JSON.stringify([{ name: "a", url: "mqtt://h", username: "u", password: "hush" }]);
  const loaded = valueOf(await loadText("{}", { environment: { HOLDFAST__UPSTREAMS: upstreams } }));
  expect(loaded.config.upstreams[0]?.password).toBe("hush");
  expect(JSON.stringify(showConfig(loaded))).not.toContain("hush");
});

test("every effective value is shown with its origin, as it would be written", async () => {
  const shown = showConfig(valueOf(await loadText('{ "store": { "commitDelay": "20ms" } }')));
  expect(shown).toContainEqual({
    name: "store.commitDelay",
    pointer: "/store/commitDelay",
    value: "20ms",
    origin: "holdfast.jsonc:1:29",
  });
  expect(shown.filter(({ origin }) => origin === "default").length).toBeGreaterThan(15);
});

test("anonymous clients are let in on loopback listeners only", async () => {
  const text = `{
    "listeners": [
      { "host": "127.0.0.1" }, { "host": "localhost", "port": 1 }, { "host": "::1" },
      { "protocol": "mqtts", "host": "10.0.0.1", "cert": "c", "key": "k", "clientCa": "c" }
    ] }`;
  const files = { c: "", k: "" };
  const { config } = valueOf(await loadText(text, { files }));
  expect(config.listeners.map((listener) => listener.anonymous)).toEqual([true, true, true, false]);
});

test("client certificates are credentials enough", async () => {
  const text =
    '{ "listeners": [{ "protocol": "wss", "host": "::", "cert": "c", "key": "k", "clientCa": "c" }] }';
  const { config } = valueOf(await loadText(text, { files: { c: "", k: "" } }));
  expect(config.listeners[0]).toMatchObject({ port: 8084, anonymous: false });
});

test("any free port may be asked for more than once", async () => {
  const text = '{ "listeners": [{ "port": 0 }, { "port": 0 }], "http": { "port": 0 } }';
  expect(valueOf(await loadText(text)).config.http.port).toBe(0);
});

test("a bridge is complete when it has a name, an address and topics; its password comes by reference", async () => {
  const text = `{
    "gateway": { "id": "gw-7" },
    "ingest": { "bridges": [
      { "name": "ttn", "url": "mqtts://eu1.example:8883", "topics": ["v3/+/up", { "filter": "#", "qos": 0 }],
        "username": "app", "password": "\${env:KEY}" }
    ] }
  }`;
  const loaded = valueOf(await loadText(text, { environment: { KEY: "hush" } }));
  expect(loaded.config.ingest.bridges).toEqual([
    {
      name: "ttn",
      url: "mqtts://eu1.example:8883",
      clientId: "holdfast-gw-7-ttn",
      protocol: "auto",
      topics: [
        { filter: "v3/+/up", qos: 1 },
        { filter: "#", qos: 0 },
      ],
      username: "app",
      password: "hush",
    },
  ]);
  expect(formatSettings(showConfig(loaded)).join("\n")).not.toContain("hush");
});
