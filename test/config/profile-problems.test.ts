/** Mistakes in profiles as people make them; ▸ stands before what the problem points at. */
import { expect, test } from "vitest";
import { readProfile } from "../../src/config/profiles.ts";
import { problemsOf } from "./loading.ts";
import { unmarked } from "./marked.ts";

/** A right profile, with some of its lines replaced; an empty replacement takes the line away. */
function profileWith(lines: Readonly<Record<string, string>>): string {
  const all: Record<string, string> = {
    vendor: '"vendor": "Acme",',
    model: '"model": "T1",',
    version: '"version": 1,',
    source: '"source": "Acme T1 manual, 2024",',
    match: '"match": ["acme/+/t1"],',
    codec: '"codec": "json",',
    device: '"device": "{1}",',
    more: "",
    metrics: '"metrics": { "temperature": "temperature" },',
    good: '"examples": { "good": [{ "topic": "acme/a/t1", "json": { "temperature": 1 }, "expect": { "temperature": 1 } }],',
    bad: '"bad": [{ "topic": "acme/a/t1", "text": "x", "cause": "malformed" }] }',
    ...lines,
  };
  return `{\n${Object.values(all).join("\n")}\n}\n`;
}

function problemsIn(text: string, id = "acme/t1"): readonly string[] {
  const read = readProfile(text, "devices/acme/t1.json", { codecs: ["json", "scalar"], id });
  return problemsOf(read).map(({ code, file, line, column, hint }) => {
    expect(file).toBe("devices/acme/t1.json");
    expect(hint).not.toBeUndefined();
    return `${code} ${line}:${column}`;
  });
}

test("a right profile has no problems", () => {
  const read = readProfile(profileWith({}), "t1.json", { codecs: ["json"], id: "acme/t1" });
  expect(read).toMatchObject({ ok: true });
});

const metric = (written: string): Readonly<Record<string, string>> => ({
  metrics: `"metrics": { "temperature": ${written} },`,
});
const good = (written: string): Readonly<Record<string, string>> => ({
  good: `"examples": { "good": [${written}],`,
});

test.each<readonly [mistake: string, code: string, lines: Readonly<Record<string, string>>]>([
  ["a key misspelt", "KEY_UNKNOWN", { version: '▸"verson": 1, "version": 1,' }],
  ["a key twice", "KEY_TWICE", { version: '"version": 1, ▸"version": 2,' }],
  ["no JSON", "SYNTAX", { version: '"version": ▸one,' }],
  ["a version of 0", "NUMBER", { version: '"version": ▸0,' }],
  ["an empty vendor", "TEXT", { vendor: '"vendor": ▸"",' }],
  ["a filter that is none", "TOPIC", { match: '"match": ["acme/+/t1", ▸"acme/a+"],' }],
  ["no filter", "LIST", { match: '"match": ▸[],' }],
  ["a filter as a text", "LIST", { match: '"match": ▸"acme/+/t1",' }],
  ["a filter twice", "MATCH_TWICE", { match: '"match": ["acme/+/t1", ▸"acme/+/t1"],' }],
  ["no client", "LIST", { more: '"clients": ▸[],' }],
  ["an empty client", "CLIENT", { more: '"clients": ["acme-*", ▸""],' }],
  ["a client twice", "CLIENT_TWICE", { more: '"clients": ["acme-*", ▸"acme-*"],' }],
  ["a fingerprint of nothing", "FINGERPRINT", { more: '"fingerprint": ▸{},' }],
  ["a fingerprint as a text", "OBJECT", { more: '"fingerprint": ▸"T1",' }],
  ["no value in a fingerprint", "FINGERPRINT", { more: '"fingerprint": { "/model": ▸[] },' }],
  ["an object in a fingerprint", "FINGERPRINT", { more: '"fingerprint": { "/model": ▸{ "is": "T1" } },' }],
  [
    "a place that may be empty",
    "FINGERPRINT",
    { more: '"fingerprint": { "/model": ▸{ "present": false } },' },
  ],
  ["a pointer that is none in a fingerprint", "POINTER", { more: '"fingerprint": { "/a//b": ▸"T1" },' }],
  ["one place twice in a fingerprint", "FINGERPRINT", { more: '"fingerprint": { "/a/b": 1, "a.b": ▸1 },' }],
  [
    "a client of an example that is another one's",
    "EXAMPLE_CLIENT",
    {
      more: '"clients": ["acme-*"],',
      good: '"examples": { "good": [{ "topic": "acme/a/t1", "client": ▸"bolt-1", "json": { "temperature": 1 }, "expect": { "temperature": 1 } }],',
    },
  ],
  ["a codec that is none", "CODEC", { codec: '"codec": ▸"jsonn",' }],
  ["a dead band below 0", "NUMBER", metric('{ "preset": "temperature", "deadband": ▸-0.1 }')],
  ["a level that the topic has not", "TEMPLATE", { device: '"device": ▸"{3}",' }],
  [
    "a level that one of the topics has not",
    "TEMPLATE",
    { match: '"match": ["acme/+/t1", "b"],', device: '"device": ▸"{1}",' },
  ],
  ["a brace too many", "TEMPLATE", { device: '"device": ▸"{1}}",' }],
  ["a pointer with an empty name", "POINTER", { more: '"time": ▸"/a//b",' }],
  ["a pointer with a wrong escape", "POINTER", { more: '"time": ▸"/a~b",' }],
  ["a path that ends with a dot", "POINTER", { more: '"time": ▸"a.",' }],
  ["a bare interval", "DURATION", { more: '"interval": ▸60,' }],
  ["a policy that is none", "CHOICE", { more: '"clock": { "policy": ▸"recieve" },' }],
  ["others that are neither kept nor dropped", "CHOICE", { more: '"others": ▸"ignore",' }],
  [
    "no metric",
    "METRICS",
    {
      metrics: '"metrics": ▸{},',
      good: '"examples": { "good": [{ "topic": "acme/a/t1", "json": {}, "expect": {} }],',
    },
  ],
  ["a preset misspelt", "PRESET", metric('▸"temprature"')],
  ["a preset misspelt in an object", "PRESET", metric('{ "preset": ▸"temprature" }')],
  ["a metric that is a number", "METRIC", metric("▸1")],
  ["a key of a metric misspelt", "KEY_UNKNOWN", metric('{ ▸"form": "/t" }')],
  ["a pointer of a metric with an empty name", "POINTER", metric('{ "from": ▸"/" }')],
  ["a star in the path only", "PATTERN", metric('{ "from": ▸"/t*" }')],
  ["a unit that is none", "UNIT", metric('{ "unit": ▸"grad" }')],
  ["a unit of something else", "UNIT", metric('{ "preset": "temperature", "unit": ▸"hPa" }')],
  ["a unit of a state", "UNIT", metric('{ "preset": "motion", "unit": ▸"V" }')],
  ["a range upside down", "RANGE", metric('{ "range": ▸[85, -40] }')],
  ["half a range", "LIST", metric('{ "range": ▸[85] }')],
  ["a scale of nothing", "SCALE", metric('{ "scale": ▸0 }')],
  ["a resolution of nothing", "NUMBER", metric('{ "resolution": ▸0 }')],
  ["a scale as a text", "NUMBER", metric('{ "scale": ▸"0.1" }')],
  ["words for an object", "VALUE", metric('{ "values": { "open": ▸{} } }')],
  ["words for values of two types", "VALUES", metric('{ "values": { "open": true, "closed": ▸0 } }')],
  ["no words", "VALUES", metric('{ "values": ▸{} }')],
  [
    "one source for two metrics",
    "FROM_TWICE",
    { metrics: '"metrics": { "temperature": "temperature", "t": { "from": ▸"/temperature" } },' },
  ],
  [
    "a metric with a blank in its name",
    "NAME",
    { metrics: '"metrics": { "temperature": "temperature", ▸"air t": "temperature" },' },
  ],
  [
    "two stars",
    "NAME",
    { metrics: '"metrics": { "temperature": "temperature", ▸"a*b*": { "from": "a*" } },' },
  ],
  ["no good example", "LIST", { good: '"examples": { "good": ▸[],' }],
  ["no bad example", "LIST", { bad: '"bad": ▸[] }' }],
  ["an example without payload", "PAYLOAD", good('▸{ "topic": "acme/a/t1", "expect": {} }')],
  [
    "an example with two payloads",
    "PAYLOAD",
    good('{ "topic": "acme/a/t1", "json": 1, "text": ▸"1", "expect": {} }'),
  ],
  ["half a byte", "HEX", good('{ "topic": "acme/a/t1", "hex": ▸"051", "expect": {} }')],
  [
    "an example of another topic",
    "EXAMPLE_TOPIC",
    good('{ "topic": ▸"acme/a/t2", "json": 1, "expect": {} }'),
  ],
  ["an example of a filter", "EXAMPLE_TOPIC", good('{ "topic": ▸"acme/+/t1", "json": 1, "expect": {} }')],
  [
    "a metric expected that is none",
    "EXPECT",
    good('{ "topic": "acme/a/t1", "json": 1, "expect": { "temprature": ▸1 } }'),
  ],
  [
    "a cause that is none",
    "CHOICE",
    { bad: '"bad": [{ "topic": "acme/a/t1", "text": "x", "cause": ▸"broken" }] }' },
  ],
])("%s is %s", (_mistake, code, lines) => {
  const { text, line, column } = unmarked(profileWith(lines));
  expect(problemsIn(text)).toEqual([`PROFILE_${code} ${line}:${column}`]);
});

test.each(["vendor", "model", "version", "source", "match", "codec"])("%s is needed", (name) => {
  expect(problemsIn(profileWith({ [name]: "" }))).toEqual(["PROFILE_KEY_MISSING 1:1"]);
});

test("examples are needed", () => {
  expect(problemsIn(profileWith({ good: "", bad: '"tags": {}' }))).toEqual(["PROFILE_KEY_MISSING 1:1"]);
});

test("a profile of more than 150 lines is refused at the first line too many", () => {
  expect(problemsIn(profileWith({ more: "\n".repeat(138) }))).toEqual(["PROFILE_LINES 151:1"]);
  const longest = readProfile(profileWith({ more: "\n".repeat(137) }), "t.json", {
    codecs: ["json"],
    id: "a/b",
  });
  expect(longest.ok).toBe(true);
});

test.each(["Acme/t1", "acme/t1.v2", "acme/-t1", "acme/t_1"])("%s is no id", (id) => {
  expect(problemsIn(profileWith({}), id)).toEqual(["PROFILE_ID 1:1"]);
});

test("every mistake is told at once, in the order of the file", () => {
  const text = profileWith({
    version: '"version": 0,',
    codec: '"codec": "xml",',
    device: '"device": "{9}",',
  });
  expect(problemsIn(text)).toEqual(["PROFILE_NUMBER 4:12", "PROFILE_CODEC 7:10", "PROFILE_TEMPLATE 8:11"]);
});

test.each([
  ["a key", profileWith({ version: '"verison": 1,' }), 'did you mean "version"?'],
  ["a preset", profileWith(metric('"humdity"')), 'did you mean "humidity"?'],
  ["a codec", profileWith({ codec: '"codec": "scaler",' }), 'did you mean "scalar"?'],
  ["a unit", profileWith(metric('{ "unit": "celsiuss" }')), 'did you mean "celsius"?'],
  ["a range", profileWith(metric('{ "range": [85, -40] }')), "write [-40, 85], the least first"],
])("%s that is wrong comes with what to write", (_what, text, hint) => {
  const read = readProfile(text, "t.json", { codecs: ["json", "scalar"], id: "acme/t1" });
  expect(problemsOf(read).map((problem) => problem.hint)).toContain(hint);
});
