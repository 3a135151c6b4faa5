import fc from "fast-check";
import { expect, test } from "vitest";
import { SparkplugNodes } from "../../src/codecs/sparkplug-nodes.ts";
import type { BirthFact } from "../../src/core/fact.ts";
import { rebirthEveryMs } from "../../src/core/limits.ts";
import type { EncodablePayload } from "../support/sparkplug-encoder.ts";
import { startAt, type SparkplugOutcome, SparkplugWorld } from "./sparkplug-decoding.ts";

function nodeBirth(
  more: EncodablePayload & { readonly bdSeq?: number } = {},
  metric = "temperature",
): EncodablePayload {
  const { bdSeq = 1, ...payload } = more;
  const metrics = [
    { name: "bdSeq", datatype: 8, long_value: bdSeq },
    { name: metric, alias: 5, datatype: 3, int_value: 20 },
  ];
  return { timestamp: startAt, seq: 0, metrics, ...payload };
}

function deviceBirth(seq: number, metric = "pressure"): EncodablePayload {
  return { timestamp: startAt + seq, seq, metrics: [{ name: metric, alias: 6, datatype: 3, int_value: 4 }] };
}

const death = (bdSeq = 1): EncodablePayload => ({
  timestamp: startAt - 9_000,
  metrics: [{ name: "bdSeq", datatype: 8, long_value: bdSeq }],
});

function data(seq: number | undefined, alias: number, value: number, at = startAt + 100): EncodablePayload {
  return { timestamp: at, ...(seq === undefined ? {} : { seq }), metrics: [{ alias, int_value: value }] };
}

const named = (seq: number, at = startAt + 100): EncodablePayload => ({
  timestamp: at,
  seq,
  metrics: [{ name: "named", datatype: 3, int_value: 1 }],
});

type Step = (world: SparkplugWorld) => void;
const steps: Readonly<Record<string, readonly Step[]>> = {
  unborn: [],
  born: [(world) => world.take("NBIRTH/n", nodeBirth()), (world) => world.take("DBIRTH/n/d", deviceBirth(1))],
  dead: [
    (world) => world.take("NBIRTH/n", nodeBirth()),
    (world) => world.take("DBIRTH/n/d", deviceBirth(1)),
    (world) => world.take("NDEATH/n", death()),
  ],
  restored: [
    (world) => {
      const facts = [
        ...world.take("NBIRTH/n", nodeBirth()).facts,
        ...world.take("DBIRTH/n/d", deviceBirth(1)).facts,
      ];
      world.host.nodes.restore(facts.filter((fact) => fact.kind === "birth"));
    },
  ],
};

/** `asked` where a birth is asked for, then the cause, or the rows as `metric=value`. */
function told({ cause, rows, asked }: SparkplugOutcome): string {
  const what = cause ?? (rows.map(([, metric, value]) => `${metric}=${value}`).join(" ") || "nothing");
  return asked.length > 0 ? `asked, ${what}` : what;
}

const messages: Readonly<Record<string, readonly [path: string, payload: EncodablePayload]>> = {
  NBIRTH: ["NBIRTH/n", nodeBirth({ bdSeq: 2 })],
  DBIRTH: ["DBIRTH/n/d", deviceBirth(2)],
  "NDATA, the next": ["NDATA/n", data(2, 5, 1)],
  "NDATA, the last again": ["NDATA/n", data(1, 5, 1)],
  "NDATA after a gap": ["NDATA/n", data(4, 5, 1)],
  "NDATA without seq": ["NDATA/n", data(undefined, 5, 1)],
  "NDATA of an unknown alias": ["NDATA/n", data(2, 9, 1)],
  "NDATA with names": ["NDATA/n", named(2)],
  "NDATA of before, out of order": ["NDATA/n", data(200, 5, 1, startAt - 1)],
  "NDATA of before, in order": ["NDATA/n", data(2, 5, 1, startAt - 1)],
  "NDATA of before, with names": ["NDATA/n", named(200, startAt - 1)],
  "DDATA, the next": ["DDATA/n/d", data(2, 6, 1)],
  "DDATA of another device": ["DDATA/n/x", data(2, 6, 1)],
  "NDEATH of the session": ["NDEATH/n", death()],
  "NDEATH of another": ["NDEATH/n", death(0)],
  "NDEATH without bdSeq": ["NDEATH/n", { timestamp: startAt }],
  DDEATH: ["DDEATH/n/d", { timestamp: startAt + 9, seq: 2 }],
  "DDEATH of another device": ["DDEATH/n/x", { timestamp: startAt + 9, seq: 2 }],
};

const birthRows = "online=true temperature=20";
const deviceRows = "online=true pressure=4";
/** By message: what comes of it in each state. */
const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  NBIRTH: { unborn: birthRows, born: birthRows, dead: birthRows, restored: birthRows },
  DBIRTH: {
    unborn: `asked, ${deviceRows}`,
    born: deviceRows,
    dead: `asked, ${deviceRows}`,
    restored: `asked, ${deviceRows}`,
  },
  "NDATA, the next": {
    unborn: "asked, awaiting-birth",
    born: "temperature=1",
    dead: "asked, awaiting-birth",
    restored: "asked, temperature=1",
  },
  "NDATA, the last again": {
    unborn: "asked, awaiting-birth",
    born: "temperature=1",
    dead: "asked, awaiting-birth",
    restored: "asked, temperature=1",
  },
  "NDATA after a gap": {
    unborn: "asked, awaiting-birth",
    born: "asked, temperature=1",
    dead: "asked, awaiting-birth",
    restored: "asked, temperature=1",
  },
  "NDATA without seq": {
    unborn: "asked, awaiting-birth",
    born: "temperature=1",
    dead: "asked, awaiting-birth",
    restored: "asked, temperature=1",
  },
  "NDATA of an unknown alias": {
    unborn: "asked, awaiting-birth",
    born: "asked, awaiting-birth",
    dead: "asked, awaiting-birth",
    restored: "asked, awaiting-birth",
  },
  "NDATA with names": {
    unborn: "asked, named=1",
    born: "named=1",
    dead: "asked, named=1",
    restored: "asked, named=1",
  },
  "NDATA of before, out of order": {
    unborn: "asked, awaiting-birth",
    born: "asked, overtaken",
    dead: "asked, awaiting-birth",
    restored: "asked, overtaken",
  },
  "NDATA of before, in order": {
    unborn: "asked, awaiting-birth",
    born: "temperature=1",
    dead: "asked, awaiting-birth",
    restored: "asked, overtaken",
  },
  "NDATA of before, with names": {
    unborn: "asked, named=1",
    born: "asked, named=1",
    dead: "asked, named=1",
    restored: "asked, named=1",
  },
  "DDATA, the next": {
    unborn: "asked, awaiting-birth",
    born: "pressure=1",
    dead: "asked, awaiting-birth",
    restored: "asked, pressure=1",
  },
  "DDATA of another device": {
    unborn: "asked, awaiting-birth",
    born: "asked, awaiting-birth",
    dead: "asked, awaiting-birth",
    restored: "asked, awaiting-birth",
  },
  "NDEATH of the session": {
    unborn: "nothing",
    born: "online=false online=false",
    dead: "nothing",
    restored: "online=false online=false",
  },
  "NDEATH of another": { unborn: "nothing", born: "nothing", dead: "nothing", restored: "nothing" },
  "NDEATH without bdSeq": { unborn: "nothing", born: "nothing", dead: "nothing", restored: "nothing" },
  DDEATH: {
    unborn: "asked, nothing",
    born: "online=false",
    dead: "asked, nothing",
    restored: "asked, online=false",
  },
  "DDEATH of another device": {
    unborn: "asked, nothing",
    born: "nothing",
    dead: "asked, nothing",
    restored: "asked, nothing",
  },
};

const cases = Object.keys(messages).flatMap((message) =>
  Object.keys(steps).map((state) => [message, state, expected[message]?.[state] ?? ""] as const),
);

test.each(cases)("%s to a node that is %s: %s", (message, state, outcome) => {
  const world = new SparkplugWorld();
  for (const step of steps[state]!) step(world);
  const [path, payload] = messages[message]!;
  expect(told(world.take(path, payload))).toBe(outcome);
});

test("a death of a node is timed by its receipt, that of a device by its stamp", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n", nodeBirth());
  world.take("DBIRTH/n/d", deviceBirth(1));
  world.take("DBIRTH/n/e", deviceBirth(2));
  const gone = world.take("DDEATH/n/d", { timestamp: startAt + 9, seq: 3 });
  expect([gone.rows, gone.stampAt]).toEqual([[["G/n/d", "online", false]], startAt + 9]);
  const { rows, stampAt } = world.take("NDEATH/n", death());
  expect(stampAt).toBeNaN();
  expect(rows).toEqual([
    ["G/n", "online", false],
    ["G/n/e", "online", false],
  ]);
});

test("numbers mean what the last birth says, and those of devices nothing until they are born again", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n", nodeBirth());
  world.take("DBIRTH/n/d", deviceBirth(1));
  world.take("NBIRTH/n", nodeBirth({ timestamp: startAt + 50, bdSeq: 2 }, "humidity"));
  expect(told(world.take("NDATA/n", data(1, 5, 7)))).toBe("humidity=7");
  expect(told(world.take("DDATA/n/d", data(2, 6, 7)))).toBe("asked, awaiting-birth");
  world.take("DBIRTH/n/d", deviceBirth(3, "flow"));
  expect(told(world.take("DDATA/n/d", data(4, 6, 7)))).toBe("flow=7");
});

test("a node is asked once a minute at most, and every request is counted", () => {
  const world = new SparkplugWorld();
  for (const nowMs of [0, 1, rebirthEveryMs - 1, rebirthEveryMs, 2 * rebirthEveryMs - 1]) {
    world.nowMs = nowMs;
    world.take("NDATA/n", data(nowMs & 0xff, 5, 1));
  }
  world.take("NDATA/other", data(0, 5, 1));
  expect(world.requests.map(({ node, clientId }) => [node, clientId])).toEqual([
    ["n", "client-1"],
    ["n", "client-1"],
    ["other", "client-1"],
  ]);
  expect([world.host.requestedCount, world.host.heldBackCount]).toEqual([3, 3]);
});

test("a birth that was asked for is told, and those of the devices that come with it", () => {
  const world = new SparkplugWorld();
  expect(world.take("NBIRTH/n", nodeBirth()).reborn).toEqual([]);
  world.take("NDATA/n", data(7, 5, 1));
  expect(world.take("NBIRTH/n", nodeBirth()).reborn).toEqual(["n"]);
  expect(world.take("DBIRTH/n/d", deviceBirth(1)).reborn).toEqual(["d"]);
  expect(world.take("NBIRTH/n", nodeBirth()).reborn).toEqual([]);
  expect(world.take("DBIRTH/n/d", deviceBirth(1)).reborn).toEqual([]);
});

test("a first birth that was asked for is told", () => {
  const world = new SparkplugWorld();
  world.take("NDATA/n", data(7, 5, 1));
  expect(world.take("NBIRTH/n", nodeBirth()).reborn).toEqual(["n"]);
});

test.each<[what: string, between: Step]>([
  ["a death", (world) => world.take("NDEATH/n", death())],
  [
    "a death, and data of nobody knows which session",
    (world) => {
      world.take("NDEATH/n", death());
      world.take("NDATA/n", data(1, 5, 1));
    },
  ],
])("a birth is not told after %s: its numbers may mean something else", (_, between) => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n", nodeBirth());
  world.take("NDATA/n", data(7, 5, 1));
  between(world);
  expect(world.take("NBIRTH/n", nodeBirth()).reborn).toEqual([]);
});

test("a birth of another session is not told, even where its death was missed", () => {
  const world = new SparkplugWorld();
  world.take("NBIRTH/n", nodeBirth());
  world.take("NDATA/n", data(7, 5, 1));
  expect(world.take("NBIRTH/n", nodeBirth({ bdSeq: 2 })).reborn).toEqual([]);
});

test("a birth without a time stamp is as old as its receipt", () => {
  const world = new SparkplugWorld();
  const { timestamp: _, ...birth } = nodeBirth();
  expect(world.take("NBIRTH/n", birth).facts[0]).toMatchObject({ at: startAt + 500 });
});

function birthFact(node: string, count: number, device?: string): BirthFact {
  const metrics = Array.from({ length: count }, (_, alias) => ({ name: `m${alias}`, alias, datatype: 3 }));
  return { kind: "birth", node, ...(device === undefined ? {} : { device }), at: startAt, metrics };
}

test("of too many nodes those without names leave first, then the ones born longest ago", () => {
  const nodes = new SparkplugNodes(3, 100);
  nodes.restore([birthFact("G/a", 1), birthFact("G/b", 1)]);
  for (const key of ["G/x", "G/y", "G/z"]) nodes.of(key);
  expect(["G/a", "G/b", "G/z"].map((key) => nodes.known(key) !== undefined)).toEqual([true, true, true]);
  nodes.change("G/c", (node) => node.restore(birthFact("G/c", 1)));
  nodes.change("G/d", (node) => node.restore(birthFact("G/d", 1)));
  expect([nodes.known("G/a"), nodes.known("G/z"), nodes.evictedCount]).toEqual([undefined, undefined, 4]);
  expect([nodes.size, nodes.metricCount]).toEqual([3, 3]);
});

test("memory stays within its bounds whatever births come", () => {
  const birth = fc.record({
    node: fc.constantFrom("G/a", "G/b", "G/c", "G/d", "G/__proto__"),
    device: fc.option(fc.constantFrom("x", "y", "constructor"), { nil: undefined }),
    count: fc.nat({ max: 30 }),
    death: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(birth, { maxLength: 60 }), (births) => {
      const nodes = new SparkplugNodes(3, 40);
      for (const { node: key, device, count, death: dies } of births) {
        nodes.change(key, (node) => {
          if (dies) node.died(undefined);
          else node.restore(birthFact(key, count, device));
        });
        expect(nodes.size).toBeLessThanOrEqual(3);
        expect(nodes.metricCount).toBeLessThanOrEqual(40);
        const keys = ["G/a", "G/b", "G/c", "G/d", "G/__proto__"];
        const sum = keys.reduce((total, one) => total + (nodes.known(one)?.metricCount ?? 0), 0);
        expect(nodes.metricCount).toBe(sum);
      }
    }),
  );
});

test("what is restored asks no sooner than what was there", () => {
  const world = new SparkplugWorld();
  const { facts } = world.take("NBIRTH/n", nodeBirth());
  world.take("NDATA/n", data(9, 5, 1));
  world.host.nodes.restore(facts.filter((fact) => fact.kind === "birth"));
  expect(told(world.take("NDATA/n", data(9, 5, 1)))).toBe("temperature=1");
  expect(world.host.heldBackCount).toBe(1);
});
