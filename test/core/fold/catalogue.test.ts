import { expect, test } from "vitest";
import { Catalogue } from "../../../src/core/fold/catalogue.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import type { DeviceFact, MetricFact } from "../../../src/core/fact.ts";
import { catalogueFactsMax } from "../../../src/core/limits.ts";

const metric = (unit: string, under?: string): MetricFact => ({
  kind: "metric",
  source: "discovery",
  of: { topic: "t", path: "temperature" },
  unit,
  ...(under === undefined ? {} : { under }),
});

const identity = (index: number): DeviceFact => ({
  kind: "identity",
  source: "payload",
  device: `d${index}`,
});

function holding(...facts: readonly DeviceFact[]): Catalogue {
  const catalogue = new Catalogue();
  catalogue.apply(facts);
  return catalogue;
}

test("what is held already is no news, and the last of several is what counts", () => {
  const catalogue = holding(metric("°C"));
  expect(catalogue.news([metric("°C")])).toStrictEqual([]);
  expect(catalogue.news([metric("K"), metric("°C")])).toStrictEqual([]);
  expect(catalogue.news([metric("°C"), metric("K")])).toStrictEqual([metric("K")]);
});

test("a fact takes the place of the one before about the same", () => {
  expect([...holding(metric("°C"), metric("K")).all()]).toStrictEqual([metric("K")]);
});

test("what was said under a name is taken back under it, once", () => {
  const withdrawn = { kind: "withdrawn", under: "ha/x/config" } as const;
  const catalogue = holding(metric("°C", "ha/x/config"));
  expect(catalogue.news([withdrawn])).toStrictEqual([withdrawn]);
  catalogue.apply([withdrawn]);
  expect(catalogue.size).toBe(0);
  expect(catalogue.news([withdrawn])).toStrictEqual([]);
});

test("beyond its bound the fact that changed longest ago leaves, counted", () => {
  const catalogue = holding(...Array.from({ length: catalogueFactsMax }, (_, index) => identity(index)));
  catalogue.apply([{ ...identity(0), label: "changed" } as DeviceFact, identity(-1)]);
  expect(catalogue.size).toBe(catalogueFactsMax);
  expect(catalogue.evictedCount).toBe(1);
  expect(catalogue.news([identity(1)])).toStrictEqual([identity(1)]);
  expect(catalogue.news([identity(2)])).toStrictEqual([]);
});

test("a snapshot gives back what was held, in its order", () => {
  const birth: DeviceFact = {
    kind: "birth",
    node: "plant/n1",
    bdSeq: 3,
    at: 1_762_000_000_000,
    metrics: [{ name: "t", alias: 1, datatype: 9 }],
  };
  const catalogue = holding(metric("°C"), birth, metric("K"));
  const writer = new SnapshotWriter();
  catalogue.write(writer);
  const read = new Catalogue();
  read.read(new SnapshotReader(writer.finish()));
  expect([...read.all()]).toStrictEqual([birth, metric("K")]);
  expect(read.births()).toStrictEqual([birth]);
});
