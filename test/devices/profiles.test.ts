/** The library in `devices/`: what every profile must be, and each of its examples. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decoders } from "../../src/codec-makers.ts";
import { profileSchema } from "../../src/config/profile-schema.ts";
import { type Claim, claimsOverlap, isNarrowerClaim } from "../../src/core/claim.ts";
import { loadProfiles } from "../../src/config/profiles.ts";
import { codecNames } from "../../src/core/decode.ts";
import type { DeviceProfile } from "../../src/core/profile.ts";
import { unitOf } from "../../src/core/unit.ts";
import { exampleProblems } from "../../src/ingest/profile-examples.ts";

const directory = fileURLToPath(new URL("../../devices/", import.meta.url));
const names = await readdir(directory, { recursive: true });
const files = names.filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json")).toSorted();
const options = { codecs: codecNames, shownFrom: directory };
const library = await loadProfiles([directory], options);
const examples = library.profiles.flatMap((profile) => [
  ...profile.good.map((example, index) => ({ id: `${profile.id} good ${index}`, profile, example })),
  ...profile.bad.map((example, index) => ({ id: `${profile.id} bad ${index}`, profile, example })),
]);

function claimsOf({ match, clients, fingerprint }: DeviceProfile): Claim[] {
  return match.map((filter) => ({ filter, clients, fingerprint }));
}

test("the library has profiles, and all of them load together", () => {
  expect(files.length).toBeGreaterThan(0);
  expect(library.problems).toEqual([]);
  expect(library.profiles).toHaveLength(files.length);
});

test.each(files)("%s is right by itself, and called as its place says", async (name) => {
  const { profiles, problems } = await loadProfiles([join(directory, name)], options);
  expect(problems).toEqual([]);
  expect(profiles.map(({ id }) => `${id}.json`)).toEqual([name]);
});

test.each(files)("%s names the schema that stands beside it", async (name) => {
  expect(await readFile(join(directory, name), "utf8")).toContain('"$schema": "../profile-1.schema.json"');
});

test.each(library.profiles.map((profile) => [profile.id, profile] as const))(
  "%s names a document, measures in units as they are stored, and shows a reading",
  (_id, profile) => {
    expect(profile.source.length).toBeGreaterThan(10);
    const units = profile.metrics.flatMap(({ unit }) => (unit === undefined ? [] : [unit]));
    expect(units.map((unit) => unitOf(unit)?.canonical)).toEqual(units);
    const shown = profile.good.flatMap(({ expect: samples = {} }) => Object.keys(samples));
    expect(shown).not.toEqual([]);
  },
);

test.each(library.profiles.map((profile, index) => [profile.id, profile, index] as const))(
  "%s shares messages only with profiles behind it that are wider",
  (_id, profile, index) => {
    const shared = library.profiles
      .slice(index + 1)
      .filter((other) =>
        claimsOf(profile).some((claim) =>
          claimsOf(other).some((wide) => claimsOverlap(claim, wide) && !isNarrowerClaim(claim, wide)),
        ),
      );
    expect(shared.map(({ id }) => id)).toEqual([]);
  },
);

test.each(examples)("example $id does what it says", ({ profile, example }) => {
  expect(exampleProblems(profile, example, decoders())).toEqual([]);
});

test("the file devices/profile-1.schema.json is the schema that the program gives", async () => {
  const text = await readFile(join(directory, "profile-1.schema.json"), "utf8");
  expect(JSON.parse(text)).toEqual(profileSchema());
});
