import { expect, test } from "vitest";
import { lineProtocolPlan } from "../../src/codecs/line-protocol.ts";
import type { PlanSpec } from "../../src/core/decode.ts";
import { StampedDecoding, type StampedRow, type StampedShown } from "./stamped-decoding.ts";

function decode(payload: string | Uint8Array, spec: Partial<PlanSpec> = {}): StampedShown {
  return new StampedDecoding(lineProtocolPlan, spec).decode(payload);
}

test("a line gives a row for each field, stamped with the line's own time", () => {
  const device = "press/2";
  const at = 1_762_000_000_123;
  expect(decode('press,line=2 bar=4.1,ok=t,n=3i,state="run" 1762000000123999999').rows).toStrictEqual([
    { device, metric: "bar", value: 4.1, at },
    { device, metric: "ok", value: true, at },
    { device, metric: "n", value: 3, at },
    { device, metric: "state", value: '"run"', at },
  ]);
});

const values: readonly [field: string, value: StampedRow["value"], bad?: true][] = [
  ["1", 1],
  ["-1.5", -1.5],
  ["+2", 2],
  ["1.", 1],
  [".5", 0.5],
  ["007", 7],
  ["-1.234456e+78", -1.234456e78],
  ["1E-3", 1e-3],
  ["1e400", null, true],
  ["0i", 0],
  ["-12485903i", -12_485_903],
  ["+5i", 5],
  ["9007199254740991i", 2 ** 53 - 1],
  ["9007199254740993i", '"9007199254740993"'],
  ["9007199254740994i", 2 ** 53 + 2],
  ["9223372036854775807i", '"9223372036854775807"'],
  ["-9223372036854775808i", -(2 ** 63)],
  ["000000000000000000005i", 5],
  ["12485903u", 12_485_903],
  ["18446744073709551615u", '"18446744073709551615"'],
  ["t", true],
  ["T", true],
  ["true", true],
  ["True", true],
  ["TRUE", true],
  ["f", false],
  ["F", false],
  ["false", false],
  ["False", false],
  ["FALSE", false],
  ['""', '""'],
  ['"läuft, a=b c"', '"läuft, a=b c"'],
  [String.raw`"say \"no\""`, String.raw`"say \"no\""`],
  [String.raw`"C:\temp\\x\n"`, JSON.stringify(String.raw`C:\temp\x\n`)],
  ['"two\nlines"', String.raw`"two\nlines"`],
];

test.each(values)("the field %j is %j", (field, value, bad) => {
  expect(decode(`m f=${field} 1762000000000000000`).rows).toStrictEqual([
    { device: "m", metric: "f", value, at: 1_762_000_000_000, ...(bad ? { bad } : {}) },
  ]);
});

const times: readonly [time: string, at: number | undefined, unreadable: boolean][] = [
  ["", undefined, false],
  [" 1556813561098000000", 1_556_813_561_098, false],
  [" 1762000000123999999", 1_762_000_000_123, false],
  [" 1762000000124000000", 1_762_000_000_124, false],
  [" 1762000000123999", 1_762_000_000_123, false],
  [" 1762000000123", 1_762_000_000_123, false],
  [" 1762000000", 1_762_000_000_000, false],
  [" 5", undefined, true],
  [" 0", undefined, true],
  [" -1762000000000000000", undefined, true],
  [" 9223372036854775807", 9_223_372_036_854, false],
  [" 99999999999999999999", 99_999_999_999_999, false],
];

test.each(times)("the time %j is %j", (time, at, unreadable) => {
  const shown = decode(`m f=1${time}`);
  expect(shown.rows[0]?.at).toBe(at);
  expect(shown.stampAt).toBeNaN();
  expect(shown.unreadable).toBe(unreadable);
});

const names: readonly [
  law: string,
  line: string,
  device: string,
  metric: string,
  spec?: Partial<PlanSpec>,
][] = [
  ["a measurement", "m f=1", "m", "f"],
  ["tags in the order of their keys", "m,b=2,a=1,c=3 f=1", "m/1/2/3", "f"],
  ["escapes in the measurement", String.raw`my\ m\,x\=y f=1`, String.raw`my m,x\=y`, "f"],
  ["an equals sign in the measurement", "m=x f=1", "m=x", "f"],
  ["escapes in tags", String.raw`m,t\ \,\=x=a\ b\,c\=d f=1`, "m/a b,c=d", "f"],
  ["escapes in the field", String.raw`m a\ b\,c\=d=1`, "m", "a b,c=d"],
  ["backslashes before something else", String.raw`a\b,t=c\d e\f=1`, String.raw`a\b/c\d`, String.raw`e\f`],
  ["quotes in names", 'm"x",t="y" "f"=1', 'm"x"/"y"', '"f"'],
  ["letters that are not ASCII, composed", "gro\u0308ße,o=Mu\u0308nchen f=1", "größe/München", "f"],
  ["several spaces", "  m   f=1  ", "m", "f"],
  ["a device in the route", "m,t=x f=1", "press-7", "f", { device: "press-7" }],
  ["a metric in the route", "m f=1", "m", "raw.f", { metric: "raw" }],
  ["a metric in the route and a field `value`", "m value=1", "m", "raw", { metric: "raw" }],
];

test.each(names)("the series follows from %s", (_, line, device, metric, spec = {}) => {
  expect(decode(line, spec).rows).toMatchObject([{ device, metric }]);
});

test("the unit is the route's", () => {
  expect(decode("m f=1", { unit: "V" }).rows).toMatchObject([{ unit: "V" }]);
});

test("lines are read one by one, between empty ones and comments", () => {
  const shown = decode(
    '\n# a=b\nm a=1 1762000000000000000\r\n  \n m b="#"\n  # c\nm c=3 1762000001000000000',
  );
  expect(shown.rows.map(({ metric, value, at }) => [metric, value, at])).toStrictEqual([
    ["a", 1, 1_762_000_000_000],
    ["b", '"#"', undefined],
    ["c", 3, 1_762_000_001_000],
  ]);
});

test("comments alone are a message without rows", () => {
  const shown = decode("# nothing\n#");
  expect(shown.cause).toBeUndefined();
  expect(shown.rows).toHaveLength(0);
});

test("a field that comes twice in a line counts once, the last one", () => {
  expect(decode("m a=1,b=2,a=3").rows).toMatchObject([
    { metric: "b", value: 2 },
    { metric: "a", value: 3 },
  ]);
});

const bad: readonly [law: string, line: string, cause: string][] = [
  ["no fields", "m", "malformed"],
  ["no fields behind a space", "m ", "malformed"],
  ["no measurement", ",t=1 f=1", "malformed"],
  ["a tag without a value", "m,t f=1", "malformed"],
  ["a tag with an empty value", "m,t= f=1", "malformed"],
  ["a tag with an empty key", "m,=x f=1", "malformed"],
  ["a tag with a second equals sign", "m,t=a=b f=1", "malformed"],
  ["a tag that comes twice", "m,t=1,t=2 f=1", "malformed"],
  ["a field without a value", "m f", "malformed"],
  ["a field with an empty value", "m f=", "malformed"],
  ["a field with an empty key", "m =1", "malformed"],
  ["a comma without a field", "m f=1,", "malformed"],
  ["a word", "m f=on", "malformed"],
  ["NaN", "m f=NaN", "malformed"],
  ["hexadecimal digits", "m f=0x1F", "malformed"],
  ["an integer with a fraction", "m f=1.5i", "malformed"],
  ["an integer of no digits", "m f=i", "malformed"],
  ["an unsigned integer below nought", "m f=-1u", "malformed"],
  ["an integer beyond 64 bits", "m f=9223372036854775808i", "malformed"],
  ["an unsigned integer beyond 64 bits", "m f=18446744073709551616u", "malformed"],
  ["an integer of 40 digits", `m f=${"9".repeat(40)}i`, "malformed"],
  ["a string without an end", 'm f="x', "malformed"],
  ["a string with something behind it", 'm f="x"y', "malformed"],
  ["a string of more than 1 KiB", `m f="${"x".repeat(1_025)}"`, "too-large"],
  ["a time with a fraction", "m f=1 1.5", "malformed"],
  ["a time that is a word", "m f=1 now", "malformed"],
  ["something behind the time", "m f=1 1762000000000000000 x", "malformed"],
  ["a control character in a name", "m\t f=1", "invalid-text"],
  ["a device that is too long", `m,t=${"x".repeat(127)} f=1`, "invalid-text"],
  ["a metric that is too long", `m ${"x".repeat(129)}=1`, "invalid-text"],
  ["JSON", '{"a": 1}', "malformed"],
];

test.each(bad)("a line with %s is left out, and counted", (_, line, cause) => {
  const alone = new StampedDecoding(lineProtocolPlan);
  expect(alone.decode(line).cause).toBe(cause);
  expect(alone.series.names).toHaveLength(0);
  expect(alone.plan.refusedLines).toBe(0);
  const among = new StampedDecoding(lineProtocolPlan);
  const shown = among.decode(`m good=1\n${line}\nm also=2\n${line}`);
  expect(shown.rows.map(({ metric }) => metric)).toStrictEqual(["good", "also"]);
  expect(among.plan.refusedLines).toBe(2);
  expect(among.plan.refusedLine).toMatchObject({ cause });
  expect(among.plan.refusedLine?.detail).toMatch(/^Line 2: .*\.$/);
  among.decode("m good=1");
  expect(among.plan.refusedLines).toBe(2);
  expect(among.plan.refusedLine).toBeUndefined();
});

test("a line that is not UTF-8 is left out, and the others are kept", () => {
  const bytes = Buffer.concat([Buffer.from('m a="'), Buffer.from([0xff]), Buffer.from('"\nm b="ü"')]);
  expect(decode(bytes).rows).toMatchObject([{ metric: "b", value: '"ü"' }]);
  expect(decode(bytes.subarray(0, 8)).cause).toBe("invalid-text");
});

const refused: readonly [law: string, payload: string, cause: string][] = [
  ["nothing", "", "empty"],
  ["white space", " \r\n\n", "empty"],
  ["more than 64 KiB", `m f=1\n`.repeat(11_000), "too-large"],
  ["more than 1,024 values", "m f=1\n".repeat(600), "too-many-items"],
  ["more than 1,024 bad lines", "m\n".repeat(1_100), "too-many-items"],
];

test.each(refused)("a message is refused for %s", (_, payload, cause) => {
  expect(decode(payload).cause).toBe(cause);
});

test("no more series is a rejection of the whole message", () => {
  expect(new StampedDecoding(lineProtocolPlan, {}, 1).decode("m a=1\nm b=2").cause).toBe("series-limit");
});
