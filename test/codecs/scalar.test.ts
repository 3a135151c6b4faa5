import fc from "fast-check";
import { expect, test } from "vitest";
import { scalarOnlyPlan, scalarPlan } from "../../src/codecs/scalar.ts";
import { Decoding, type ShownRow } from "./decoding.ts";

const accepted: readonly [payload: string, value: ShownRow[1], flag?: "bad"][] = [
  ["76.2", 76.2],
  ["-5", -5],
  ["+5", 5],
  [".5", 0.5],
  ["5.", 5],
  ["007", 7],
  ["1e3", 1000],
  [" 21.5\n", 21.5],
  ["21.5 °C", 21.5],
  ["50%", 50],
  ["12 m³/h", 12],
  ["12 m3/h", 12],
  ["9.81 m/s2", 9.81],
  ["5eV", 5],
  ["100 µg/m³", 100],
  ["true", true],
  ["ON", true],
  ["Online", true],
  ["False", false],
  ["off", false],
  ["OFFLINE", false],
  ["", null],
  [" ", null],
  ["unknown", null],
  ["Unavailable", null],
  ["null", null],
  ["nan", null, "bad"],
  ["NaN", null, "bad"],
  ["-inf", null, "bad"],
  ["1e400", null, "bad"],
  ["-1e400 V", null, "bad"],
  ["heating", '"heating"'],
  ["0x1F", '"0x1F"'],
  ["0b11", '"0b11"'],
  ["21,5", '"21,5"'],
  ["2025-11-01", '"2025-11-01"'],
  ["12:30", '"12:30"'],
  ["192.168.0.1", '"192.168.0.1"'],
  ["1.2.3", '"1.2.3"'],
  ["1a2b3c", '"1a2b3c"'],
  ["3 blind mice", '"3 blind mice"'],
  ["5e", '"5e"'],
  ["e5", '"e5"'],
  ["-", '"-"'],
  ["größer", '"größer"'],
];

test.each(accepted)("the scalar %j is %j", (payload, value, ...flag) => {
  const decoding = new Decoding(scalarPlan, { topic: "home/boiler/flow" });
  const row: ShownRow = ["flow", value, ...flag];
  const expected = { rows: [row], stampAt: Number.NaN, unreadable: false };
  expect(decoding.decode(payload)).toStrictEqual(expected);
  expect(decoding.decode(payload)).toStrictEqual(expected);
});

const refused: readonly [law: string, payload: string | Uint8Array, cause: string][] = [
  ["bytes that are not UTF-8", Buffer.from([0x35, 0xff]), "invalid-text"],
  ["more than 1 KiB", "5".repeat(1_025), "too-large"],
];

test.each(refused)("a scalar is refused for %s", (_, payload, cause) => {
  const decoding = new Decoding(scalarPlan);
  expect(decoding.decode(payload).cause).toBe(cause);
  expect(decoding.series.names).toHaveLength(0);
});

test("free text is refused where nobody has said that the topic carries scalars", () => {
  expect(new Decoding(scalarOnlyPlan).decode("heating").cause).toBe("malformed");
  expect(new Decoding(scalarOnlyPlan).decode("76.2").rows).toStrictEqual([["press", 76.2]]);
});

const names: readonly [topic: string, spec: object, device: string, metric: string][] = [
  ["home/boiler/flow", {}, "home/boiler", "flow"],
  ["boiler", {}, "boiler", "value"],
  ["/boiler", { device: "b" }, "b", "boiler"],
  ["home/boiler/flow", { device: "b", metric: "m" }, "b", "m"],
];

test.each(names)(
  "on the topic %s with %j the device is %s and the metric %s",
  (topic, spec, device, metric) => {
    const decoding = new Decoding(scalarPlan, { topic, ...spec });
    decoding.decode("1");
    expect(decoding.series.names).toStrictEqual([{ device, metric, unit: undefined }]);
  },
);

test.each([["boiler/"], ["/boiler"], [`${"a".repeat(129)}/b`], [`a/${"b".repeat(129)}`], ["a\u0001/b"]])(
  "names that follow from the topic %j are refused",
  (topic) => {
    const decoding = new Decoding(scalarPlan, { topic });
    expect(decoding.decode("1").cause).toBe("invalid-text");
    expect(decoding.series.names).toHaveLength(0);
  },
);

test("the unit of the series is the route's, else the one it began with", () => {
  const written = new Decoding(scalarPlan);
  written.decode("21.5 °C");
  written.decode("70 F");
  expect(written.series.names).toMatchObject([{ unit: "°C" }]);
  const routed = new Decoding(scalarPlan, { unit: "K" });
  routed.decode("21.5 °C");
  expect(routed.series.names).toMatchObject([{ unit: "K" }]);
});

test("a decimal comma counts where the route says so", () => {
  const decoding = new Decoding(scalarPlan, { decimalComma: true });
  expect(decoding.decode("21,5 °C").rows).toStrictEqual([["press", 21.5]]);
  expect(decoding.decode("1,234,5").rows).toStrictEqual([["press", '"1,234,5"']]);
});

test("no more series is a rejection", () => {
  expect(new Decoding(scalarPlan, {}, 0).decode("1").cause).toBe("series-limit");
});

test("a number is the same to the last bit with and without white space, a unit and a known series", () => {
  const decoding = new Decoding(scalarPlan);
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = Object.is(value, -0) ? "-0" : String(value);
      for (const payload of [text, ` ${text}`, `${text} V`]) {
        expect(decoding.decode(payload).rows).toStrictEqual([["press", value]]);
      }
    }),
    { numRuns: 500 },
  );
});

test("random bytes never throw", () => {
  const decoding = new Decoding(scalarPlan);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const { cause, rows } = decoding.decode(bytes);
      expect(rows).toHaveLength(cause === undefined ? 1 : 0);
    }),
    { numRuns: 1000 },
  );
});
