import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metricPresetNames, metricPresetOf } from "../../src/config/metric-presets.ts";
import { loadProfiles, readProfile } from "../../src/config/profiles.ts";
import { conversionBetween, unitOf } from "../../src/core/unit.ts";
import type { DeviceProfile, ProfileMetric } from "../../src/core/profile.ts";
import { directoryWith, valueOf } from "./loading.ts";

function written(parts: Readonly<Record<string, unknown>> = {}): string {
  const { match = ["acme/+"] } = parts;
  const [topic] = (match as string[]).map((filter) => filter.replaceAll(/[+#]/g, "x"));
  return JSON.stringify({
    vendor: "Acme",
    model: "T1",
    version: 3,
    source: "Acme T1 manual",
    codec: "json",
    metrics: { temperature: "temperature" },
    examples: {
      good: [{ topic, json: { temperature: 1 }, expect: { temperature: 1 } }],
      bad: [{ topic, text: "x", cause: "malformed" }],
    },
    ...parts,
    match,
  });
}

function profileOf(parts: Readonly<Record<string, unknown>>): DeviceProfile {
  return valueOf(readProfile(written(parts), "t1.json", { codecs: ["json"], id: "acme/t1" })).profile;
}

function metricOf(metric: unknown): ProfileMetric {
  const { metrics } = profileOf({ metrics: { temperature: metric } });
  return metrics[0]!;
}

test("a profile is read with everything that it says", () => {
  const profile = profileOf({
    device: "{1}",
    time: "/meta/ts",
    others: "keep",
    interval: "10s",
    tags: { class: "environment" },
    clock: { policy: "receipt" },
  });
  expect(profile).toEqual({
    id: "acme/t1",
    vendor: "Acme",
    model: "T1",
    version: 3,
    source: "Acme T1 manual",
    match: ["acme/+"],
    codec: "json",
    device: "{1}",
    time: "meta.ts",
    metrics: [
      {
        name: "temperature",
        from: "temperature",
        unit: "°C",
        scale: 1,
        offset: 0,
        range: [-100, 250],
        resolution: 0.1,
      },
    ],
    others: "keep",
    intervalMs: 10_000,
    tags: { class: "environment" },
    clock: { mode: "receipt", aheadMs: 300_000 },
    good: [
      { topic: "acme/x", bytes: new TextEncoder().encode('{"temperature":1}'), expect: { temperature: 1 } },
    ],
    bad: [{ topic: "acme/x", bytes: new TextEncoder().encode("x"), cause: "malformed" }],
  });
});

test.each<readonly [string, unknown, Partial<ProfileMetric>]>([
  ["the name of a preset", "humidity", { from: "temperature", unit: "%", range: [0, 100], scale: 1 }],
  ["a pointer", { from: "/a/b~1c/0" }, { from: "a.b/c.0" }],
  ["a path", { from: "a.b" }, { from: "a.b" }],
  ["another spelling of a unit", { unit: "Cel" }, { unit: "°C", scale: 1, offset: 0 }],
  ["a unit that is not kept", { unit: "mmHg" }, { unit: "hPa", scale: 1.333_223_874_15 }],
  ["a range of its own", { preset: "humidity", range: [5, 95] }, { range: [5, 95] }],
  ["a resolution of its own", { preset: "humidity", resolution: 1 }, { resolution: 1 }],
  ["the resolution of a preset", { preset: "snr" }, { resolution: 0.25 }],
  ["a unit beside a preset", { preset: "pressure", unit: "hPa" }, { unit: "Pa", scale: 100, offset: 0 }],
  ["Fahrenheit", { preset: "temperature", unit: "degF" }, { unit: "°C", scale: 5 / 9, offset: -160 / 9 }],
  [
    "a scale before the unit",
    { preset: "pressure", unit: "hPa", scale: 0.1, offset: 500 },
    { scale: 10, offset: 50_000 },
  ],
  ["a unit beside a counter", { preset: "counter", unit: "L" }, { unit: "l", scale: 1 }],
  ["words", { values: { open: true, "2": null } }, { values: { open: true, "2": null } }],
])("%s is understood", (_name, metric, expected) => {
  expect(metricOf(metric)).toMatchObject(expected);
});

test("bytes of an example are hexadecimal digits with blanks between them", () => {
  const examples = {
    good: [{ topic: "acme/x", hex: "05 FC\n7b", expect: {} }],
    bad: [{ topic: "acme/x", hex: "", cause: "empty" }],
  };
  expect(profileOf({ examples }).good[0]!.bytes).toEqual(Uint8Array.of(0x05, 0xfc, 0x7b));
});

test.each(metricPresetNames)(
  "the preset %s has a known unit in its stored form, an ordered range, and steps that are small in it",
  (name) => {
    const preset = metricPresetOf(name)!;
    expect(preset.description).toMatch(/\.$/);
    const unit = preset.unit === undefined ? undefined : unitOf(preset.unit);
    expect(unit?.symbol).toBe(preset.unit);
    expect(unit?.canonical).toBe(preset.unit);
    const [low, high] = preset.range ?? [0, 1];
    expect(low).toBeLessThan(high);
    expect(preset.resolution === undefined).toBe(preset.kind === "state");
    expect(preset.resolution ?? 1).toBeGreaterThan(0);
    expect(preset.resolution ?? 0).toBeLessThan((high - low) / 20);
    expect(preset.kind === "state" && (preset.unit ?? preset.range) !== undefined).toBe(false);
  },
);

test("a preset can be had in every unit of its quantity", () => {
  expect(conversionBetween(unitOf("inHg")!, unitOf(metricPresetOf("pressure")!.unit!)!)).toBeDefined();
});

async function loaded(
  files: Readonly<Record<string, string>>,
): Promise<{ ids: string[]; problems: string[] }> {
  const directory = await directoryWith(files);
  const { profiles, problems } = await loadProfiles([directory], { codecs: ["json"], shownFrom: directory });
  return {
    ids: profiles.map(({ id }) => id),
    problems: problems.map(({ code, file, line }) => `${code} ${file}:${line}`),
  };
}

test("every JSON file below the directories is a profile, but schemas and hidden files", async () => {
  const files = {
    "acme/t1.json": written({ match: ["a/+"] }),
    "bolt/deep/er/t2.json": written({ match: ["b/+"] }),
    "profile-1.schema.json": "{}",
    ".hidden/t3.json": "{}",
    "README.md": "#",
  };
  expect(await loaded(files)).toEqual({ ids: ["acme/t1", "er/t2"], problems: [] });
});

test("a wrong file is refused, and the others load", async () => {
  const files = {
    "acme/broken.json": '{\n  "vendor": ',
    "acme/t1.json": written(),
    "acme/t2.json": written({ match: ["b/+"], version: 0 }),
  };
  const { ids, problems } = await loaded(files);
  expect(ids).toEqual(["acme/t1"]);
  expect(problems).toEqual(["PROFILE_SYNTAX acme/broken.json:2", "PROFILE_NUMBER acme/t2.json:1"]);
});

test("a profile that has become wrong stays as it was in force, and one that is gone goes", async () => {
  const files = {
    "acme/t1.json": written(),
    "acme/t2.json": written({ match: ["b/+"] }),
    "acme/t3.json": written({ match: ["c/+"] }),
  };
  const directory = await directoryWith(files);
  const options = { codecs: ["json"], shownFrom: directory } as const;
  const { files: inForce } = await loadProfiles([directory], options);
  await writeFile(join(directory, "acme/t1.json"), '{ "vendor": ');
  await writeFile(join(directory, "acme/t2.json"), written({ match: ["b/+"], version: 4 }));
  await rm(join(directory, "acme/t3.json"));
  await writeFile(join(directory, "acme/t4.json"), "{");
  const { files: after, problems, refused } = await loadProfiles([directory], { ...options, inForce });
  expect(after.map(({ profile }) => [profile.id, profile.version])).toEqual([
    ["acme/t1", 3],
    ["acme/t2", 4],
  ]);
  expect(after[0]).toBe(inForce[0]);
  expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(["acme/t1.json", "acme/t4.json"]));
  expect(refused).toEqual(["acme/t4"]);
});

test("a profile that was changed to match another one's topics stays as it was in force", async () => {
  const directory = await directoryWith({
    "acme/t1.json": written(),
    "acme/t2.json": written({ match: ["b/+"] }),
  });
  const options = { codecs: ["json"], shownFrom: directory } as const;
  const { files: inForce } = await loadProfiles([directory], options);
  await writeFile(join(directory, "acme/t2.json"), written({ match: ["acme/+"], version: 4 }));
  const { profiles, problems } = await loadProfiles([directory], { ...options, inForce });
  expect(profiles.map(({ id, version }) => [id, version])).toEqual([
    ["acme/t1", 3],
    ["acme/t2", 3],
  ]);
  expect(problems).toMatchObject([{ code: "PROFILE_MATCH_SHARED", file: "acme/t2.json" }]);
  const restarted = await loadProfiles([directory], options);
  expect(restarted.profiles.map(({ id }) => id)).toEqual(["acme/t1"]);
});

test("profiles of a directory that cannot be read any more stay in force", async () => {
  const directory = await directoryWith({ "lib/acme/t1.json": written() });
  const lib = join(directory, "lib");
  const { files: inForce } = await loadProfiles([lib], { codecs: ["json"] });
  await rm(lib, { recursive: true });
  const { files, problems } = await loadProfiles([lib], { codecs: ["json"], inForce });
  expect(files).toEqual(inForce);
  expect(problems).toMatchObject([{ code: "PROFILE_FILE_UNREADABLE" }]);
});

test("who loads profiles can look further at each, and refuse it", async () => {
  const directory = await directoryWith({
    "acme/t1.json": written(),
    "acme/t2.json": written({ version: 2 }),
  });
  const problem = { code: "X_Y", message: "No.", pointer: "" };
  const { profiles, problems } = await loadProfiles([directory], {
    codecs: ["json"],
    verify: ({ profile }) => Promise.resolve(profile.version === 3 ? [problem] : []),
  });
  // What is refused stands in nobody's way.
  expect(profiles.map(({ id }) => id)).toEqual(["acme/t2"]);
  expect(problems).toEqual([problem]);
});

test("of two profiles whose rules have one id the second is refused", async () => {
  const rules = [
    {
      id: "a-b-c-hot",
      source: { metric: "temperature" },
      when: { field: "value", op: ">", value: 5 },
    },
  ];
  const files = {
    "a-b/c.json": written({ match: ["a/+"], rules }),
    "a/b-c.json": written({ match: ["b/+"], rules }),
  };
  expect(await loaded(files)).toEqual({ ids: ["a-b/c"], problems: ["PROFILE_RULE_TWICE a/b-c.json:1"] });
});

test("a directory that is not there is named", async () => {
  const directory = await directoryWith({});
  const { profiles, problems } = await loadProfiles([join(directory, "none")], { codecs: ["json"] });
  expect(profiles).toEqual([]);
  expect(problems).toMatchObject([{ code: "PROFILE_FILE_UNREADABLE", file: join(directory, "none") }]);
});

test("a file that is named twice is read once", async () => {
  const directory = await directoryWith({ "acme/t1.json": written() });
  const paths = [directory, join(directory, "acme/t1.json")];
  expect(await loadProfiles(paths, { codecs: ["json"] })).toMatchObject({
    profiles: [{ id: "acme/t1" }],
    problems: [],
  });
});

test("of two profiles with one id the one of the first directory stays", async () => {
  const directory = await directoryWith({
    "mine/acme/t1.json": written({ version: 2 }),
    "shipped/acme/t1.json": written({ match: ["elsewhere/+"] }),
  });
  const paths = ["mine", "shipped"].map((name) => join(directory, name));
  const { profiles, problems } = await loadProfiles(paths, { codecs: ["json"], shownFrom: directory });
  expect(profiles).toMatchObject([{ id: "acme/t1", version: 2 }]);
  expect(problems).toMatchObject([
    { code: "PROFILE_ID_TWICE", file: "shipped/acme/t1.json", line: 1, column: 1 },
  ]);
});

test.each([
  ["the same", "a/+", "a/+"],
  ["crossing", "a/+/c", "a/b/+"],
  ["crossing at the end", "a/+/c", "a/b/#"],
])(
  "profiles whose filters are %s cannot stand together: the second is refused",
  async (_name, first, second) => {
    const directory = await directoryWith({
      "acme/t1.json": written({ match: [first] }),
      "acme/t2.json": written({ match: ["elsewhere", second] }),
    });
    const { profiles, problems } = await loadProfiles([directory], { codecs: ["json"] });
    expect(profiles).toMatchObject([{ id: "acme/t1" }]);
    expect(problems).toMatchObject([
      { code: "PROFILE_MATCH_SHARED", file: join(directory, "acme/t2.json"), pointer: "/match/1", line: 1 },
    ]);
  },
);

test("a profile with a narrower filter comes before one with a wider filter", async () => {
  const files = {
    "acme/t1.json": written({ match: ["a/#"] }),
    "acme/t2.json": written({ match: ["a/+/c"] }),
    "acme/t3.json": written({ match: ["a/b/c"] }),
    "acme/t4.json": written({ match: ["d"] }),
  };
  expect(await loaded(files)).toEqual({ ids: ["acme/t3", "acme/t2", "acme/t1", "acme/t4"], problems: [] });
});

test("profiles that are each narrower than the other somewhere cannot stand together", async () => {
  const files = {
    "acme/t1.json": written({ match: ["a/b", "c/#"] }),
    "acme/t2.json": written({ match: ["a/#", "c/d"] }),
  };
  expect(await loaded(files)).toEqual({
    ids: ["acme/t1"],
    problems: ["PROFILE_MATCH_CROSSED acme/t2.json:1"],
  });
});

test("profiles that ask something of clients or payloads come before those that match topics only", async () => {
  const files = {
    "acme/t1.json": written({ match: ["a/b"] }),
    "acme/t2.json": written({ match: ["#"], fingerprint: { "/model": "T2" } }),
    "acme/t3.json": written({ match: ["#"], fingerprint: { "/model": ["T3", "T3b"] } }),
    "acme/t4.json": written({ match: ["#"], fingerprint: { "/model": "T2", "/x": { present: true } } }),
    "bolt/t5.json": written({ match: ["elsewhere"], clients: ["bolt-*"] }),
  };
  const { ids, problems } = await loaded(files);
  expect(problems).toEqual([]);
  expect(ids).toEqual(["bolt/t5", "acme/t4", "acme/t2", "acme/t3", "acme/t1"]);
});

test.each<readonly [string, object, object]>([
  ["one client could be both", { clients: ["a*"] }, { clients: ["*b"] }],
  ["one payload could be both", { fingerprint: { "/model": [1, 2] } }, { fingerprint: { "/model": [2, 3] } }],
  ["one asks for a client and the other for a payload", { clients: ["a"] }, { fingerprint: { "/m": 1 } }],
])("where %s, the second profile is refused", async (_name, first, second) => {
  const files = { "acme/t1.json": written(first as never), "acme/t2.json": written(second as never) };
  expect(await loaded(files)).toEqual({
    ids: ["acme/t1"],
    problems: ["PROFILE_MATCH_SHARED acme/t2.json:1"],
  });
});

test("a fingerprint is read with values, lists of them, and places where anything may stand", () => {
  const profile = profileOf({
    clients: ["acme-*"],
    fingerprint: { "/info/model": "T1", ok: [true, null], "/x": { present: true } },
  });
  expect(profile).toMatchObject({
    clients: ["acme-*"],
    fingerprint: [
      { path: "info.model", values: ["T1"] },
      { path: "ok", values: [true, null] },
      { path: "x" },
    ],
  });
});

test("a circle over three profiles is broken by refusing the last of them", async () => {
  const files = {
    "acme/t1.json": written({ match: ["a/b", "c/#"] }),
    "acme/t2.json": written({ match: ["a/#", "d/e"] }),
    "acme/t3.json": written({ match: ["d/#", "c/f"] }),
  };
  const { ids, problems } = await loaded(files);
  expect(ids).toEqual(["acme/t1", "acme/t2"]);
  expect(problems).toEqual(["PROFILE_MATCH_CROSSED acme/t3.json:1"]);
});
