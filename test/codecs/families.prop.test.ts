/** Damaged messages of every device family. `HOLDFAST_FUZZ=1` tries a million instead of 20,000. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { codecMakers } from "../../src/codec-makers.ts";
import type { DecodePlan, PlanSpec } from "../../src/core/decode.ts";
import { packetBytesMax } from "../../src/core/limits.ts";
import { decoded, FamilyDecoding, type FamilyOutcome } from "./family-decoding.ts";
import { familySamples } from "./family-samples.ts";
import { mutated } from "./json-trees.ts";

const payloadsPerRun = 20;
const runs = process.env["HOLDFAST_FUZZ"] === "1" ? 50_000 : 1_000;
/** The bar is 5 ms, which the long run holds; beside other tests only what is out of all proportion fails. */
const slowestMs = process.env["HOLDFAST_FUZZ"] === "1" ? 5 : 100;

const hostile = Buffer.from(
  '{"__proto__":{"polluted":1,"state":"online"},"constructor":{"prototype":{"polluted":1}},"params":{"__proto__":{"polluted":1},"ts":1e400},"state":{"reported":{"__proto__":{"polluted":1}}},"object":{"__proto__":1,"toString":"x"}}',
);

/** Every property of the prototypes that a careless assignment would change. */
function prototypes(): string {
  return [Object.prototype, Array.prototype, Map.prototype, Function.prototype]
    .map((prototype) => Reflect.ownKeys(prototype).map(String).join(","))
    .join(";");
}

interface Timed {
  readonly outcome: FamilyOutcome;
  readonly tookMs: number;
}

/** Decodes, and tells how long it took; a pause of the machine is told apart by trying again. */
function timed(decoding: FamilyDecoding, bytes: Uint8Array): Timed {
  let from = performance.now();
  const outcome = decoding.decode(bytes);
  let tookMs = performance.now() - from;
  for (let attempt = 0; attempt < 4 && tookMs > slowestMs; attempt += 1) {
    from = performance.now();
    decoding.decode(bytes);
    tookMs = Math.min(tookMs, performance.now() - from);
  }
  return { outcome, tookMs };
}

/** An outcome without units, which are those that a series began with. */
function withoutUnits({ rows, ...outcome }: FamilyOutcome): object {
  return { ...outcome, rows: rows.map((row) => row.slice(0, 3)) };
}

test("a damaged payload never throws, is decoded in time, and leaves prototypes alone", () => {
  const before = prototypes();
  const choose = fc.infiniteStream(fc.nat());
  fc.assert(
    fc.property(fc.nat({ max: familySamples.length - 1 }), choose, (which, choices) => {
      const next = (): number => choices.next().value;
      const { codec, topic, payload } = familySamples[which]!;
      const make = codecMakers()[codec];
      const decoding = new FamilyDecoding(make({ topic, codec: "auto" }));
      const original = Buffer.from(payload);
      for (let round = 0; round < payloadsPerRun; round += 1) {
        const strange = familySamples[next() % familySamples.length]!;
        const other = next() % 8 === 0 ? hostile : Buffer.from(strange.payload);
        const once = mutated(original, other, next);
        const bytes = once.length > 0 && next() % 2 === 0 ? mutated(once, other, next) : once;
        const { outcome, tookMs } = timed(decoding, bytes);
        expect(tookMs).toBeLessThan(slowestMs);
        // What a plan has seen before changes nothing, except where the content is found out.
        const fresh = codec === "azure-iot" ? outcome : decoded(make, topic, bytes);
        expect(withoutUnits(outcome)).toStrictEqual(withoutUnits(fresh));
      }
    }),
    { numRuns: runs },
  );
  expect(prototypes()).toBe(before);
}, 1_800_000);

test.each(familySamples)("hostile names do no harm to $codec on $topic", ({ codec, topic }) => {
  const before = prototypes();
  decoded(codecMakers()[codec], topic, hostile);
  expect(prototypes()).toBe(before);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test.each(familySamples)(
  "the largest payloads of $codec are decoded in time on $topic",
  ({ codec, topic }) => {
    const decoding = new FamilyDecoding(codecMakers()[codec]({ topic, codec: "auto" }));
    const wide = `{"params":{"switch:0":[${"1,".repeat(900)}1]},"object":[${"1,".repeat(100)}1]}`;
    const many = `{${Array.from({ length: 1000 }, (_, index) => `"DS18B20-${index}":1`).join(",")}}`;
    const probes = `{${Array.from({ length: 500 }, (_, index) => `"DS18B20-${index}":{"T":1}`).join(",")}}`;
    const list = `{"uplink_message":{"rx_metadata":[${'{"rssi":-1,"snr":1},'.repeat(300)}{"rssi":1}],"normalized_payload":[${'{"air":{"co2":1}},'.repeat(90)}{}]}}`;
    for (const text of [
      wide,
      many,
      probes,
      list,
      `{"data":"${"F".repeat(1024)}"}`,
      "[".repeat(packetBytesMax),
    ]) {
      expect(timed(decoding, Buffer.from(text)).tookMs).toBeLessThan(slowestMs);
    }
  },
);

const topicLevel = fc.constantFrom(
  ..."tele stat SENSOR STATE LWT shellies status events rpc online zigbee2mqtt bridge availability set sensor light state homie 5 $state v3 devices up application device event ruuvi rtl_433 home BTtoMQTT $aws things shadow name update rules dt messages modules cmd".split(
    " ",
  ),
  "",
  "__proto__",
  "x",
  "%E0%A4%A",
  "$.ct=text%2Fplain",
);
const anyTopic = fc.array(topicLevel, { minLength: 1, maxLength: 8 }).map((levels) => levels.join("/"));
const makers: readonly [codec: string, make: (spec: PlanSpec) => DecodePlan][] = [
  ...new Set(familySamples.map(({ codec }) => codec)),
].map((codec) => [codec, codecMakers()[codec]]);

test.each(makers)("%s takes any topic without throwing, and keeps its name", (codec, make) => {
  fc.assert(
    fc.property(anyTopic, fc.nat({ max: familySamples.length - 1 }), (topic, which) => {
      const plan = make({ topic, codec: "auto" });
      expect(plan.codec).toBe(codec);
      const { cause, rows } = new FamilyDecoding(plan).decode(familySamples[which]!.payload);
      expect(cause === undefined ? 0 : rows.length).toBe(0);
    }),
    { numRuns: 300 },
  );
});
