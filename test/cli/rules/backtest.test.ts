import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogRecord } from "../../../src/core/record.ts";
import { openStore } from "../../../src/store/store.ts";
import { holdfast } from "../holdfast.ts";
import { levelsOf, recordOf, rowsOf, ruleOf, seriesOf, windowOf } from "../../support/records.ts";
import { keptLog, noEffects } from "../../support/stores.ts";
import { directoryOf, hotRule, rules, rulesIn } from "./commands.ts";

const startAt = Date.UTC(2026, 0, 5);
const minute = 60_000;

/** Readings of a device, one a minute. */
function lines(device: string, values: readonly number[]): string {
  return values
    .map((value, index) =>
      JSON.stringify({ device, metric: "temperature", at: startAt + index * minute, value }),
    )
    .join("\n");
}

const recording = lines("fridge-1", [4, 12, 12, 4, 4, 12, 4, 4, 4, 12, 12]);
const hot = { "hot.jsonc": hotRule() };

test("a recording is folded, and what fired is a table", async () => {
  const ended = await rules(
    { ...hot, "r.ndjson": recording },
    "backtest",
    "hot.jsonc",
    "--input",
    "r.ndjson",
  );
  expect(ended).toMatchObject({ code: 0, err: "" });
  const [summary, , ...table] = ended.out.split("\n");
  expect(summary).toMatch(
    /^11 samples of 1 series, 2026-01-05 00:00:00 to 2026-01-05 00:10:00 UTC, in \d+\.\d s\.$/,
  );
  expect(table).toEqual([
    "rule  key       fired  total  longest  first                last",
    "hot   fridge-1      3     4m       2m  2026-01-05 00:01:00  2026-01-05 00:09:00 (still firing)",
    "",
  ]);
});

test("the same as JSON, for programs", async () => {
  const files = {
    "r.jsonc": { rules: [hotRule(), hotRule({ id: "never", source: { metric: "x" } })] },
    "r.ndjson": recording,
  };
  const ended = await rules(files, "backtest", "r.jsonc", "--input", "r.ndjson", "--json");
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(ended.out)).toEqual({
    from: startAt,
    to: startAt + 10 * minute,
    samples: 11,
    series: 1,
    seconds: expect.any(Number),
    alerts: [
      {
        rule: "hot",
        key: { device: "fridge-1" },
        fired: 3,
        totalMs: 4 * minute,
        longestMs: 2 * minute,
        firstAt: startAt + minute,
        lastAt: startAt + 9 * minute,
        stillFiring: true,
      },
    ],
    quietRules: ["never"],
    historical: 0,
    noData: 0,
    refusedGroups: 0,
    remarks: [],
  });
});

test.each([
  ["timestamp,value\n2026-01-05 00:00:00,4\n2026-01-05 00:01:00,12\n", "cold-7"],
  ["2026-01-05T00:00:00Z,4\n2026-01-05T01:01:00+01:00,12\n", "cold-7"],
  [
    '"at","device","metric","value"\n1767571200000,"a,b",temperature,4\r\n1767571260000,"a,b",temperature,12\r\n',
    "a,b",
  ],
  ["value,ts,device\n4,1767571200,c\n,1767571230,c\n12,1767571260,c\n", "c"],
])("a CSV file is read by its columns: %j", async (text, device) => {
  const files = { ...hot, "cold-7.csv": text };
  const words = ["backtest", "hot.jsonc", "--input", "cold-7.csv", "--metric", "temperature", "--json"];
  const ended = await rules(files, ...words);
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.out)).toMatchObject({
    samples: 2,
    alerts: [{ key: { device }, fired: 1, firstAt: startAt + minute }],
  });
});

test("only the span that is asked for is folded", async () => {
  const span = ["--from", "2026-01-05T00:04:00Z", "--to", "2026-01-05T00:07:00Z"];
  const words = ["backtest", "hot.jsonc", "--input", "r.ndjson", "--json", ...span];
  const ended = await rules({ ...hot, "r.ndjson": recording }, ...words);
  expect(JSON.parse(ended.out)).toMatchObject({
    samples: 3,
    alerts: [{ fired: 1, firstAt: startAt + 5 * minute }],
  });
});

test("against other rules the difference is shown alert by alert", async () => {
  const files = {
    "now.jsonc": { rules: [hotRule({ for: "1m" }), hotRule({ id: "new" })] },
    "before/hot.jsonc": hotRule(),
    "before/old.jsonc": hotRule({ id: "old" }),
    "r.ndjson": recording,
  };
  const words = ["backtest", "now.jsonc", "--input", "r.ndjson", "--against", "before"];
  const ended = await rules(files, ...words);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.out.slice(ended.out.indexOf("Against")).split("\n")).toEqual([
    "Against the other rules",
    "         rule  key       fired before  now  total before  now",
    expect.stringMatching(/^< fewer {2}hot {3}fridge-1 {13}3 {4}2 {12}4m {3}\d/),
    "+ new    new   fridge-1             0    3            0s   4m",
    "- gone   old   fridge-1             3    0            4m   0s",
    "",
  ]);
});

test("lines that are no samples and disorder are told, and the rest is folded", async () => {
  const text = `${recording}\n{"device":"fridge-1"}\n${lines("fridge-1", [4])}\n{"dev`;
  const ended = await rules({ ...hot, "r.ndjson": text }, "backtest", "hot.jsonc", "--input", "r.ndjson");
  expect(ended.code).toBe(0);
  expect(ended.out).toContain("12 samples of 1 series");
  expect(ended.err).toContain('note: 2 lines are not samples; the first is line 12: {"device":"fridge-1"}');
  expect(ended.err).toContain("note: 1 sample is more than a minute older");
});

test("a rule that is switched off is tried all the same", async () => {
  const files = { "hot.jsonc": hotRule({ enabled: false }), "r.ndjson": recording };
  const ended = await rules(files, "backtest", "hot.jsonc", "--input", "r.ndjson", "--json");
  expect(JSON.parse(ended.out)).toMatchObject({ alerts: [{ fired: 3 }] });
});

test.each([
  [["backtest", "hot.jsonc"], 2, "CLI_USAGE"],
  [["backtest", "hot.jsonc", "--input", "a", "--data", "b"], 2, "CLI_USAGE"],
  [["backtest", "hot.jsonc", "--input", "r.ndjson", "--against"], 2, "CLI_USAGE"],
  [["backtest", "hot.jsonc", "--input", "r.ndjson", "--from", "yesterday"], 2, "CLI_USAGE"],
  [["backtest", "hot.jsonc", "--input", "r.ndjson", "--from", "now", "--to", "-7d"], 2, "CLI_USAGE"],
  [["backtest", "hot.jsonc", "--input", "nowhere.ndjson"], 1, "BACKTEST_INPUT"],
  [["backtest", "hot.jsonc", "--data", "nowhere"], 5, "STORE_FAILED"],
  [["backtest", "bad.jsonc", "--input", "r.ndjson"], 3, "bad.jsonc:1:1"],
  [["backtest", "hot.jsonc", "--input", "r.ndjson", "--against", "bad.jsonc"], 3, "bad.jsonc:1:1"],
] as const)("%j exits %d", async (words, code, text) => {
  const ended = await rules({ ...hot, "bad.jsonc": "{}", "r.ndjson": recording }, ...words);
  expect(ended).toMatchObject({ code, out: "" });
  expect(ended.err).toContain(text);
});

/** A gateway that took a reading a minute, of two devices, with a rule in force that says "over 11". */
async function gatewayDirectory(): Promise<string> {
  const directory = directoryOf(hot);
  mkdirSync(join(directory, "data"));
  const store = await openStore({
    directory: join(directory, "data"),
    durability: "async",
    logger: keptLog(),
  });
  const inForce = ruleOf({
    id: "hot",
    window: windowOf({ type: "none" }),
    aggregates: [],
    levels: levelsOf({ field: "value", op: ">", value: 11 }),
  });
  const commit = (record: LogRecord): Promise<void> =>
    store.commit({ record, effects: noEffects, deadLetters: [] });
  for (let seq = 1; seq <= 60; seq += 1) {
    const at = startAt + seq * minute;
    const first = {
      definitions: seriesOf(["fridge-1", "fridge-2"]),
      settings: { rules: [inForce], rollups: [], devices: [] },
    };
    const rows = rowsOf([
      { series: 0, at, value: seq % 10 === 0 ? 9 : 4 },
      { series: 1, at, value: seq % 20 === 0 ? 12 : 4 },
    ]);
    await commit(recordOf({ seq, at, monotonicMs: seq * minute, rows, ...(seq === 1 ? first : {}) }));
  }
  await store.close();
  return directory;
}

test("the gateway's own history is folded from an instant on, and its directory stays as it is", async () => {
  const directory = await gatewayDirectory();
  const before = readdirSync(join(directory, "data", "database"));
  const words = [
    "rules",
    "backtest",
    "hot.jsonc",
    "--data",
    "data",
    "--from",
    "2026-01-05T00:15:00Z",
    "--json",
  ];
  const ended = await holdfast(words, directory);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(ended.out)).toMatchObject({
    from: startAt + 15 * minute,
    to: startAt + 60 * minute,
    samples: 92,
    series: 2,
    alerts: [
      { key: { device: "fridge-1" }, fired: 5, firstAt: startAt + 20 * minute },
      { key: { device: "fridge-2" }, fired: 3, firstAt: startAt + 20 * minute },
    ],
  });
  expect(readdirSync(join(directory, "data", "database"))).toEqual(before);
});

test("without a path it is compared with the rules that are in force", async () => {
  const directory = await gatewayDirectory();
  const words = ["backtest", "hot.jsonc", "--data", "data", "--against", "--json"];
  const { differences } = JSON.parse((await rulesIn(directory, ...words)).out);
  expect(differences).toMatchObject([
    { key: { device: "fridge-1" }, verdict: "added", before: null, now: { fired: 6 } },
    { key: { device: "fridge-2" }, verdict: "same", before: { fired: 3 } },
  ]);
});

test("a time without records is told, with what there is", async () => {
  const directory = await gatewayDirectory();
  const ended = await rulesIn(directory, "backtest", "hot.jsonc", "--data", "data", "--from", "2099-01-01");
  expect(ended.code).toBe(0);
  expect(ended.out).toContain("There is nothing in this time.");
  expect(ended.err).toContain("note: The history begins at 2026-01-05 00:01:00 and has 60 records.");
});

test("a directory whose database is damaged exits 5", async () => {
  const directory = await gatewayDirectory();
  writeFileSync(join(directory, "data", "database", "CURRENT"), "MANIFEST-999999\n");
  const ended = await rulesIn(directory, "backtest", "hot.jsonc", "--data", "data");
  expect(ended).toMatchObject({ code: 5, out: "" });
});
