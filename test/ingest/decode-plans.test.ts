import { expect, test } from "vitest";
import { codecNames, type DecodePlan, type PlanSpec } from "../../src/core/decode.ts";
import type { AvailabilityFact } from "../../src/core/fact.ts";
import { NamedTopics } from "../../src/ingest/named-topics.ts";
import { DecodePlans, type PlanMakers } from "../../src/ingest/decode-plans.ts";
import { parseRoutes, type RouteDefinition, type RouteTable } from "../../src/ingest/routes.ts";

function tableOf(routes: readonly RouteDefinition[]): RouteTable {
  const result = parseRoutes(routes);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** Plans that decode nothing, but tell what they were made from. */
function plansOf(
  routes: readonly RouteDefinition[],
  plansMax?: number,
): { plans: DecodePlans; made: PlanSpec[] } {
  const made: PlanSpec[] = [];
  const make = (spec: PlanSpec): DecodePlan => {
    made.push(spec);
    return { codec: spec.codec, decode: () => undefined };
  };
  const decoders = { makers: makersOf(make), readFields: () => undefined };
  return { plans: new DecodePlans(tableOf(routes), decoders, plansMax), made };
}

function on(topic: string): Parameters<DecodePlans["planOf"]>[0] {
  return { topic, clientId: "c", bytes: Buffer.from("{}"), start: 0, end: 2 };
}

function makersOf(make: (spec: PlanSpec) => DecodePlan): PlanMakers {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name is there
  return Object.fromEntries(codecNames.map((name) => [name, make])) as PlanMakers;
}

test("a topic keeps its plan, made from what its route says", () => {
  const { plans, made } = plansOf([{ match: "a/+", codec: "json", device: "{1}" }]);
  const plan = plans.planOf(on("a/b"));
  expect(plans.planOf(on("a/b"))).toBe(plan);
  expect(plans.planOf(on("c")).codec).toBe("auto");
  expect(made).toStrictEqual([
    { topic: "a/b", codec: "json", device: "b" },
    { topic: "c", codec: "auto" },
  ]);
});

test("there are never more plans than the bound, and the one made first leaves", () => {
  const { plans, made } = plansOf([], 3);
  for (const topic of ["a", "b", "c", "a", "d", "b", "a"]) {
    plans.planOf(on(topic));
    expect(plans.size).toBeLessThanOrEqual(3);
  }
  expect(made.map(({ topic }) => topic)).toStrictEqual(["a", "b", "c", "d", "a"]);
});

test("topics are listed with their codecs, and asking makes no plan", () => {
  const { plans } = plansOf([{ match: "a", codec: "json" }]);
  plans.planOf(on("b"));
  plans.planOf(on("a"));
  expect([...plans.codecs()]).toStrictEqual([
    { topic: "b", codec: "auto" },
    { topic: "a", codec: "json" },
  ]);
  expect(plans.codecOf("a")).toBe("json");
  expect(plans.codecOf("c")).toBeUndefined();
  expect(plans.size).toBe(2);
});

test("topics with the names of an object's own members are topics like others", () => {
  const { plans } = plansOf([]);
  for (const topic of ["__proto__", "constructor", "toString"])
    expect(plans.planOf(on(topic)).codec).toBe("auto");
  expect(plans.size).toBe(3);
});

test("clearing forgets every plan, and so do other routes", () => {
  const { plans } = plansOf([]);
  const plan = plans.planOf(on("a"));
  plans.clear();
  expect(plans.planOf(on("a"))).not.toBe(plan);
  plans.replaceRoutes(tableOf([{ match: "a", codec: "json" }]));
  expect(plans.planOf(on("a")).codec).toBe("json");
});

/** Plans of which those of named topics tell what is said of these; and what is written of them. */
function namedPlans(routes: readonly RouteDefinition[] = []): {
  plans: DecodePlans;
  written: AvailabilityFact[];
  devices: (topic: string) => readonly string[];
} {
  const written: AvailabilityFact[] = [];
  const topics = new NamedTopics(() => ({
    revision: written.length,
    availabilityOf: (topic) => written.filter((fact) => fact.topic === topic),
  }));
  const asked = new Map<string, () => readonly AvailabilityFact[]>();
  let topicOfPlan = "";
  const plans = new DecodePlans(
    tableOf(routes),
    {
      makers: makersOf(({ topic, codec }) => {
        topicOfPlan = topic;
        return { codec, decode: () => undefined };
      }),
      readFields: () => undefined,
    },
    3,
    {
      topics,
      make: (factsOf, otherwise) => {
        asked.set(topicOfPlan, factsOf);
        return { codec: `named-${otherwise.codec}`, decode: () => undefined };
      },
    },
  );
  const devices = (topic: string): readonly string[] => {
    plans.planOf(on(topic));
    return (
      asked
        .get(topic)?.()
        .map(({ device }) => device) ?? []
    );
  };
  return { plans, written, devices };
}

const saysOf = (topic: string, device: string, under = "config"): AvailabilityFact => ({
  kind: "availability",
  source: "discovery",
  topic,
  device,
  readings: `${device}/state`,
  available: "online",
  unavailable: "offline",
  under,
});

test("a topic that is named gets another plan at once, and keeps it", () => {
  const { plans, devices } = namedPlans();
  const before = plans.planOf(on("lwt"));
  plans.noted(saysOf("lwt", "a"));
  const plan = plans.planOf(on("lwt"));
  expect(plan).not.toBe(before);
  expect(plan.codec).toBe("named-auto");
  plans.noted(saysOf("lwt", "b"));
  expect(plans.planOf(on("lwt"))).toBe(plan);
  expect(devices("lwt")).toStrictEqual(["a", "b"]);
});

test("what is written counts from the start, and what is taken back no more", () => {
  const { plans, written, devices } = namedPlans();
  written.push(saysOf("lwt", "a"));
  expect(devices("lwt")).toStrictEqual(["a"]);
  plans.noted(saysOf("lwt", "b", "other"));
  expect(devices("lwt")).toStrictEqual(["a", "b"]);
  plans.noted({ kind: "withdrawn", under: "other" });
  expect(devices("lwt")).toStrictEqual(["a"]);
  written.length = 0;
  expect(devices("lwt")).toStrictEqual([]);
});

test.each(["lwt", "#"])("a topic that the route %s names stays as it is", (match) => {
  const { plans } = namedPlans([{ match, codec: "scalar" }]);
  plans.noted(saysOf("lwt", "a"));
  expect(plans.planOf(on("lwt")).codec).toBe("scalar");
});

test("the device is called as a route calls it on the topic of its readings", () => {
  const { plans, devices } = namedPlans([{ match: "+/state", device: "press-{0}" }]);
  plans.noted(saysOf("lwt", "a"));
  expect(devices("lwt")).toStrictEqual(["press-a"]);
});

test("what was said lately is bounded", () => {
  const topics = new NamedTopics(() => undefined);
  for (let index = 0; index < 5_000; index += 1) topics.noted(saysOf(`lwt/${index}`, "a"));
  for (let index = 0; index < 5_000; index += 1) topics.noted(saysOf("lwt/4999", `d${index}`));
  expect(topics.of("lwt/0")).toStrictEqual([]);
  expect(topics.of("lwt/4998")).toHaveLength(1);
  expect(topics.of("lwt/4999").length).toBeLessThan(20);
});
