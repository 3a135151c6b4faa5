import fc from "fast-check";
import { encode } from "cbor-x";
import { expect, test } from "vitest";
import { makeFleet } from "../../../src/cli/simulate/profile/fleet.ts";
import { payloadTemplate } from "../../../src/cli/simulate/profile/payload-template.ts";
import { trialsOf } from "../../../src/cli/simulate/profile/trials.ts";
import type { CodecName } from "../../../src/core/decode.ts";
import type { DeviceProfile, ProfileMetric } from "../../../src/core/profile.ts";

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

test.each([
  ['{"a": 1.50, "b":[true,-3e2] ,"c":"x\\"é"}', ["1.50", "true", "-3e2", 'x"é']],
  ["26.500", ["26.500"]],
  ["21,5 °C", ["21.5", " °C"]],
  ["press,line=2 bar=4.1,n=3i 17", ["press,line=", "2", " bar=", "4.1", ",n=", "3", "i ", "17"]],
])("in %s the values are found, and names are not", (payload, values) => {
  expect(payloadTemplate(Buffer.from(payload)).slots.map((slot) => slot.text)).toEqual(values);
});

test("a payload of which nothing is changed stays as it is, byte by byte", () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => Buffer.from(json)),
    fc.object().map((value) => Buffer.from(encode(value))),
  );
  fc.assert(
    fc.property(bytes, (payload) => {
      expect([...payloadTemplate(payload).render(new Map())]).toEqual([...payload]);
    }),
  );
});

test("a value that is changed in JSON is there, and nothing else has changed", () => {
  const template = payloadTemplate(Buffer.from('{"a": 1.50, "b":[true] ,"é":"x"}'));
  const changed = template.render(
    new Map([
      [0, "-22.25"],
      [2, 'ö"'],
    ]),
  );
  expect(text(changed)).toBe('{"a": -22.25, "b":[true] ,"é":"ö\\""}');
});

function measured(name: string, range: readonly [number, number], unit: string): ProfileMetric {
  return {
    name,
    from: name,
    unit,
    scale: 1,
    offset: 0,
    range,
  };
}

/** A profile as the parser gives it, for one example. */
function profile(codec: CodecName, bytes: Uint8Array, over: Partial<DeviceProfile> = {}): DeviceProfile {
  return {
    id: "acme/one",
    vendor: "Acme",
    model: "One",
    version: 1,
    source: "https://acme.example",
    match: ["acme/+/data"],
    codec,
    metrics: [measured("temperature", [-40, 85], "°C"), measured("humidity", [0, 100], "%")],
    others: "drop",
    tags: {},
    good: [{ topic: "acme/cellar/data", bytes, expect: { temperature: 21.5 } }],
    bad: [],
    ...over,
  };
}

const packs = '[{"bn":"urn:acme:cellar:","bt":1762000000,"n":"temperature","u":"Cel","v":21.5}]';
const examples: readonly (readonly [string, DeviceProfile])[] = [
  [
    "JSON",
    profile("json", Buffer.from('{"id":"cellar","ts":1762000000123,"temperature":21.5,"humidity":50}')),
  ],
  ["CBOR of doubles", profile("cbor", encode({ ts: 1_762_000_000, temperature: 21.5, humidity: 50 }))],
  [
    "CBOR of floats and halves",
    profile(
      "cbor",
      // {"temperature": 21.5 in 32 bits, "humidity": 50.0 in 16 bits}
      Buffer.from("a26b74656d7065726174757265fa41ac00006868756d6964697479f95240", "hex"),
    ),
  ],
  ["SenML", profile("senml-json", Buffer.from(packs), { metrics: [], others: "keep" })],
  [
    "line protocol",
    profile("line-protocol", Buffer.from("air,room=cellar temperature=21.5,n=3i 1762000000000000000")),
  ],
  [
    "scalars with a unit",
    profile("scalar", Buffer.from("21.5 °C"), {
      match: ["acme/+/temperature"],
      good: [
        { topic: "acme/cellar/temperature", bytes: Buffer.from("21.5 °C"), expect: { temperature: 21.5 } },
      ],
    }),
  ],
];

test.each(examples)("readings in %s move, under names of their own", (_name, one) => {
  const startAt = Date.UTC(2027, 0, 15, 8);
  const { groups } = makeFleet({
    profiles: [one],
    count: 3,
    faults: [],
    seed: 1,
    dayMs: 86_400_000,
    startAt,
    connectionsMax: 10,
  });
  const tryOut = trialsOf(one);
  const samples = groups[0]!.sensors.flatMap((sensor) =>
    [0, 20_000_000, 40_000_000].flatMap((after) => {
      const trial = tryOut(sensor.topic, Buffer.from(sensor.read(startAt + after)!), startAt + after);
      return trial?.rejection === undefined ? (trial?.samples ?? []) : [];
    }),
  );
  const temperatures = samples.filter(({ metric }) => metric.includes("temperature"));
  expect(new Set(samples.map(({ device }) => device)).size).toBe(3);
  expect(temperatures).toHaveLength(9);
  expect(new Set(temperatures.map(({ value }) => value)).size).toBeGreaterThan(3);
  expect(samples.filter(({ bad }) => bad)).toEqual([]);
});
