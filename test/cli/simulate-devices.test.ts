import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdfast } from "./holdfast.ts";
import { holdfastInProcess } from "./in-process.ts";
import { ScriptedBroker } from "./scripted-broker.ts";

let broker: ScriptedBroker;
let directory: string;
beforeEach(async () => {
  broker = new ScriptedBroker();
  await broker.listen();
  directory = mkdtempSync(join(tmpdir(), "holdfast-simulate-devices-"));
  mkdirSync(join(directory, "acme"));
});
afterEach(() => broker.vanish());

/** A profile of one's own. */
const printer = {
  vendor: "Acme",
  model: "Printer",
  version: 1,
  source: "https://printer.example/mqtt",
  match: ["acme/+/state"],
  codec: "json",
  device: "printer-{1}",
  interval: "1s",
  metrics: { temperature: { from: "/actual", unit: "Cel", range: [-15, 500] } },
  examples: {
    good: [{ topic: "acme/bed/state", json: { actual: 59.8 }, expect: { temperature: 59.8 } }],
    bad: [{ topic: "acme/bed/state", text: "offline", cause: "malformed" }],
  },
};

function url(): string {
  return `mqtt://127.0.0.1:${broker.port}`;
}

test("devices of a profile's file report at its interval, each once, and the counts tell of faults", async () => {
  writeFileSync(join(directory, "acme/printer.json"), JSON.stringify(printer));
  const words = ["--profile", "./acme/printer.json", "--count", "10", "--seconds", "1"];
  const run = await holdfast(["simulate", "--url", url(), ...words, "--fault", "stuck:0.5"], directory);
  expect(run.err).toBe("");
  expect(run.code).toBe(0);
  expect(run.out).toMatch(/^10 sent, 10 acknowledged, 0 resent, in \d\.\d s\.\n10 devices: 5 stuck\.\n$/);
  expect(new Set(broker.seen.map(({ topic }) => topic)).size).toBe(10);
  for (const { payload } of broker.seen) expect(payload).toMatch(/^\{"actual":\d\d\.\d\}$/);
});

test("a rate is that of all devices together", async () => {
  const words = [
    "--profile",
    "ruuvi/ruuvitag,acurite/tower",
    "--count",
    "3",
    "--rate",
    "60",
    "--seconds",
    "0.5",
  ];
  const run = await holdfast(["simulate", "--url", url(), "--json", ...words], directory);
  expect(JSON.parse(run.out)).toMatchObject({ sent: 30, devices: 6, faults: {}, malformed: 0, withheld: 0 });
  expect(new Set(broker.seen.map(({ topic }) => topic)).size).toBe(3 + 3 * 3);
});

test.each([
  ["an unknown profile", ["--profile", "ruuvi/ruvitag"], 2, 'did you mean "ruuvi/ruuvitag"?'],
  [
    "devices that nothing tells apart",
    ["--profile", "dsmr-reader/p1"],
    2,
    "Devices of dsmr-reader/p1 cannot be told apart.",
  ],
  ["a fault without profile", ["--fault", "stuck"], 2, "name a profile"],
  [
    "a fault that is none",
    ["--profile", "ruuvi/ruuvitag", "--fault", "broken"],
    2,
    "stuck, drifting, spiking",
  ],
  [
    "a fault that none can have",
    ["--profile", "sonoff/snzb-02d", "--fault", "clock-ahead"],
    2,
    "a time stamp",
  ],
  ["a series and a profile", ["--profile", "ruuvi/ruuvitag", "--csv", "x.csv"], 2, "exclude each other"],
  ["a file that is no profile", ["--profile", "acme/wrong.json"], 3, "wrong.json:1:1 /vendor"],
  [
    "a profile without readings",
    ["--profile", "acme/mute.json"],
    3,
    "acme/mute cannot be simulated: none of its examples",
  ],
])("%s is named before anything is sent", async (_name, words, code, told) => {
  writeFileSync(join(directory, "acme/wrong.json"), "{}");
  const good = [{ topic: "acme/bed/state", json: { target: 60 }, expect: {} }];
  const examples = { ...printer.examples, good };
  writeFileSync(join(directory, "acme/mute.json"), JSON.stringify({ ...printer, examples }));
  const run = await holdfastInProcess(["simulate", "--url", url(), "--seconds", "0.1", ...words], directory);
  expect(run.err).toContain(told);
  expect(run.code).toBe(code);
  expect(broker.seen).toEqual([]);
});
