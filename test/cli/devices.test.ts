import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { profileSchema } from "../../src/config/profile-schema.ts";
import { directoryWith } from "../config/loading.ts";
import { holdfastInProcess as holdfast } from "./in-process.ts";

let directory: string;
beforeEach(async () => {
  directory = await directoryWith({});
});

function write(name: string, text: string): string {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), text);
  return name;
}

const profile = {
  vendor: "Acme",
  model: "T1",
  version: 2,
  source: "Acme T1 manual",
  match: ["acme/+/t1"],
  codec: "json",
  device: "{1}",
  metrics: {
    temperature: { preset: "temperature", from: "/t", unit: "°F", range: [-40, 85] },
    door: { from: "/d" },
  },
  examples: {
    good: [{ topic: "acme/a/t1", json: { t: 212 }, expect: { temperature: 80 } }],
    bad: [{ topic: "acme/a/t1", text: "{}", cause: "malformed" }],
  },
};
const right = {
  ...profile,
  examples: {
    good: [{ topic: "acme/a/t1", json: { t: 32 }, expect: { temperature: 0 } }],
    bad: [{ topic: "acme/a/t1", text: "x", cause: "malformed" }],
  },
};

test("check names mistakes and failing examples with their place, and exits 3", async () => {
  write("lib/acme/t1.json", JSON.stringify(profile, null, 2));
  write("lib/acme/t2.json", JSON.stringify({ ...right, match: ["acme/+/t2"], codec: "jsn" }));
  const ended = await holdfast(["devices", "check", "lib"], directory);
  expect(ended).toMatchObject({ code: 3, out: "" });
  expect(ended.err).toMatch(
    /^lib\/acme\/t1\.json:27:7 \/examples\/good\/0: temperature is 100, and should be 80\./m,
  );
  expect(ended.err).toMatch(/^lib\/acme\/t1\.json:38:7 \/examples\/bad\/0: It is accepted, with 0 samples/m);
  expect(ended.err).toContain('There is no codec "jsn". (did you mean "json"?)');
  expect(ended.err).toMatch(/^\d problems found\.$/m);
});

test("check tells programs the same as JSON", async () => {
  write("acme/t1.json", JSON.stringify(profile));
  const ended = await holdfast(["devices", "check", "acme/t1.json", "--json"], directory);
  expect(ended.code).toBe(3);
  expect(JSON.parse(ended.out)).toMatchObject({
    ok: false,
    problems: [
      { code: "PROFILE_EXAMPLE", file: "acme/t1.json", line: 1, pointer: "/examples/good/0" },
      { code: "PROFILE_EXAMPLE", file: "acme/t1.json", line: 1, pointer: "/examples/bad/0" },
    ],
  });
});

test("check is content with right profiles", async () => {
  write("lib/acme/t1.json", JSON.stringify(right));
  const ended = await holdfast(["devices", "check", "lib"], directory);
  expect(ended).toEqual({
    code: 0,
    out: "1 profile is valid, and 2 examples pass.\n",
    err: "",
  });
});

test("check without a path takes the directories of the configuration", async () => {
  write("lib/acme/t1.json", JSON.stringify(right));
  write("holdfast.jsonc", '{ "ingest": { "devicesDirs": ["lib"] } }');
  const ended = await holdfast(["devices", "check"], directory);
  expect(ended.out).toBe("1 profile is valid, and 2 examples pass.\n");
});

test("check without path and configuration takes the library", async () => {
  const ended = await holdfast(["devices", "check", "--json"], directory);
  expect(JSON.parse(ended.out)).toMatchObject({ ok: true });
});

test("try shows the samples of a payload, and which of them are bad", async () => {
  write("lib/acme/t1.json", JSON.stringify(right));
  const words = [
    "devices",
    "try",
    "--profile",
    "lib",
    "-t",
    "acme/room/t1",
    "--json",
    '{"t":-58,"d":"open","x":1}',
  ];
  const ended = await holdfast(words, directory);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(ended.out.split("\n")).toEqual([
    "topic    acme/room/t1",
    "profile  acme/t1, version 2",
    "codec    json",
    "device   room",
    "time     of receipt",
    "",
    expect.stringMatching(/^metric {7}value {2}unit$/),
    expect.stringMatching(/^temperature {2}-50 {4}°C {4}bad: /),
    "door         open",
    "",
  ]);
});

test("try says why a payload is refused, and exits 1", async () => {
  const file = write("acme/t1.json", JSON.stringify(right));
  const words = ["devices", "try", "-p", file, "-t", "acme/room/t1", "--text", "offline"];
  const ended = await holdfast(words, directory);
  expect(ended.code).toBe(1);
  expect(ended.out).toMatch(/^refused {2}malformed: /m);
});

test("try decodes as for a client, where a profile asks for one", async () => {
  const file = write("acme/t1.json", JSON.stringify({ ...right, clients: ["acme-*"] }));
  const words = ["devices", "try", "-p", file, "-t", "acme/room/t1", "--json", '{"t":32}'];
  expect((await holdfast(words, directory)).out).toMatch(/^profile {2}none matches$/m);
  const ended = await holdfast([...words, "--client", "acme-7"], directory);
  expect(ended.out).toMatch(/^profile {2}acme\/t1, version 2$/m);
});

test("try knows the routes of the configuration, and leaves wrong profiles out", async () => {
  write("lib/acme/t1.json", "{");
  write(
    "holdfast.jsonc",
    '{ "ingest": { "devicesDirs": ["lib"], "routes": [{ "match": "a/+", "codec": "scalar", "unit": "bar" }] } }',
  );
  const ended = await holdfast(["devices", "try", "-t", "a/b", "--hex", "31 32"], directory);
  expect(ended.code).toBe(0);
  expect(ended.out).toMatch(/^b +12 +bar$/m);
  expect(ended.err).toBe("1 profile is wrong and left out: see `holdfast devices check`.\n");
});

test.each([
  ["no payload", ["-t", "a"]],
  ["two payloads", ["-t", "a", "--text", "1", "--json", "1"]],
  ["half a byte", ["-t", "a", "--hex", "123"]],
  ["a filter", ["-t", "a/+", "--text", "1"]],
  ["no topic", ["--text", "1"]],
])("try with %s is a mistake in the command line", async (_name, words) => {
  expect(await holdfast(["devices", "try", ...words], directory)).toMatchObject({ code: 2, out: "" });
});

test("list shows the profiles by id", async () => {
  write(
    "lib/bolt/t9.json",
    JSON.stringify({
      ...right,
      match: ["bolt"],
      device: "b",
      examples: {
        good: [{ topic: "bolt", json: {}, expect: {} }],
        bad: [{ topic: "bolt", text: "x", cause: "malformed" }],
      },
    }),
  );
  write("lib/acme/t1.json", JSON.stringify(right));
  const ended = await holdfast(["devices", "list", "--profiles", "lib"], directory);
  expect(ended.code).toBe(0);
  expect(ended.out.split("\n").slice(1)).toEqual([
    expect.stringMatching(/^acme\/t1 +2 +Acme T1 +json +acme\/\+\/t1$/),
    expect.stringMatching(/^bolt\/t9 +2 /),
    "",
  ]);
});

test("list tells programs what each profile measures, and which are wrong", async () => {
  write("lib/acme/t1.json", JSON.stringify(right));
  write("lib/acme/t2.json", "{");
  const ended = await holdfast(["devices", "list", "--profiles", "--json", "lib"], directory);
  expect(ended.code).toBe(3);
  expect(JSON.parse(ended.out)).toMatchObject({
    profiles: [{ id: "acme/t1", metrics: [{ name: "temperature", unit: "°C" }, { name: "door" }] }],
    problems: [{ file: "lib/acme/t2.json" }],
  });
});

test("schema prints the schema of profiles", async () => {
  const ended = await holdfast(["devices", "schema"], directory);
  expect(JSON.parse(ended.out)).toEqual(profileSchema());
});

test("what is longer than the buffer of a pipe comes through it whole", () => {
  // A pipe of the shell: what Node makes for its children is a socket, which takes more at once.
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const ended = spawnSync("sh", ["-c", `"${process.execPath}" "${main}" devices schema | cat`], {
    cwd: directory,
    encoding: "utf8",
  });
  expect(ended.stdout.length).toBeGreaterThan(65_536);
  expect(JSON.parse(ended.stdout)).toEqual(profileSchema());
});
