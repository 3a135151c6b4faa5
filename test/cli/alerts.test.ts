import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import { alertTable } from "../../src/cli/alerts/alert-table.ts";
import { shownAlertOf } from "../../src/cli/alerts/shown-alert.ts";
import type { Output } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { systemClock } from "../../src/ops/clock.ts";
import { alertOf, MemoryCommander, MemoryReadModel, openMemoryApi } from "../api/world.ts";
import { type Ended, holdfast } from "./holdfast.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-alerts-"));
const warm = "1a2b3c4d00000001";
const door = "1a2b9f9f00000002";
const hum = "77aa77aa00000003";

let server: ApiServer;
let readModel: MemoryReadModel;
let commander: MemoryCommander;

beforeEach(async () => {
  readModel = new MemoryReadModel();
  readModel.alertList = [
    alertOf("door", "pending", { id: door }),
    alertOf("warm", "firing", { id: warm }),
    alertOf("hum", "resolved", { id: hum }),
  ];
  commander = new MemoryCommander(readModel);
  server = await openMemoryApi(readModel, { commander });
});
afterEach(() => server.close());

function url(): string {
  return `http://127.0.0.1:${server.port}`;
}

/** Runs a command in this process, which is much faster than in one of its own. */
async function command(words: readonly string[]): Promise<Pick<Ended, "code" | "out" | "err">> {
  const said = { out: "", err: "" };
  const outputTo = (name: "out" | "err"): Output => ({
    write(text) {
      said[name] += text;
    },
    isTerminal: false,
    colour: false,
  });
  const code = await runCommandLine(["alerts", ...words], {
    out: outputTo("out"),
    err: outputTo("err"),
    environment: {},
    workingDirectory: directory,
    clock: systemClock,
    random: () => 0,
    onSignal: () => () => undefined,
    exitNow: () => expect.unreachable(),
  });
  return { code, ...said };
}

function alerts(words: readonly string[]): ReturnType<typeof command> {
  return command([...words, "--url", url()]);
}

/** The cells of a table without its head, by line. */
function rows(out: string): string[][] {
  return out
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/ {2,}/));
}

test("list shows what is not at rest, the most urgent first, without colours in a pipe", async () => {
  const ended = await holdfast(["alerts", "list", "--url", url()], directory, { TZ: "Asia/Kolkata" });
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(rows(ended.out)).toEqual([
    [
      "1a2b3c4d",
      "firing",
      "warning",
      "warm",
      "fridge-1",
      "2025-11-01 17:56:40",
      expect.any(String),
      "avg=9.5",
    ],
    [
      "1a2b9f9f",
      "pending",
      "warning",
      "door",
      "fridge-1",
      "2025-11-01 17:56:40",
      expect.any(String),
      "avg=9.5",
    ],
  ]);
  expect(rows(ended.out)[0]?.[6]).toMatch(/^\d+d(\d+h)? ago$/);
  expect(ended.out).not.toContain("\u001b");
});

test.each([
  [["--all"], ["warm", "door", "hum"]],
  [
    ["--state", "pending,resolved"],
    ["door", "hum"],
  ],
  [["--state", "firing", "--all"], ["warm"]],
])("list %j shows the alerts of %j", async (words, rules) => {
  const { out } = await alerts(["list", ...words]);
  expect(rows(out).map((cells) => cells[3])).toEqual(rules);
});

test("an alert at rest is shown while it is on a shelf", async () => {
  readModel.alertList = [alertOf("hum", "resolved", { id: hum, shelvedUntil: 4_102_444_800_000 })];
  expect(rows((await alerts(["list"])).out)).toHaveLength(1);
});

test("list as JSON gives the chosen alerts as the gateway has them", async () => {
  const { out, code } = await alerts(["list", "--json", "--state", "firing"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({ alerts: [alertOf("warm", "firing", { id: warm })] });
});

test("without alerts the data is empty, and the message is beside it", async () => {
  readModel.alertList = [alertOf("hum", "resolved")];
  const ended = await alerts(["list"]);
  expect(ended).toMatchObject({ code: 0, out: "" });
  expect(ended.err).toContain("--all");
});

const now = 1_762_000_090_000;

function tableOf(more: Parameters<typeof alertOf>[2], colour = false): string[] {
  const alert = shownAlertOf(alertOf("warm", "firing", more));
  const known = alert === undefined ? [] : [alert];
  return alertTable({ write: () => undefined, isTerminal: colour, colour }, known, { known, now });
}

test.each([
  [{ acknowledged: true, acknowledgedBy: "ada" }, /acknowledged by ada$/],
  [{ shelvedUntil: now + 5_400_000 }, /shelved until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(1h30m left\)$/],
  [{ inhibitedBy: "gateway-power" }, /inhibited by gateway-power$/],
  [{ shadow: true }, /shadow$/],
  [{ state: "flapping" as const }, / flapping {2,}warning /],
  [{ since: now - 90_000 }, / 1m30s ago /],
  [{ since: now + 90_000 }, / now /],
  [
    { values: { mean: 1 / 3, door: "open", lost: null, on: true } },
    /mean=0.333333 door=open lost=none on=true$/,
  ],
  [{ key: { site: "north\u001b[2J", line: "2" } }, / line=2 site=north\\x1b\[2J /],
  [{ key: {} }, / the alert /],
  [{ acknowledged: true, acknowledgedBy: "a\nb" }, /acknowledged by a\\x0ab$/],
])("the table says of %j what people have to know", (more, said) => {
  expect(tableOf(more)[1]).toMatch(said);
});

test("on a terminal the state alone is in colour, and the columns still stand below each other", () => {
  const [plainHead, plain] = tableOf({});
  const [head, coloured] = tableOf({}, true);
  expect(coloured).toContain("\u001b[31mfiring\u001b[0m  warning");
  expect([head, coloured].map((line) => stripVTControlCharacters(line ?? ""))).toEqual([plainHead, plain]);
});

test("ids are shown as long as they have to be", () => {
  const known = ["1a2b3c4d5e000001", "1a2b3c4d5f000002"].flatMap(
    (id) => shownAlertOf(alertOf("warm", "firing", { id })) ?? [],
  );
  const [, line] = alertTable({ write: () => undefined, isTerminal: false, colour: false }, known.slice(1), {
    known,
    now,
  });
  expect(line).toMatch(/^1a2b3c4d5f {2}/);
});

test("ack says by whom and why, and how the alert stands then", async () => {
  const words = ["alerts", "ack", warm, "--by", "ada", "--reason", "on my way", "--url", url()];
  const ended = await holdfast(words, directory);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.out).toBe("warm fridge-1 is firing (warning), acknowledged by ada, not shelved.\n");
  expect(commander.commands).toEqual([
    { kind: "acknowledge", target: { alert: warm }, by: "ada", reason: "on my way" },
  ]);
});

test("without --by it is said by the login name", async () => {
  expect((await alerts(["ack", warm])).code).toBe(0);
  expect(commander.commands).toMatchObject([{ by: userInfo().username, reason: "" }]);
});

test("ack, unack, shelve and unshelve each do their own, by four digits of the id", async () => {
  const target = { rule: "warm", key: { device: "fridge-1" } };
  expect((await alerts(["ack", "1A2B3"])).code).toBe(0);
  expect((await alerts(["unack", "1a2b3"])).code).toBe(0);
  expect((await alerts(["shelve", "1a2b3", "--for", "1h30m"])).out).toContain("shelved until ");
  expect((await alerts(["unshelve", "1a2b3"])).out).toContain("not shelved");
  expect(commander.commands).toMatchObject([
    { kind: "acknowledge", target: { alert: warm } },
    { kind: "unacknowledge", target: { alert: warm } },
    { kind: "shelve", target, forMs: 5_400_000 },
    { kind: "unshelve", target },
  ]);
});

test("when the alert has another id afterwards, that is said", async () => {
  commander.meanwhile = () => {
    readModel.alertList = [alertOf("hum", "ok", { id: door, shelvedUntil: 4_102_444_800_000 })];
  };
  expect((await alerts(["shelve", hum, "--for", "1h"])).out).toContain(`Its id is now ${door}.`);
});

test("--json prints the alert as it stands then", async () => {
  const { out } = await alerts(["ack", warm, "--json", "--by", "ada"]);
  expect(JSON.parse(out)).toMatchObject({ id: warm, acknowledged: true, acknowledgedBy: "ada" });
});

test.each([
  [["ack", hum], "calls for nobody"],
  [["ack", "0000000000000000"], "No alert has the id"],
  [["ack", "0000"], "No alert has an id that begins with 0000"],
  [["ack", warm, "--by", "x".repeat(129)], '"by" is not a text of 1 to 128 characters'],
])("what the gateway refuses ends with 1 and its reason: %j", async (words, said) => {
  const ended = await alerts(words);
  expect(ended).toMatchObject({ code: 1, out: "" });
  expect(ended.err).toContain(said);
  expect(commander.commands).toEqual([]);
});

test.each([
  [["ack", "1a2b"], `${door} (door fridge-1), ${warm} (warm fridge-1)`],
  [["ack", "1a2"], "4 to 16 hexadecimal digits"],
  [["ack", "warm"], "4 to 16 hexadecimal digits"],
  [["ack"], "missing required argument 'id'"],
  [["shelve", warm], "required option '--for <duration>'"],
  [["shelve", warm, "--for", "90"], 'add the unit: "90s"'],
  [["shelve", warm, "--for", "31d"], "from 1s to 30d"],
  [["list", "--state", "burning"], "The states are ok, pending, firing"],
  [["list", "--url", "ftp://gateway"], "Write it like http://127.0.0.1:8080"],
  [["acknowledge", warm], "unknown command"],
])("%j is wrong usage: exit 2, and stderr says what to write", async (words, said) => {
  const named = words.includes("--url") ? [] : ["--url", url()];
  const ended = await command([...words, ...named]);
  expect(ended).toMatchObject({ code: 2, out: "" });
  expect(ended.err).toContain(said);
});

test("where no gateway answers it ends with 4 and a hint", async () => {
  await server.close();
  const ended = await alerts(["list"]);
  expect(ended).toMatchObject({ code: 4, out: "" });
  expect(ended.err).toContain(`No gateway answers at ${url()}.`);
  expect(ended.err).toMatch(/ECONNREFUSED[^]*--url/);
});

test.each([
  ["a page", "<html></html>", 200],
  ["another program's JSON", '{"alerts":[{"name":"disk"}]}', 200],
  ["no list", "[]", 200],
  ["an error page", "gone", 404],
  ["a redirect", "", 302],
])("where %s answers it ends with 4", async (_name, body, status) => {
  const stranger: Server = createServer((_request, response) => {
    response.writeHead(status, { Location: "http://127.0.0.1:1/" });
    response.end(body);
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const address = stranger.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const ended = await command(["list", "--url", `http://127.0.0.1:${port}`]);
  await new Promise((resolve) => stranger.close(resolve));
  expect(ended).toMatchObject({ code: 4, out: "" });
  expect(ended.err).toContain("--url");
});

function configured(name: string, http: Record<string, unknown>): string {
  writeFileSync(join(directory, name), JSON.stringify({ gateway: { id: "gw-7" }, http }));
  return name;
}

test("--config tells where the gateway is", async () => {
  const file = configured("here.jsonc", { host: "127.0.0.1", port: server.port });
  const ended = await command(["list", "--config", file]);
  expect(ended.code).toBe(0);
  expect(rows(ended.out)).toHaveLength(2);
});

test.each([
  ["without an address", "free.jsonc", { port: 0 }, 2, "--url"],
  ["with HTTP switched off", "off.jsonc", { enabled: false }, 2, "http.enabled"],
  ["that is not valid", "wrong.jsonc", { port: "x" }, 3, "1 problem found"],
])("a configuration %s is told", async (_name, file, http, code, said) => {
  const ended = await command(["list", "--config", configured(file, http)]);
  expect(ended).toMatchObject({ code, out: "" });
  expect(ended.err).toContain(said);
});
