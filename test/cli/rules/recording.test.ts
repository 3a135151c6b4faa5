import { join } from "node:path";
import { expect, test } from "vitest";
import { type RecordedSample, readRecording, type SkippedLines } from "../../../src/cli/rules/recording.ts";
import { directoryOf } from "./commands.ts";

interface Read {
  readonly samples: readonly RecordedSample[];
  readonly skipped: SkippedLines;
}

async function read(name: string, text: string, goOn: () => boolean = () => true): Promise<Read> {
  const samples: RecordedSample[] = [];
  const skipped = await readRecording({
    path: join(directoryOf({ [name]: text }), name),
    metric: "value",
    onSample: (sample) => samples.push(sample),
    onProgress: goOn,
  });
  return { samples, skipped };
}

const line = '{"device":"a","metric":"m","at":1767571200000,"value":';

test.each([
  [`${line}1}`, 1],
  [`${line}-2.5e3}`, -2500],
  [`${line}true}`, true],
  [`${line}"open"}`, "open"],
  [`${line}null}`, null],
  ['{"device":"a","metric":"m","ts":1767571200,"value":1,"more":[1]}', 1],
  ['{"device":"a","metric":"m","timestamp":"2026-01-05T00:00:00Z","value":1}', 1],
])("%s is a sample", async (text, value) => {
  const { samples, skipped } = await read("r.ndjson", text);
  expect(samples).toEqual([{ device: "a", metric: "m", at: 1_767_571_200_000, value }]);
  expect(skipped.count).toBe(0);
});

test.each([
  ["{"],
  ["[]"],
  ["7"],
  [`${line}[1]}`],
  [`${line}{}}`],
  ['{"device":"a","metric":"m","at":1767571200000}'],
  ['{"device":1,"metric":"m","at":1767571200000,"value":1}'],
  ['{"device":"a","at":1767571200000,"value":1}'],
  ['{"device":"a","metric":"m","at":"soon","value":1}'],
])("%s is none, and is counted with its line", async (text) => {
  const { samples, skipped } = await read("r.ndjson", `${line}1}\n\n${text}\n${line}2}\n`);
  expect(samples.map(({ value }) => value)).toEqual([1, 2]);
  expect(skipped).toEqual({ count: 1, first: { line: 3, text: text.slice(0, 60) } });
});

test("lines and characters that lie across two reads are whole", async () => {
  const count = 30_000;
  const lines = Array.from(
    { length: count },
    (_, index) => `{"device":"Kühlraum-${index}","metric":"°C","at":1767571200000,"value":${index}}`,
  );
  const { samples, skipped } = await read("r.ndjson", lines.join("\r\n"));
  expect(skipped.count).toBe(0);
  expect(samples).toHaveLength(count);
  expect(samples.map(({ device }) => device)).toEqual(
    Array.from({ length: count }, (_, index) => `Kühlraum-${index}`),
  );
});

test("reading stops where nobody wants more", async () => {
  const text = `${line}1}\n`.repeat(60_000);
  const { samples } = await read("r.ndjson", text, () => false);
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.length).toBeLessThan(60_000);
});

test("a file without lines is refused, whatever its size", async () => {
  await expect(read("r.ndjson", "x".repeat(3_000_000))).rejects.toMatchObject({ code: "BACKTEST_INPUT" });
});

test.each([
  ["a,b", []],
  ["timestamp,value\n2026-01-05 00:00:00,", [null]],
  ["timestamp,value\n2026-01-05 00:00:00,open", ["open"]],
  ["timestamp,value\n2026-01-05 00:00:00,false", [false]],
  ['time,value\n2026-01-05,"say ""x, y"""', ['say "x, y"']],
  ["\uFEFFTimestamp, Value\n2026-01-05 00:00:00, 1.5", [1.5]],
])("the values of the CSV file %j are %j", async (text, values) => {
  const { samples } = await read("cold.csv", text);
  expect(samples.map(({ value }) => value)).toEqual(values);
  expect(samples.every(({ device, metric }) => device === "cold" && metric === "value")).toBe(true);
});
