import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdfast, Running } from "./holdfast.ts";
import { ScriptedBroker } from "./scripted-broker.ts";

let broker: ScriptedBroker;
let directory: string;
beforeEach(async () => {
  broker = new ScriptedBroker();
  await broker.listen();
  directory = mkdtempSync(join(tmpdir(), "holdfast-simulate-"));
});
afterEach(() => broker.vanish());

function series(count: number): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const at = new Date(Date.UTC(2013, 11, 2, 21, 15) + row * 300_000).toISOString();
    return `${at.slice(0, 10)} ${at.slice(11, 19)},${row}.5`;
  });
  writeFileSync(join(directory, "machine.csv"), `timestamp,value\n${rows.join("\n")}\n`);
  return "machine.csv";
}

/** What the broker has seen since the last call, without the time stamps. */
function values(): string[] {
  const seen = broker.seen.splice(0);
  return seen.map(({ topic, payload }) => `${topic} ${payload.replace(/"ts":\d+,/, "")}`);
}

function simulate(words: readonly string[]): Running {
  return new Running(["simulate", "--url", `mqtt://127.0.0.1:${broker.port}`, "--json", ...words], directory);
}

test("a recorded series arrives in order with its own time stamps, although the broker keeps dying", async () => {
  broker.script.onPublish = ({ connection }) =>
    connection < 5 && broker.seen.length % 60 === 0 ? "cut" : "acknowledge";
  const ended = await simulate(["--csv", series(300), "--metric", "temperature", "--in-flight", "8"]).ended;
  expect(ended.code).toBe(0);
  const firsts = [...new Set(broker.seen.map((seen) => seen.payload))];
  const start = Date.UTC(2013, 11, 2, 21, 15);
  expect(firsts).toEqual(
    Array.from({ length: 300 }, (_, row) => `{"ts":${start + row * 300_000},"temperature":${row}.5}`),
  );
  expect(broker.seen[0]?.topic).toBe("replay/machine");
  const counts = JSON.parse(ended.out);
  expect(counts).toMatchObject({ sent: 300, acknowledged: 300, seconds: expect.any(Number) });
  expect(counts.resent).toBe(broker.seen.filter((seen) => seen.duplicate).length);
});

test("a series can be begun in its middle, under another topic, at a speed", async () => {
  const words = ["--csv", series(5), "--from", "3", "--topic", "plant/x", "--speed", "3000"];
  const ended = await simulate(words).ended;
  expect(broker.seen.map(({ topic, payload }) => [topic, JSON.parse(payload).value])).toEqual([
    ["plant/x", 2.5],
    ["plant/x", 3.5],
    ["plant/x", 4.5],
  ]);
  // Ten minutes of data at 3,000 times real time.
  expect(JSON.parse(ended.out).seconds).toBeGreaterThanOrEqual(0.2);
});

test("sensors with a seed send what they sent before, at the rate that was asked for", async () => {
  const words = ["--devices", "6", "--rate", "60/s", "--seconds", "0.5", "--seed", "7"];
  const first = await simulate(words).ended;
  const firstValues = values().toSorted();
  await simulate(words).ended;
  expect(JSON.parse(first.out)).toMatchObject({ sent: 30, acknowledged: 30, resent: 0 });
  expect(firstValues.filter((line) => !line.includes("cold-room"))).toEqual(
    values()
      .toSorted()
      .filter((line) => !line.includes("cold-room")),
  );
  expect(new Set(firstValues.map((line) => line.split(" ")[0])).size).toBe(6);
});

test("no sensor stamps two readings alike, at whatever rate", async () => {
  await simulate(["--devices", "2", "--rate", "4000", "--seconds", "0.25"]).ended;
  const stamps = broker.seen.map(({ topic, payload }) => `${topic} ${JSON.parse(payload).ts}`);
  expect(stamps.length).toBeGreaterThan(500);
  expect(new Set(stamps).size).toBe(stamps.length);
});

test("an interrupt prints the counts, tells where to go on, and exits 130", async () => {
  broker.script.onPublish = ({ payload }) => (JSON.parse(payload).value < 10 ? "acknowledge" : "swallow");
  const running = simulate(["--csv", series(50), "--from", "1"]);
  await expect.poll(() => broker.seen.length, { timeout: 10_000 }).toBe(30);
  running.child.kill("SIGINT");
  const ended = await running.ended;
  expect(ended.code).toBe(130);
  expect(JSON.parse(ended.out)).toMatchObject({ acknowledged: 10 });
  expect(ended.err).toContain("--from 11");
});

test("a broker that is not there is exit 4 with a hint", async () => {
  const port = broker.port;
  await broker.vanish();
  const words = ["simulate", "--url", `mqtt://127.0.0.1:${port}`, "--patience", "0.2", "--seconds", "1"];
  const ended = await holdfast(words, directory);
  expect(ended.code).toBe(4);
  expect(ended.err).toMatch(/cannot be reached.*\[SIMULATE_UNREACHABLE\]\n {2}hint: /s);
  await broker.listen();
});

test.each([
  ["a text", "timestamp,value\n2013-12-02 21:15:00,warm\n", "bad.csv:2:"],
  ["a day that does not exist", "timestamp,value\n2013-02-30 21:15:00,1\n", "bad.csv:2:"],
  ["an empty value", "timestamp,value\n2013-12-02 21:15:00,1\n2013-12-02 21:20:00,\n", "bad.csv:3:"],
])("%s in a series is named with its line before anything is sent", async (_name, text, place) => {
  writeFileSync(join(directory, "bad.csv"), text);
  const ended = await simulate(["--csv", "bad.csv"]).ended;
  expect(ended.code).toBe(1);
  expect(ended.err).toContain(place);
  expect(broker.seen).toEqual([]);
});
