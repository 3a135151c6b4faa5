import { expect, test } from "vitest";
import { codecMakers } from "../../src/codec-makers.ts";
import { presetNames, presetRoutes, presets, routesOfPresets, usualPresets } from "../../src/core/presets.ts";
import { filterMatches } from "../../src/core/topic.ts";
import { decoded } from "./family-decoding.ts";
import { familySamples } from "./family-samples.ts";

test.each(presets)("the preset $name names a codec that exists, and well-formed filters", (preset) => {
  for (const { match, codec } of presetRoutes(preset)) {
    expect(codec).toBe(preset.codec);
    expect(match).toMatch(/^(?:(?:\+|[^+#/]+)\/)*(?:\+|#|[^+#/]+)$/);
  }
});

test.each(familySamples)("a topic of $codec is found by its preset: $topic", ({ codec, topic }) => {
  const found = presets.filter((preset) => preset.codec === codec);
  expect(found.some((preset) => presetRoutes(preset).some(({ match }) => filterMatches(match, topic)))).toBe(
    true,
  );
});

test.each(familySamples)(
  "no preset that is not broad takes a topic of $codec from it: $topic",
  ({ codec, topic }) => {
    const others = presets.filter(
      (preset) => !preset.broad && preset.codec !== codec.replace(/-devices$/, ""),
    );
    const taken = others.filter((preset) =>
      presetRoutes(preset).some(({ match }) => filterMatches(match, topic)),
    );
    expect(taken.map(({ name }) => name)).toStrictEqual([]);
  },
);

test.each(familySamples)("a sample of $codec gives rows: $topic", ({ codec, topic, payload }) => {
  expect(decoded(codecMakers()[codec], topic, payload).rows).not.toHaveLength(0);
});

test("a prefix of the operator's stands in the place of the preset's own", () => {
  const zigbee = presets.find(({ name }) => name === "zigbee2mqtt")!;
  expect(presetRoutes(zigbee)).toStrictEqual([{ match: "zigbee2mqtt/#", codec: "zigbee2mqtt" }]);
  expect(presetRoutes(zigbee, "site/z2m")).toStrictEqual([{ match: "site/z2m/#", codec: "zigbee2mqtt" }]);
});

test("names are unique", () => {
  expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
});

test("the names are those of the table, in its order", () => {
  expect(presets.map(({ name }) => name)).toEqual(presetNames);
});

test("what is enabled gives its routes in the order of the table, and nothing else does", () => {
  expect(routesOfPresets([{ name: "ruuvi" }, { name: "homie", prefix: "house" }])).toEqual([
    { match: "house/#", codec: "homie" },
    { match: "ruuvi/+/+", codec: "ruuvi" },
  ]);
  expect(usualPresets).not.toContain("esphome");
});
