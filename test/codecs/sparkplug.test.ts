import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { hostStateMessage, rebirthCommand } from "../../src/codecs/sparkplug-command.ts";
import {
  birthMetricsMax,
  inflatedBytesMax,
  packetBytesMax,
  payloadDepthMax,
  payloadStringBytesMax,
} from "../../src/core/limits.ts";
import { presetRoutes, presets, usualPresets } from "../../src/core/presets.ts";
import { filterMatches } from "../../src/core/topic.ts";
import {
  decodeSparkplug,
  type EncodableMetric,
  type EncodablePayload,
  encodeSparkplug,
} from "../support/sparkplug-encoder.ts";
import { startAt, SparkplugWorld } from "./sparkplug-decoding.ts";

const nodeBirth: EncodablePayload = {
  timestamp: startAt,
  seq: 0,
  metrics: [
    { name: "bdSeq", datatype: 8, long_value: 3, timestamp: startAt },
    { name: "Node Control/Rebirth", datatype: 11, boolean_value: false },
    {
      name: "Oil/Temperature",
      alias: 1,
      datatype: 9,
      float_value: 21.5,
      timestamp: startAt - 1_000,
      properties: {
        keys: ["Quality", "engUnit", "engLow", "displayName"],
        values: [
          { type: 3, int_value: 192 },
          { type: 12, string_value: "°C" },
          { type: 10, double_value: 0 },
          { type: 12, string_value: "Oil" },
        ],
      },
    },
    { name: "Running", alias: 2, datatype: 11, boolean_value: true },
    { name: "Properties/Hardware Make", datatype: 12, string_value: "Acme" },
    { name: "Properties/FW", datatype: 12, string_value: "1.2" },
  ],
};
const deviceBirth: EncodablePayload = {
  timestamp: startAt + 1,
  seq: 1,
  metrics: [{ name: "Pressure", alias: 1, datatype: 10, double_value: 4.25 }],
};

function data(
  seq: number,
  metrics: readonly EncodableMetric[],
  more: EncodablePayload = {},
): EncodablePayload {
  return { timestamp: startAt + 10 + seq, seq, metrics, ...more };
}

test("a birth gives online and all values, and says what it says into the log", () => {
  const world = new SparkplugWorld();
  const { rows, stampAt, facts, asked } = world.take("NBIRTH/n1", nodeBirth);
  expect(stampAt).toBe(startAt);
  expect(asked).toEqual([]);
  expect(rows).toEqual([
    ["G/n1", "online", true],
    ["G/n1", "Oil/Temperature", 21.5, -1_000],
    ["G/n1", "Running", true],
    ["G/n1", "Properties/Hardware Make", '"Acme"'],
    ["G/n1", "Properties/FW", '"1.2"'],
  ]);
  expect(world.series.names.find(({ metric }) => metric === "Oil/Temperature")?.unit).toBe("°C");
  expect(facts).toEqual([
    {
      kind: "birth",
      node: "G/n1",
      bdSeq: 3,
      at: startAt,
      metrics: [
        { name: "bdSeq", datatype: 8 },
        { name: "Node Control/Rebirth", datatype: 11 },
        { name: "Oil/Temperature", alias: 1, datatype: 9 },
        { name: "Running", alias: 2, datatype: 11 },
        { name: "Properties/Hardware Make", datatype: 12 },
        { name: "Properties/FW", datatype: 12 },
      ],
    },
    { kind: "identity", source: "birth", device: "G/n1", vendor: "Acme", firmware: "1.2" },
    {
      kind: "metric",
      source: "birth",
      of: { device: "G/n1", metric: "Oil/Temperature" },
      label: "Oil",
      unit: "°C",
    },
  ]);
});

test("a device is reached by its node, and has numbers of its own", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n1", nodeBirth);
  const { rows, facts } = world.take("DBIRTH/n1/pump", deviceBirth);
  expect(rows).toEqual([
    ["G/n1/pump", "online", true],
    ["G/n1/pump", "Pressure", 4.25],
  ]);
  expect(facts).toMatchObject([
    { kind: "birth", node: "G/n1", device: "pump", at: startAt + 1 },
    { kind: "identity", device: "G/n1/pump", via: "G/n1" },
  ]);
  expect(world.take("NDATA/n1", data(2, [{ alias: 1, float_value: 1.5 }])).rows).toEqual([
    ["G/n1", "Oil/Temperature", 1.5],
  ]);
  expect(world.take("DDATA/n1/pump", data(3, [{ alias: 1, double_value: 2.5 }])).rows).toEqual([
    ["G/n1/pump", "Pressure", 2.5],
  ]);
  expect(world.requests).toEqual([]);
});

test("data is decoded by alias or by name, with datatype or without", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n1", nodeBirth);
  const metrics = [
    { alias: 1, float_value: 1 },
    { name: "Oil/Temperature", float_value: 2 },
    { name: "Oil/Temperature", alias: 1, datatype: 9, float_value: 3 },
    { name: "New", datatype: 3, int_value: 4 },
  ];
  const { rows, asked } = world.take("NDATA/n1", data(1, metrics));
  expect(rows.map(([, metric, value]) => [metric, value])).toEqual([
    ["Oil/Temperature", 1],
    ["Oil/Temperature", 2],
    ["Oil/Temperature", 3],
    ["New", 4],
  ]);
  expect(asked).toEqual([]);
});

function quality(value: number): object {
  return {
    keys: ["other", "Quality"],
    values: [
      { type: 12, string_value: "x" },
      { type: 3, int_value: value },
    ],
  };
}

test("what is historical, null, bad or stale is so in its row, with its own time", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n1", nodeBirth);
  const metrics = [
    { alias: 1, float_value: 1, is_historical: true, timestamp: startAt - 60_000 },
    { alias: 1, is_null: true, is_transient: true },
    { alias: 1, float_value: 2, properties: quality(0) },
    { alias: 1, float_value: 3, properties: quality(500) },
    { alias: 1, float_value: 4, properties: quality(192), timestamp: 5 },
    { alias: 1, float_value: Number.POSITIVE_INFINITY },
  ];
  expect(world.take("NDATA/n1", data(1, metrics)).rows).toEqual([
    ["G/n1", "Oil/Temperature", 1, -60_000, "historical"],
    ["G/n1", "Oil/Temperature", null],
    ["G/n1", "Oil/Temperature", 2, undefined, "bad"],
    ["G/n1", "Oil/Temperature", 3, undefined, "retained"],
    ["G/n1", "Oil/Temperature", 4],
    ["G/n1", "Oil/Temperature", null, undefined, "bad"],
  ]);
});

test.each<[what: string, metric: EncodableMetric, value: number | boolean | string | null]>([
  ["Int8 of eight bits", { datatype: 1, int_value: 0xfb }, -5],
  ["Int8 of 32 bits", { datatype: 1, int_value: 0xffff_fffb }, -5],
  ["Int16", { datatype: 2, int_value: 0xffff }, -1],
  ["Int32", { datatype: 3, int_value: 0x8000_0000 }, -2_147_483_648],
  ["Int32 in long", { datatype: 3, long_value: "18446744073709551611" }, -5],
  ["Int64", { datatype: 4, long_value: "18446744073709551611" }, -5],
  ["Int64 beyond 2^53", { datatype: 4, long_value: "9223372036854775808" }, '"-9223372036854775808"'],
  ["Int64 at 2^53", { datatype: 4, long_value: "9007199254740993" }, '"9007199254740993"'],
  ["UInt8", { datatype: 5, int_value: 255 }, 255],
  ["UInt16", { datatype: 6, int_value: 65_535 }, 65_535],
  ["UInt32 in int", { datatype: 7, int_value: 0xffff_ffff }, 4_294_967_295],
  ["UInt32 in long", { datatype: 7, long_value: 4_294_967_295 }, 4_294_967_295],
  ["UInt64", { datatype: 8, long_value: 9_007_199_254_740_991 }, 9_007_199_254_740_991],
  ["UInt64 beyond 2^53", { datatype: 8, long_value: "18446744073709551615" }, '"18446744073709551615"'],
  ["Float", { datatype: 9, float_value: 0.5 }, 0.5],
  ["Float in double", { datatype: 9, double_value: 0.1 }, 0.1],
  ["Double", { datatype: 10, double_value: -1e300 }, -1e300],
  ["Double in int", { datatype: 10, int_value: 7 }, 7],
  ["Boolean", { datatype: 11, boolean_value: false }, false],
  ["Boolean in int", { datatype: 11, int_value: 1 }, true],
  ["String", { datatype: 12, string_value: "läuft" }, '"läuft"'],
  ["DateTime", { datatype: 13, long_value: startAt }, startAt],
  ["Text", { datatype: 14, string_value: "" }, '""'],
  ["UUID", { datatype: 15, string_value: "123e4567" }, '"123e4567"'],
  ["Bytes", { datatype: 17, bytes_value: Buffer.from([0xfb, 0xff]) }, '"-_8"'],
  ["File", { datatype: 18, bytes_value: Buffer.from("hi") }, '"aGk"'],
  ["null", { datatype: 3, is_null: true }, null],
])("%s is the value that was meant", (_, metric, value) => {
  const world = new SparkplugWorld();
  expect(world.take("NDATA/n1", data(0, [{ name: "m", ...metric }])).rows).toEqual([["G/n1", "m", value]]);
});

test.each<[cause: string, metric: EncodableMetric]>([
  ["array", { datatype: 22, bytes_value: Buffer.from([1]) }],
  ["array", { datatype: 34, bytes_value: Buffer.from([1]) }],
  ["no-value", { datatype: 3 }],
  ["mismatch", { datatype: 12, int_value: 3 }],
  ["mismatch", { datatype: 3, string_value: "3" }],
  ["mismatch", { datatype: 11, double_value: 1 }],
  ["too-long", { datatype: 12, string_value: "x".repeat(payloadStringBytesMax + 1) }],
  ["too-long", { datatype: 18, bytes_value: Buffer.alloc(payloadStringBytesMax + 1) }],
  ["data-set", { datatype: 16, dataset_value: { columns: ["a"], types: [3], rows: [] } }],
  ["data-set", { datatype: 16, dataset_value: { columns: ["a"], types: [3], rows: [{}, {}] } }],
  [
    "template",
    { datatype: 19, template_value: { is_definition: true, metrics: [{ name: "a", datatype: 3 }] } },
  ],
  ["name", { name: "a\u0007", datatype: 3, int_value: 1 }],
  ["name", { name: "x".repeat(129), datatype: 3, int_value: 1 }],
])("a metric that gives no sample is counted as %s, and the others are taken", (cause, metric) => {
  const world = new SparkplugWorld();
  const metrics = [
    { name: "m", ...metric },
    { name: "good", datatype: 3, int_value: 1 },
  ];
  const outcome = world.take("NDATA/n1", data(0, metrics));
  expect(outcome.rows).toEqual([["G/n1", "good", 1]]);
  expect([...world.host.skips]).toEqual([[cause, 1]]);
});

test("members of templates, and of data sets with one row, are metrics below their metric", () => {
  const world = new SparkplugWorld();
  const inner = {
    name: "inner",
    datatype: 19,
    template_value: { metrics: [{ name: "c", datatype: 3, int_value: 3 }] },
  };
  const motor = {
    template_ref: "Motor",
    metrics: [
      { name: "a", datatype: 3, int_value: 1 },
      inner,
      { name: "b", datatype: 12, string_value: "x" },
    ],
  };
  const set = {
    columns: ["x", "y"],
    types: [3, 11],
    rows: [{ elements: [{ int_value: 0xffff_ffff }, { boolean_value: true }] }],
  };
  const birth = {
    ...nodeBirth,
    metrics: [
      { name: "motor", alias: 7, datatype: 19, template_value: motor },
      { name: "set", alias: 8, datatype: 16, dataset_value: set, timestamp: startAt + 3 },
      { name: "after", datatype: 3, int_value: 9 },
    ],
  };
  const { rows, facts } = world.take("NBIRTH/n1", birth);
  expect(rows.slice(1)).toEqual([
    ["G/n1", "motor/a", 1],
    ["G/n1", "motor/inner/c", 3],
    ["G/n1", "motor/b", '"x"'],
    ["G/n1", "set/x", -1, 3],
    ["G/n1", "set/y", true, 3],
    ["G/n1", "after", 9],
  ]);
  expect(facts[0]).toMatchObject({ metrics: [{ name: "motor" }, { name: "set" }, { name: "after" }] });
  const changed = { metrics: [{ name: "a", datatype: 3, int_value: 2 }] };
  expect(world.take("NDATA/n1", data(1, [{ alias: 7, template_value: changed }])).rows).toEqual([
    ["G/n1", "motor/a", 2],
  ]);
  expect(world.host.skips.size).toBe(0);
});

test.each([
  ["GZIP", gzipSync],
  ["DEFLATE", deflateSync],
])("a payload compressed with %s is what it was before", (algorithm, compress) => {
  const world = new SparkplugWorld();
  const body = compress(encodeSparkplug({ ...nodeBirth, seq: 5 }));
  const outer = {
    uuid: "SPBV1.0_COMPRESSED",
    body,
    metrics: [{ name: "algorithm", datatype: 12, string_value: algorithm }],
  };
  const plain = new SparkplugWorld().take("NBIRTH/n1", nodeBirth);
  expect(world.take("NBIRTH/n1", outer)).toEqual(plain);
  expect(world.take("NDATA/n1", data(6, [{ alias: 1, float_value: 1 }])).asked).toEqual([]);
});

function compressed(body: Uint8Array, algorithm = "DEFLATE"): Buffer {
  const metrics = [{ name: "algorithm", datatype: 12, string_value: algorithm }];
  return encodeSparkplug({ uuid: "SPBV1.0_COMPRESSED", body, metrics });
}

function nested(depth: number): EncodableMetric {
  const metrics = depth === 0 ? [] : [nested(depth - 1)];
  return { name: "t", datatype: 19, template_value: { metrics } };
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

test.each<[cause: string, what: string, payload: Buffer]>([
  ["empty", "nothing", Buffer.alloc(0)],
  ["too-large", "a packet", Buffer.alloc(packetBytesMax + 1)],
  ["malformed", "JSON", Buffer.from('{"timestamp":1}')],
  ["malformed", "a field 0", hex("00")],
  ["malformed", "a group", hex("0b 0c")],
  ["malformed", "a number that does not end", hex("08 ffffffffffffffffffffffff")],
  ["malformed", "a number that ends with the payload", hex("08 ff")],
  ["malformed", "a metric that is longer than the payload", hex("12 05 0a01")],
  ["malformed", "a metric of 2^63 bytes", hex("12 ffffffffffffffff7f")],
  ["malformed", "a name that is longer than its metric", hex("12 03 0a05 61 616161")],
  ["malformed", "a double that is longer than its metric", hex("12 03 69 0000 0000000000000000")],
  ["malformed", "a name that is a number", hex("12 02 0801")],
  ["malformed", "a time that is a text", hex("0a 0131")],
  ["malformed", "an unknown field that is longer than the payload", hex("3a 05 00")],
  ["invalid-text", "a name that is not UTF-8", hex("12 04 0a02 c328")],
  ["invalid-text", "a text that is not UTF-8", hex("12 07 0a0161 7a02 c328")],
  ["too-large", "a name of too many bytes", encodeSparkplug({ metrics: [{ name: "x".repeat(1_025) }] })],
  ["too-many-items", "metrics", Buffer.alloc(2 * birthMetricsMax + 2, hex("1200"))],
  ["too-deep", "templates", encodeSparkplug({ metrics: [nested(payloadDepthMax)] })],
  ["unsupported", "an alias beyond 2^53", encodeSparkplug({ metrics: [{ alias: "9007199254740992" }] })],
  ["unsupported", "another compression", compressed(Buffer.alloc(9), "LZ4")],
  ["unsupported", "a compression of a compression", compressed(deflateSync(compressed(Buffer.alloc(1))))],
  ["malformed", "no compression where there should be one", compressed(Buffer.from("hello"))],
  ["malformed", "a compression without its head", compressed(deflateRawSync(Buffer.alloc(9)))],
  ["malformed", "half of a compression", compressed(deflateSync(Buffer.alloc(99)).subarray(0, 9))],
  ["too-large", "a bomb", compressed(deflateSync(Buffer.alloc(inflatedBytesMax + 1)))],
  ["too-large", "a zipped bomb", compressed(gzipSync(Buffer.alloc(40 * inflatedBytesMax)), "GZIP")],
])("%s: a payload that is, or holds, %s", (cause, _, payload) => {
  for (const path of ["NBIRTH/n1", "DBIRTH/n1/d", "NDATA/n1", "DDATA/n1/d", "NDEATH/n1", "DDEATH/n1/d"]) {
    const world = new SparkplugWorld();
    const outcome = world.take(path, payload);
    expect(outcome.cause).toBe(cause);
    expect(outcome.facts).toEqual([]);
    expect(world.host.nodes.size).toBe(0);
  }
});

test("extensions and fields that are not known are passed over", () => {
  const known = encodeSparkplug({ timestamp: startAt, metrics: [{ name: "m", datatype: 3, int_value: 4 }] });
  const unknown = hex("32 03 010203 a00605 ad0600000000 b1060000000000000000");
  expect(new SparkplugWorld().take("NDATA/n1", Buffer.concat([unknown, known, unknown])).rows).toEqual([
    ["G/n1", "m", 4],
  ]);
});

test("a birth that finds no room for its series is known all the same", () => {
  const world = new SparkplugWorld(2);
  const { cause, facts } = world.take("NBIRTH/n1", nodeBirth);
  expect(cause).toBe("series-limit");
  expect(facts[0]).toMatchObject({ kind: "birth" });
  expect(world.take("NDATA/n1", data(1, [{ alias: 1, float_value: 2 }])).rows).toHaveLength(1);
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
  "%s is a name like any other",
  (name) => {
    const world = new SparkplugWorld();
    const metric = {
      name,
      alias: 0,
      datatype: 3,
      int_value: 1,
      properties: { keys: [name], values: [{ int_value: 1 }] },
    };
    world.takeOn(
      `spBv1.0/${name}/NBIRTH/${name}`,
      encodeSparkplug({ timestamp: startAt, seq: 0, metrics: [metric] }),
    );
    const payload = encodeSparkplug(data(1, [{ alias: 0, int_value: 2 }]));
    expect(world.takeOn(`spBv1.0/${name}/NDATA/${name}`, payload).rows).toEqual([
      [`${name}/${name}`, name, 2],
    ]);
    expect(world.takeOn(`spBv1.0/${name}/DDATA/${name}/${name}`, payload).cause).toBe("awaiting-birth");
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);

test.each([
  ["spBv1.0/G/NCMD/n1", undefined],
  ["spBv1.0/G/DCMD/n1/d", undefined],
  ["spBv1.0/STATE/scada", undefined],
  ["site/spBv1.0/STATE/scada", undefined],
  ["STATE/scada", undefined],
  ["spBv1.0/G/NDATA/n1/d", "unsupported"],
  ["spBv1.0/G/DDATA/n1", "unsupported"],
  ["spBv1.0/G/NDATA", "unsupported"],
  ["spBv1.0/G/XDATA/n1", "unsupported"],
  ["spBv1.0/G/NDATA/", "unsupported"],
  ["spBv1.0", "unsupported"],
  ["", "unsupported"],
])("on %s nothing is read: %s", (topic, cause) => {
  const { rows, cause: found } = new SparkplugWorld().takeOn(topic, encodeSparkplug(nodeBirth));
  expect([rows, found]).toEqual([[], cause]);
});

test.each([
  ["spBv1.0/G/DDATA/NDATA/x", "G/NDATA/x", "spBv1.0/G/NCMD/NDATA"],
  ["spBv1.0/NDATA/NDATA/n", "NDATA/n", "spBv1.0/NDATA/NCMD/n"],
  ["site/a/spBv1.0/G/NDATA/n", "G/n", "site/a/spBv1.0/G/NCMD/n"],
  ["plant/G/NDATA/n", "G/n", "plant/G/NCMD/n"],
])("%s is a topic of %s, which is asked on %s", (topic, device, command) => {
  const payload = encodeSparkplug(data(0, [{ name: "m", datatype: 3, int_value: 1 }]));
  const { rows, asked } = new SparkplugWorld().takeOn(topic, payload);
  expect([rows, asked]).toEqual([[[device, "m", 1]], [command]]);
});

test("a route may name the device and the unit", () => {
  const world = new SparkplugWorld();
  const payload = encodeSparkplug(nodeBirth);
  const { rows } = world.takeOn("spBv1.0/G/NBIRTH/n1", payload, { device: "press", unit: "K" });
  expect(new Set(rows.map(([device]) => device))).toEqual(new Set(["press"]));
  expect(world.series.names[0]?.unit).toBe("K");
});

test("the preset is enabled where nothing is said, and takes every topic of the namespace", () => {
  const preset = presets.find(({ name }) => name === "sparkplug")!;
  expect(usualPresets).toContain("sparkplug");
  expect(presetRoutes(preset).some(({ match }) => filterMatches(match, "spBv1.0/G/DDATA/n/d"))).toBe(true);
  expect(presetRoutes(preset, "site/spBv1.0")).toEqual([{ match: "site/spBv1.0/#", codec: "sparkplug" }]);
});

test("the command for a rebirth is what another library reads as one", () => {
  const { payload, ...message } = rebirthCommand("spBv1.0/G/NCMD/n1", startAt);
  expect(message).toEqual({ topic: "spBv1.0/G/NCMD/n1", qos: 0, retain: false });
  expect(decodeSparkplug(Buffer.from(payload))).toEqual({
    timestamp: startAt,
    metrics: [{ name: "Node Control/Rebirth", timestamp: startAt, datatype: 11, boolean_value: true }],
  });
});

test("a host says on its own topic that it is there, for whoever comes later", () => {
  expect(hostStateMessage("scada", true, startAt)).toEqual({
    topic: "spBv1.0/STATE/scada",
    payload: `{"online":true,"timestamp":${startAt}}`,
    qos: 1,
    retain: true,
  });
});
