import { expect, test } from "vitest";
import { Catalogue } from "../../../src/core/fold/catalogue.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";
import type {
  AvailabilityFact,
  BirthFact,
  DeviceFact,
  FactSource,
  MetricFact,
} from "../../../src/core/fact.ts";
import { catalogueCharactersMax, catalogueFactsMax } from "../../../src/core/limits.ts";

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

const leaf = (path: string, unit: string, under: string): MetricFact => ({
  ...metric(unit, under),
  of: { topic: "t", path },
});

test("all that was said under a name is taken back under it, and nothing else", () => {
  const catalogue = holding(leaf("a", "°C", "x"), leaf("b", "%", "x"), leaf("b", "%", "y"), metric("K"));
  catalogue.apply([{ kind: "withdrawn", under: "x" }]);
  expect([...catalogue.all()]).toStrictEqual([leaf("b", "%", "y"), metric("K")]);
});

const taken: readonly [law: string, said: readonly DeviceFact[], news: readonly DeviceFact[]][] = [
  ["all of it is said again", [leaf("a", "°C", "x"), leaf("b", "%", "x")], []],
  [
    "all of it is said again, and more",
    [leaf("a", "°C", "x"), leaf("b", "%", "x"), leaf("c", "V", "x")],
    [leaf("c", "V", "x")],
  ],
  ["a part is said again", [leaf("a", "°C", "x")], [{ kind: "withdrawn", under: "x" }, leaf("a", "°C", "x")]],
  [
    "one of it is said otherwise",
    [leaf("a", "K", "x"), leaf("b", "%", "x")],
    [{ kind: "withdrawn", under: "x" }, leaf("a", "K", "x"), leaf("b", "%", "x")],
  ],
  ["nothing of it is said again", [], [{ kind: "withdrawn", under: "x" }]],
];

test.each(taken)("what is taken back is news as far as it changes something: %s", (_, said, news) => {
  const catalogue = holding(leaf("a", "°C", "x"), leaf("b", "%", "x"));
  const facts: readonly DeviceFact[] = [{ kind: "withdrawn", under: "x" }, ...said];
  expect(catalogue.news(facts)).toStrictEqual(news);
  const plainly = holding(leaf("a", "°C", "x"), leaf("b", "%", "x"));
  plainly.apply(facts);
  catalogue.apply(catalogue.news(facts));
  expect(new Set(catalogue.all())).toStrictEqual(new Set(plainly.all()));
});

test("of two messages in one record the later one counts", () => {
  const withdrawn = { kind: "withdrawn", under: "x" } as const;
  const first = [withdrawn, leaf("a", "°C", "x"), leaf("b", "%", "x")];
  const news = holding().news([...first, withdrawn, leaf("b", "V", "x")]);
  expect(news).toStrictEqual([leaf("b", "V", "x")]);
});

const said = (source: FactSource, unit: string, path: string, under = "x"): MetricFact => ({
  ...leaf(path, unit, under),
  source,
});
const t = { device: "t", metric: "temperature", topic: "t" };

const units: readonly [law: string, facts: readonly DeviceFact[], unit: string | undefined][] = [
  ["of the leaf that it is", [said("discovery", "K", "temperature")], "K"],
  ["of the plain value that it is", [said("discovery", "K", "")], "K"],
  ["of no other leaf", [said("discovery", "K", "pressure")], undefined],
  ["in the spelling that is known here", [said("discovery", "C", "temperature")], "°C"],
  ["as it is written, where it is known nowhere", [said("discovery", "lqi", "temperature")], "lqi"],
  [
    "of the source that is believed most",
    [
      said("homie", "K", "temperature"),
      said("discovery", "V", "temperature"),
      said("payload", "A", "temperature"),
    ],
    "K",
  ],
  ["that was said last", [said("homie", "K", "temperature"), said("homie", "V", "temperature", "y")], "V"],
  [
    "by the name of the metric",
    [{ kind: "metric", source: "inventory", of: { device: "t", metric: "temperature" }, unit: "V" }],
    "V",
  ],
  [
    "of a part that says none, that of another part",
    [
      { kind: "metric", source: "homie", of: { device: "t", metric: "temperature" }, unit: "V", under: "x" },
      { kind: "metric", source: "homie", of: { device: "t", metric: "temperature" }, label: "T", under: "y" },
    ],
    "V",
  ],
];

test.each(units)("the unit of a series is that %s", (_, facts, unit) => {
  expect(holding(...facts).unitOf(t)).toBe(unit);
});

test("a metric whose leaf is not known is counted as long as it is held, and gives no unit", () => {
  const fact: MetricFact = { ...metric("K", "x"), of: { topic: "t" } };
  const catalogue = holding(fact, fact, { ...fact, label: "other" });
  expect([catalogue.pathlessCount, catalogue.unitOf(t)]).toStrictEqual([2, undefined]);
  catalogue.apply([{ kind: "withdrawn", under: "x" }]);
  expect(catalogue.pathlessCount).toBe(0);
});

const saysOf = (device: string, under: string): AvailabilityFact => ({
  kind: "availability",
  source: "discovery",
  topic: "lwt",
  device,
  readings: device,
  available: "online",
  unavailable: "offline",
  under,
});

test("the availability of a topic is what is said of it now", () => {
  const catalogue = holding(saysOf("a", "x"), saysOf("b", "y"));
  expect(catalogue.availabilityOf("lwt")).toStrictEqual([saysOf("a", "x"), saysOf("b", "y")]);
  const { revision } = catalogue;
  catalogue.apply([{ kind: "withdrawn", under: "x" }]);
  expect(catalogue.availabilityOf("lwt")).toStrictEqual([saysOf("b", "y")]);
  expect(catalogue.revision).toBeGreaterThan(revision);
});

test("facts that are large leave sooner", () => {
  const label = "x".repeat(1_000_000);
  const catalogue = new Catalogue();
  for (let index = 0; index < 40; index += 1) catalogue.apply([{ ...identity(index), label } as DeviceFact]);
  expect(JSON.stringify([...catalogue.all()]).length).toBeLessThanOrEqual(catalogueCharactersMax + 100);
  expect(catalogue.size).toBe(16);
  expect(catalogue.evictedCount).toBe(24);
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
