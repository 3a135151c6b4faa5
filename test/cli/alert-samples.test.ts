import { tmpdir } from "node:os";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import { sampleTable } from "../../src/cli/alerts/sample-table.ts";
import type { Output } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import type { Sample } from "../../src/core/read-model.ts";
import type { AlertRecord } from "../../src/core/streams.ts";
import { alertOf, MemoryReadModel, openMemoryApi } from "../api/world.ts";
import { ruleOf } from "../support/records.ts";
import { type Ended, holdfast } from "./holdfast.ts";

const warm = "1a2b3c4d00000001";
const door = "1a2b9f9f00000002";
const firedAt = 1_762_000_060_000;
const capture = { from: firedAt - 60_000, to: firedAt + 120_000 };

let server: ApiServer;
let readModel: MemoryReadModel;
let now: number;

/** An alert that is captured so. */
function captured(marked: typeof capture | null, more: Partial<AlertRecord> = {}): AlertRecord {
  return Object.assign(alertOf("warm", "firing", { id: warm, ...more }), { capture: marked });
}

beforeEach(async () => {
  now = capture.to;
  readModel = new MemoryReadModel();
  readModel.alertList = [captured(capture), alertOf("door", "pending", { id: door })];
  readModel.ruleList = [ruleOf({ id: "warm", capture: { beforeMs: 60_000, afterMs: 120_000 } })];
  server = await openMemoryApi(readModel);
});
afterEach(() => server.close());

async function samples(...words: readonly string[]): Promise<Pick<Ended, "code" | "out" | "err">> {
  const said = { out: "", err: "" };
  const outputTo = (name: "out" | "err"): Output => ({
    write(text) {
      said[name] += text;
    },
    isTerminal: false,
    colour: false,
  });
  const line = ["alerts", "samples", ...words, "--url", `http://127.0.0.1:${server.port}`];
  const code = await runCommandLine(line, {
    out: outputTo("out"),
    err: outputTo("err"),
    environment: {},
    workingDirectory: tmpdir(),
    clock: {
      now: () => now,
      monotonicMs: () => 0,
      synced: () => true,
      begin: () => undefined,
      takeRepair: () => undefined,
    },
    random: () => 0,
    onSignal: () => () => undefined,
    exitNow: () => expect.unreachable(),
  });
  return { code, ...said };
}

test("the samples around a firing are a table in local time, which shows when it was", async () => {
  const words = ["alerts", "samples", "1A2B3", "--url", `http://127.0.0.1:${server.port}`];
  const ended = await holdfast(words, tmpdir(), { TZ: "Asia/Kolkata" });
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.out.split("\n")).toEqual([
    "time                     metric       value",
    "2025-11-01 17:57:39.500  temperature  7.5 °C",
    "2025-11-01 17:57:40.000  door         true",
    "2025-11-01 17:57:40.000  ---- the alert fires ----",
    "2025-11-01 17:57:40.500  temperature  9.25 °C  corrected",
    "",
  ]);
  expect(readModel.sampleQueries).toEqual([{ device: "fridge-1", ...capture, limit: 10_000 }]);
});

test("as JSON the samples are as the gateway has them, with what they are of", async () => {
  const { code, out, err } = await samples(warm, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(JSON.parse(out)).toEqual({
    alert: warm,
    rule: "warm",
    key: { device: "fridge-1" },
    capture,
    firedAt,
    samples: readModel.sampleList,
    truncated: false,
  });
});

test("of an alert of one metric only that one is asked for", async () => {
  readModel.alertList = [captured(capture, { key: { device: "fridge-1", metric: "door" } })];
  expect((await samples(warm)).out).not.toContain("temperature");
  expect(readModel.sampleQueries).toMatchObject([{ device: "fridge-1", metric: "door" }]);
});

test.each([
  ["has another capture by now", { capture: { beforeMs: 30_000, afterMs: 120_000 } }],
  ["has none any more", {}],
  ["is gone", { id: "cold" }],
])("when the rule %s no instant is marked", async (_name, part) => {
  readModel.ruleList = [ruleOf(part)];
  const { code, out } = await samples(warm);
  expect(code).toBe(0);
  expect(out).toContain("9.25");
  expect(out).not.toContain("fires");
  expect(JSON.parse((await samples(warm, "--json")).out)).toMatchObject({ firedAt: null });
});

test("while the stretch is not over that is said", async () => {
  now = capture.to - 1;
  const { code, err } = await samples(warm);
  expect(code).toBe(0);
  expect(err).toMatch(/^More may follow until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\n$/);
});

/** Samples with the numbers from 0 on, several of them at each instant. */
function numbered(count: number, at: (value: number) => number): Sample[] {
  return Array.from({ length: count }, (_, value) => ({
    device: "fridge-1",
    metric: "temperature",
    at: capture.from + at(value),
    value,
  }));
}

test("more samples than one answer holds are asked for until all are there, each once", async () => {
  readModel.sampleList = numbered(25_000, (value) => Math.floor(value / 7));
  const { code, out, err } = await samples(warm, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { samples: shown, truncated } = JSON.parse(out);
  expect(truncated).toBe(false);
  expect(shown).toEqual(readModel.sampleList);
  expect(readModel.sampleQueries).toHaveLength(3);
});

test("when samples are left out that is said, and a firing behind them is not shown", async () => {
  readModel.sampleList = numbered(10_001, () => 5);
  const { code, out, err } = await samples(warm);
  expect({ code, err }).toEqual({ code: 0, err: "These are the first 10,000; there are more.\n" });
  expect(out.trimEnd().split("\n")).toHaveLength(10_001);
  expect(out).not.toContain("fires");
});

test.each([
  ["has no capture", {}, 'The rule warm has no "capture"', '"before": "5m"'],
  [
    "has one and has not fired since",
    { capture: { beforeMs: 1, afterMs: 1 } },
    "warm fridge-1 has not fired since",
    "next firing",
  ],
])("nothing is marked where the rule %s: exit 1 and a hint", async (_name, part, said, hint) => {
  readModel.ruleList = [ruleOf(part)];
  readModel.alertList = [captured(null)];
  const ended = await samples(warm);
  expect(ended).toMatchObject({ code: 1, out: "" });
  expect(ended.err).toContain(said);
  expect(ended.err).toContain(hint);
});

test("an alert that knows nothing of captures has none", async () => {
  readModel.ruleList = [];
  expect((await samples(door)).err).toContain('The rule door has no "capture"');
});

test.each([[{}], [{ site: "north" }]])("an alert with the key %j has no samples: exit 1", async (key) => {
  readModel.alertList = [captured(capture, { key })];
  const ended = await samples(warm);
  expect(ended).toMatchObject({ code: 1, out: "" });
  expect(ended.err).toContain('no "device" in its key');
  expect(readModel.sampleQueries).toEqual([]);
});

test("when the log has no samples any more that is said", async () => {
  readModel.sampleList = [];
  const ended = await samples(warm);
  expect(ended).toMatchObject({ code: 1, out: "" });
  expect(ended.err).toContain('No device "fridge-1"');
});

test.each([
  [["1a2b"], 2, `${door} (door fridge-1)`],
  [["1a"], 2, "4 to 16 hexadecimal digits"],
  [[], 2, "missing required argument 'id'"],
  [["0000"], 1, "No alert has an id that begins with 0000"],
])("samples %j ends with %d", async (words, code, said) => {
  const ended = await samples(...words);
  expect(ended).toMatchObject({ code, out: "" });
  expect(ended.err).toContain(said);
});

function tableOf(list: readonly Partial<Sample>[], colour = false): string[] {
  const output: Output = { write: () => undefined, isTerminal: colour, colour };
  const shown = list.map((sample) => ({ metric: "m", at: 0, value: 1, unit: "", quality: "", ...sample }));
  return sampleTable(output, shown, 1_000);
}

test.each([
  [[{ at: 1 }, { at: 2_000 }], 2],
  [[{ at: 1 }, { at: 1_000 }], 3],
  [[{ at: 1_001 }], 1],
  [[], 1],
])("among %j the firing is line %d", (list, line) => {
  expect(tableOf(list).findIndex((text) => text.includes("fires"))).toBe(line);
});

test.each([
  [null, /  none$/],
  ["open\u001b[2J", /  open\\x1b\[2J$/],
  [false, /  false$/],
])("the value %j is shown so that it can be read", (value, said) => {
  expect(tableOf([{ value }])[1]).toMatch(said);
});

test("colours change nothing but the colour", () => {
  const list = [{ at: 1 }, { at: 2_000 }];
  expect(tableOf(list, true)[2]).toContain("\u001b[31m");
  expect(tableOf(list, true).map(stripVTControlCharacters)).toEqual(tableOf(list));
});
