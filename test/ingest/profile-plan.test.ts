import { expect, test } from "vitest";
import { jsonPlan } from "../../src/codecs/json.ts";
import type { PlanSpec } from "../../src/core/decode.ts";
import type { DeviceProfile, ProfileMetric } from "../../src/core/profile.ts";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { profilePlan } from "../../src/ingest/profile-plan.ts";

function metricOf(part: Partial<ProfileMetric> & { readonly name: string }): ProfileMetric {
  return { from: part.name, scale: 1, offset: 0, ...part };
}

function profileOf(
  metrics: readonly ProfileMetric[],
  others: DeviceProfile["others"] = "drop",
): DeviceProfile {
  return {
    id: "acme/t1",
    vendor: "Acme",
    model: "T1",
    version: 1,
    source: "Acme T1 manual",
    match: ["plant/+"],
    codec: "json",
    metrics,
    others,
    tags: {},
    good: [],
    bad: [],
  };
}

/** Decodes payloads one after the other with one plan. @returns `metric unit value flags` of each row. */
function decodeAll(profile: DeviceProfile, payloads: readonly unknown[]): string[][] {
  const spec: PlanSpec = { topic: "plant/press", codec: "json", profile };
  const plan = profilePlan(profile, jsonPlan(spec));
  const names: string[] = [];
  return payloads.map((payload) => {
    const rows = new SampleColumns(4);
    rows.push(0, ValueKind.number, 7);
    const bytes = Buffer.from(JSON.stringify(payload));
    const rejection = plan.decode(bytes, 0, bytes.length, {
      rows,
      stampAt: Number.NaN,
      stampUnreadable: false,
      ownStamps: false,
      note: () => undefined,
      receivedAt: 0,
      series: (_device, metric, unit) => {
        const name = `${metric} ${unit ?? "-"}`;
        const known = names.indexOf(name);
        return known < 0 ? names.push(name) - 1 : known;
      },
    });
    if (rejection !== undefined) return [rejection.cause];
    return Array.from({ length: rows.count - 1 }, (_, index) => {
      const row = index + 1;
      const value = rows.kind[row] === ValueKind.text ? rows.texts[rows.value[row]!] : rows.value[row];
      const bad = (rows.flags[row]! & RowFlag.bad) === 0 ? "" : " bad";
      return `${names[rows.series[row]!]} ${value}${bad}`;
    });
  });
}

test("leaves get the names, units and scales of the profile, and others go", () => {
  const profile = profileOf([
    metricOf({ name: "temperature", from: "env.t", unit: "°C", scale: 0.1 }),
    metricOf({ name: "battery", unit: "V", scale: 0.001 }),
  ]);
  const payload = { env: { t: 215, x: 1 }, battery: 2977, name: "press" };
  const expected = ["temperature °C 21.5", "battery V 2.977"];
  // Of a known shape the codec asks for no series any more.
  expect(decodeAll(profile, [payload, payload, payload])).toEqual([expected, expected, expected]);
});

test("leaves that no metric names are kept where the profile says so", () => {
  const profile = profileOf([metricOf({ name: "temperature", from: "t", unit: "°C" })], "keep");
  expect(decodeAll(profile, [{ t: 1, x: 2 }])).toEqual([["temperature °C 1", "x - 2"]]);
});

test("what the sensor cannot measure is kept and flagged, in the unit in which it is stored", () => {
  const profile = profileOf([metricOf({ name: "t", scale: 0.1, offset: -40, range: [-40, 85] })]);
  expect(decodeAll(profile, [{ t: 1_250 }, { t: 1_251 }, { t: -1 }])).toEqual([
    ["t - 85"],
    ["t - 85.1 bad"],
    ["t - -40.1 bad"],
  ]);
});

test("words stand for values, and a word that is not known stays", () => {
  const values = { open: true, closed: false, "2": "tilted", unknown: null };
  const profile = profileOf([metricOf({ name: "state", values })]);
  const states = ["open", "closed", 2, "unknown", "ajar"].map((state) => ({ state }));
  expect(decodeAll(profile, states)).toEqual([
    ["state - 1"],
    ["state - 0"],
    ["state - tilted"],
    ["state - NaN"],
    ["state - ajar"],
  ]);
});

test("one entry takes a whole family of leaves", () => {
  const profile = profileOf([metricOf({ name: "power-*", from: "phase*.power", unit: "W" })]);
  const payload = { phaseA: { power: 1 }, phaseB: { power: 2, u: 230 }, phase: { power: 3 } };
  expect(decodeAll(profile, [payload])).toEqual([["power-A W 1", "power-B W 2"]]);
});

test("what the codec refuses is refused", () => {
  expect(decodeAll(profileOf([metricOf({ name: "t" })]), [[1, 2]])).toEqual([["unsupported"]]);
});
