/** Messages about devices that were damaged, or made to do harm: whoever may publish may send them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { homeAssistantPlan } from "../../src/codecs/home-assistant.ts";
import { homiePlan } from "../../src/codecs/homie.ts";
import { tasmotaPlan } from "../../src/codecs/tasmota.ts";
import { zigbee2mqttPlan } from "../../src/codecs/zigbee2mqtt.ts";
import type { DecodePlan, PlanSpec } from "../../src/core/decode.ts";
import type { DeviceFact } from "../../src/core/fact.ts";
import { Catalogue } from "../../src/core/fold/catalogue.ts";
import {
  factTextCharactersMax,
  messageFactsMax,
  nameCharactersMax,
  topicBytesMax,
} from "../../src/core/limits.ts";
import { damaged } from "./json-trees.ts";
import { NotingDecoding } from "./noted-facts.ts";

/** Damaged payloads a codec: as many as there is time for, or a million. */
const isLong = process.env["HOLDFAST_FUZZ"] === "1";
const runs = isLong ? 1_000_000 : 5_000;
const timeoutMs = 1_800_000;

/** No payload takes longer, by the fastest of some tries: the machine does other things too. */
const decodeMsMax = isLong ? 5 : 100;
const triesMax = 8;

interface Subject {
  readonly name: string;
  readonly make: (spec: PlanSpec) => DecodePlan;
  readonly topic: string;
  /** Messages that are taken. */
  readonly payloads: readonly Buffer[];
  /** Messages that are large, or that somebody has thought out. */
  readonly hostile: readonly (readonly [name: string, payload: Buffer])[];
}

const polluting = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

/** Repeats until 64 KiB are full; the last comma is none. */
function filled(head: string, part: (index: number) => string, tail: string): Buffer {
  let text = head;
  for (let index = 0; text.length + part(index).length + tail.length < 65_000; index += 1)
    text += part(index);
  return Buffer.from(text.replace(/,$/, "") + tail);
}

const nested = (open: string, close: string): Buffer => Buffer.from(`${open.repeat(14)}1${close.repeat(14)}`);

const everywhere: readonly (readonly [string, Buffer])[] = [
  ["brackets", Buffer.alloc(65_536, "[")],
  ["braces", filled("", () => '{"a":', "")],
  ["one text", filled('{"a":"', () => "x", '"}')],
  ["escapes", filled('{"a":"', () => '\\"', '"}')],
  ["members", filled("{", (index) => `"m${index}":1,`, "}")],
  ["pollution", Buffer.from(polluting)],
  ["bytes", Buffer.alloc(65_536, 0xff)],
];

const entity = {
  "~": "plant/press",
  name: 'Läuft "gut"',
  stat_t: "~/state",
  val_tpl: "{{ value_json.a.b['c'][0] | round(1) }}",
  unit_of_meas: "°C",
  exp_aft: 60,
  avty: [{ t: "~/lwt", val_tpl: "{{ value_json.state }}", pl_avail: "up", pl_not_avail: "down" }],
  dev: { ids: ["1"], name: "Press", mf: "Maker", mdl: "X", sw: 1.5, via_device: "bridge" },
};

const subjects: readonly Subject[] = [
  {
    name: "home-assistant",
    make: homeAssistantPlan,
    topic: "homeassistant/device/press/config",
    payloads: [
      Buffer.from(JSON.stringify(entity)),
      Buffer.from(
        JSON.stringify({
          ...entity,
          cmps: { a: { p: "sensor", name: "A" }, b: { p: "sensor", stat_t: "b" } },
        }),
      ),
      Buffer.from(`{"stat_t":"a","dev":${polluting},"x":${polluting}}`),
    ],
    hostile: [
      ...everywhere,
      ["components", filled('{"stat_t":"a","cmps":{', (index) => `"c${index}":{"p":"s","q":1},`, "}}")],
      ["empty components", filled('{"cmps":{', (index) => `"c${index}":{},`, "}}")],
      ["availability", filled('{"stat_t":"a","avty":[', (index) => `{"t":"a/${index}"},`, "]}")],
      [
        "availability of components",
        Buffer.from(
          `{"stat_t":"a","avty":[${Array.from({ length: 800 }, (_, index) => `{"t":"${index}"}`).join()}],"cmps":{${Array.from({ length: 800 }, (_, index) => `"${index}":{"p":1,"q":1}`).join()}}}`,
        ),
      ],
      [
        "templates",
        filled(
          '{"stat_t":"a","cmps":{',
          (index) => `"${index}":{"p":1,"val_tpl":"{{ value_json${".a".repeat(2_000)} "},`,
          "}}",
        ),
      ],
      [
        "template brackets",
        filled(
          '{"stat_t":"a","cmps":{',
          (index) => `"${index}":{"p":1,"val_tpl":"{{ value${"|int(' ' ".repeat(450)}"},`,
          "}}",
        ),
      ],
      [
        "topics",
        Buffer.from(
          JSON.stringify({ "~": "~".repeat(1_000), stat_t: "~", avty_t: `~${"/".repeat(1_000)}~` }),
        ),
      ],
    ],
  },
  {
    name: "homie",
    make: homiePlan,
    topic: "homie/5/press/$description",
    payloads: [
      Buffer.from(
        '{"homie":"5.0","version":7,"name":"Press","nodes":{"air":{"name":"Air","properties":{"t":{"name":"T","datatype":"float","unit":"°C","format":"-20:120"}}}}}',
      ),
      Buffer.from(`{"nodes":{"a":{"properties":${polluting}},"__proto__":${polluting}}}`),
    ],
    hostile: [
      ...everywhere,
      ["nodes", filled('{"nodes":{', (index) => `"${index}":{},`, "}}")],
      ["properties", filled('{"nodes":{"a":{"properties":{', (index) => `"${index}":{},`, "}}}}")],
    ],
  },
  {
    name: "zigbee2mqtt",
    make: zigbee2mqttPlan,
    topic: "zigbee2mqtt/bridge/devices",
    payloads: [
      Buffer.from(
        '[{"type":"Router","friendly_name":"plug","definition":{"vendor":"V","model":"M","exposes":[{"type":"switch","features":[{"property":"state","access":7,"type":"binary"}]},{"property":"power","unit":"W","label":"P","access":1,"type":"numeric"}]}}]',
      ),
      Buffer.from(`[{"friendly_name":"__proto__","definition":${polluting}},${polluting}]`),
    ],
    hostile: [
      ...everywhere,
      ["devices", filled("[", (index) => `{"friendly_name":"${index}"},`, "]")],
      [
        "exposes",
        filled('[{"friendly_name":"a","definition":{"exposes":[', () => '{"property":"a"},', "]}}]"),
      ],
      ["features in features", nested('[{"features":', "}]")],
    ],
  },
  {
    name: "tasmota",
    make: tasmotaPlan,
    topic: "tasmota/discovery/00/config",
    payloads: [
      Buffer.from(
        '{"dn":"Lamp","fn":["Lamp",null],"hn":"lamp-1","md":"Basic","sw":"9.4.0","t":"lamp","ft":"%prefix%/%topic%/"}',
      ),
      Buffer.from(`{"t":"__proto__","ft":"%topic%","dn":${polluting}}`),
    ],
    hostile: [
      ...everywhere,
      ["levels", Buffer.from(`{"t":"a","ft":"${"%topic%/".repeat(500)}"}`)],
      ["names", filled('{"t":"a","ft":"%topic%","fn":[', () => '"a",', "]}")],
    ],
  },
];

function prototypeNames(): string {
  const prototypes = [Object.prototype, Array.prototype, Map.prototype, Function.prototype];
  return prototypes.map((prototype) => Reflect.ownKeys(prototype).length).join();
}

/** Nothing that is noted is longer than its bound, or holds what no page may show. */
function expectBounded(facts: readonly DeviceFact[]): void {
  expect(facts.length).toBeLessThanOrEqual(messageFactsMax + 1);
  for (const fact of facts) {
    if (fact.kind === "birth" || fact.kind === "withdrawn") continue;
    for (const [member, value] of Object.entries(fact).flatMap(flattened)) {
      if (typeof value !== "string") continue;
      const isTopic =
        member === "topic" || member === "under" || member === "readings" || member === "device";
      const most = isTopic ? topicBytesMax : Math.max(nameCharactersMax, factTextCharactersMax);
      // Topics are compared with others byte by byte, and stay as they are.
      const isNormal = isTopic || value === value.normalize("NFC");
      if (value.length > most || /\p{Cc}/u.test(value) || !value.isWellFormed() || !isNormal) {
        throw new Error(`${member} is ${JSON.stringify(value)}`);
      }
    }
  }
}

function flattened([name, value]: [string, unknown]): [string, unknown][] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(flattened)
    : [[name, value]];
}

/** Decodes, looks at what was noted, and gives the milliseconds of the fastest of some tries. */
function decodeMs(decoding: NotingDecoding, payload: Buffer): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < triesMax && fastest > decodeMsMax; tries += 1) {
    const startedAt = process.hrtime.bigint();
    const { cause, facts } = decoding.decode(payload);
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - startedAt) / 1e6);
    expect(cause === undefined ? 0 : facts.length).toBe(0);
    expectBounded(facts);
  }
  return fastest;
}

test.each(subjects)(
  "$name bears damaged messages: nothing thrown, nothing unbounded noted, no prototype touched, in time",
  ({ make, topic, payloads }) => {
    const decoding = new NotingDecoding(make, topic);
    const names = prototypeNames();
    const index = fc.nat({ max: payloads.length - 1 });
    fc.assert(
      fc.property(index, index, fc.nat(), fc.integer({ min: 1, max: 4 }), (one, other, seed, times) => {
        const payload = damaged(payloads, { one, other, seed, times });
        expect(decodeMs(decoding, payload)).toBeLessThan(decodeMsMax);
        expect(prototypeNames()).toBe(names);
      }),
      { numRuns: runs },
    );
  },
  timeoutMs,
);

test.each(subjects)("$name takes the messages that are damaged here", ({ make, topic, payloads }) => {
  const causes = payloads.map((payload) => new NotingDecoding(make, topic).decode(payload).cause);
  expect(causes).toStrictEqual(payloads.map(() => undefined));
});

test.each(
  subjects.flatMap(({ name, make, topic, hostile }) =>
    hostile.map(([what, payload]) => [name, what, make, topic, payload] as const),
  ),
)("%s is in time for a message full of %s", (_, __, make, topic, payload) => {
  expect(payload.length).toBeLessThanOrEqual(65_536);
  expect(decodeMs(new NotingDecoding(make, topic), payload)).toBeLessThan(decodeMsMax);
});

test("a catalogue that is full of what one sender says stays within its bounds, and in time", () => {
  const catalogue = new Catalogue();
  const startedAt = process.hrtime.bigint();
  for (let message = 0; message < 60; message += 1) {
    const under = `homeassistant/device/${message}/config`;
    const components = Array.from({ length: 1_000 }, (_, index) => [
      `c${index}`,
      {
        p: "sensor",
        stat_t: "one/topic",
        val_tpl: `{{ value_json.m${message}_${index} }}`,
        name: "x".repeat(20),
      },
    ]);
    const payload = Buffer.from(JSON.stringify({ cmps: Object.fromEntries(components.slice(0, 500)) }));
    const { facts } = new NotingDecoding(homeAssistantPlan, under).decode(payload);
    catalogue.apply(catalogue.news(facts));
  }
  for (let index = 0; index < 1_000; index += 1) {
    catalogue.unitOf({ device: "one/topic", metric: `m1_${index}`, topic: "one/topic" });
  }
  expect(catalogue.size).toBe(20_000);
  expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(10_000);
});
