import { expect, test } from "vitest";
import { Catalogue } from "../../../src/core/fold/catalogue.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import type { BirthFact, DeviceFact, MetricFact } from "../../../src/core/fact.ts";
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

function birth(node: string, count: number, at = 1): BirthFact {
  const metrics = Array.from({ length: count }, (_, alias) => ({ name: `m${alias}`, alias, datatype: 3 }));
  return { kind: "birth", node, at, metrics };
}

test("two metrics of a birth certificate weigh as much as a fact, and no more when it is repeated", () => {
  const catalogue = holding(...Array.from({ length: 100 }, (_, at) => birth("g/same", 2_000, at)));
  expect([catalogue.size, catalogue.evictedCount]).toStrictEqual([1, 0]);
  for (let index = 0; index < 30; index += 1) catalogue.apply([birth(`g/n${index}`, 2_000)]);
  expect([catalogue.size, catalogue.evictedCount]).toStrictEqual([19, 12]);
});

test("news come in the order of the last word on each", () => {
  const [node, device] = [birth("g/n", 1), { ...birth("g/n", 1), device: "d" }];
  const again = { ...device, at: 2 };
  expect(holding().news([device, node, again])).toStrictEqual([node, again]);
});

test("a snapshot gives back what was held, in its order", () => {
  const born = { ...birth("plant/n1", 1, 1_762_000_000_000), bdSeq: 3 };
  const catalogue = holding(metric("°C"), born, metric("K"));
  const writer = new SnapshotWriter();
  catalogue.write(writer);
  const read = new Catalogue();
  read.read(new SnapshotReader(writer.finish()));
  expect([...read.all()]).toStrictEqual([born, metric("K")]);
  expect(read.births()).toStrictEqual([born]);
});
