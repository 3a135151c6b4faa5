/** Which profile decodes a message, where the topic alone does not tell. */
import { expect, test } from "vitest";
import { decoders } from "../../src/codec-makers.ts";
import type { Fingerprint } from "../../src/core/fingerprint.ts";
import { topicClientsMax } from "../../src/core/limits.ts";
import type { DeviceProfile } from "../../src/core/profile.ts";
import { DecodePlans } from "../../src/ingest/decode-plans.ts";
import { tryPayload } from "../../src/ingest/profile-trial.ts";
import { parseRoutes, type RouteDefinition } from "../../src/ingest/routes.ts";

interface Asked {
  readonly clients?: readonly string[];
  readonly fingerprint?: Fingerprint;
  readonly match?: readonly string[];
}

function profile(id: string, asked: Asked): DeviceProfile {
  return {
    id,
    vendor: "Acme",
    model: id,
    version: 1,
    source: "Acme manual",
    match: ["t/#"],
    codec: "json",
    metrics: [],
    others: "keep",
    tags: {},
    good: [],
    bad: [],
    ...asked,
  };
}

function model(name: string): Fingerprint {
  return [{ path: "model", values: [name] }];
}

function plansOf(
  profiles: readonly DeviceProfile[],
  routes: readonly RouteDefinition[] = [],
  plansMax?: number,
): DecodePlans {
  const table = parseRoutes(routes, { profiles });
  if (!table.ok) throw new Error(JSON.stringify(table.problems));
  return new DecodePlans(table.value, decoders(), plansMax);
}

/** Decodes a message; gives the profile that decoded it, `-` for none, with `!` where it was refused. */
function send(plans: DecodePlans, payload: unknown, clientId = "c", topic = "t/1"): string {
  const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  const plan = plans.planOf({ topic, clientId, bytes, start: 0, end: bytes.length });
  const { rejection } = tryPayload(plan, bytes, 0);
  return `${plan.profile ?? "-"}${rejection === undefined ? "" : "!"}`;
}

const a = profile("a", { fingerprint: model("A") });
const b = profile("b", { fingerprint: model("B") });

test("a payload that carries a fingerprint is decoded by its profile, another one by the next route", () => {
  const plans = plansOf([a, b]);
  expect(send(plans, { v: 1 })).toBe("-");
  expect(send(plans, { model: "C" })).toBe("-");
  expect(send(plans, { model: "B" })).toBe("b");
});

test("once a client has told, payloads that say nothing are its profile's too, and those that contradict are not", () => {
  const plans = plansOf([a, b]);
  const sent = [{ v: 1 }, { model: "A" }, { v: 1 }, "offline", { model: "C" }, { v: 2 }];
  expect(sent.map((payload) => send(plans, payload))).toEqual(["-", "a", "a", "a!", "-", "a"]);
});

test("what one client told says nothing about another, nor about another topic", () => {
  const plans = plansOf([a, b]);
  expect(send(plans, { model: "A" }, "one")).toBe("a");
  expect(send(plans, { model: "B" }, "other")).toBe("b");
  expect(send(plans, { v: 1 }, "one")).toBe("a");
  expect(send(plans, { v: 1 }, "other")).toBe("b");
  expect(send(plans, { v: 1 }, "third")).toBe("-");
  expect(send(plans, { v: 1 }, "one", "t/2")).toBe("-");
});

test("of a client that tells of two models, only what tells is decoded by either, until one told three times", () => {
  const plans = plansOf([a, b]);
  const sent = [{ model: "A" }, { model: "B" }, { v: 1 }, { model: "A" }, { v: 1 }];
  expect(sent.map((payload) => send(plans, payload))).toEqual(["a", "b", "-", "a", "-"]);
  for (let told = 0; told < 3; told += 1) expect(send(plans, { model: "B" })).toBe("b");
  expect(send(plans, { v: 1 })).toBe("b");
});

test("after three refusals in a row a client is looked at afresh, and two change nothing", () => {
  const plans = plansOf([a, b]);
  expect(send(plans, { model: "A" })).toBe("a");
  for (const _ of [1, 2]) expect(send(plans, "{")).toBe("a!");
  expect(send(plans, { v: 1 })).toBe("a");
  for (const _ of [1, 2, 3]) expect(send(plans, "21.5")).toBe("a!");
  expect(send(plans, "21.5")).toBe("-");
  expect(send(plans, { model: "B" })).toBe("b");
  expect(send(plans, { v: 1 })).toBe("b");
});

test("a client is known by its id, and what is not its own goes to the next route", () => {
  const shelly = profile("shelly", { clients: ["shelly-*"] });
  const wide = profile("wide", { match: ["#"] });
  const plans = plansOf([shelly, wide]);
  expect(send(plans, { v: 1 }, "shelly-1")).toBe("shelly");
  expect(send(plans, { v: 1 }, "other")).toBe("wide");
  expect(send(plans, { v: 1 }, "shelly-1")).toBe("shelly");
});

test("client and fingerprint have both to hold", () => {
  const both = profile("both", { clients: ["x-*"], fingerprint: model("A") });
  const plans = plansOf([both]);
  expect(send(plans, { model: "A" }, "y-1")).toBe("-");
  expect(send(plans, { v: 1 }, "x-1")).toBe("-");
  expect(send(plans, { model: "A" }, "x-1")).toBe("both");
});

test("the operator's routes come first, and nothing is asked behind them", () => {
  const plans = plansOf([a], [{ match: "t/1", codec: "json" }]);
  expect(send(plans, { model: "A" })).toBe("-");
  expect(send(plans, { model: "A" }, "c", "t/2")).toBe("a");
});

test("a topic of which the filter decides alone has one plan for all clients", () => {
  const plans = plansOf([profile("plain", {}), profile("asks", { match: ["u/#"], clients: ["x"] })]);
  const on = (clientId: string) =>
    plans.planOf({ topic: "t/1", clientId, bytes: Buffer.alloc(0), start: 0, end: 0 });
  expect(on("one")).toBe(on("other"));
  expect(plans.size).toBe(1);
});

test("strangers on many topics cost no more than the bound: what was met first is forgotten", () => {
  const plans = plansOf([a, b], [], 16);
  send(plans, { model: "A" }, "first", "t/first");
  for (let topic = 0; topic < 100; topic += 1) {
    send(plans, { model: "A" }, "stranger", `t/${topic}`);
    expect(plans.size).toBeLessThanOrEqual(16);
    expect([...plans.codecs()].length).toBeLessThanOrEqual(16);
  }
  expect(send(plans, { v: 1 }, "first", "t/first")).toBe("-");
});

test("strangers with many names cost no more than the bound, on whichever topics", () => {
  const plans = plansOf([a], [], 16);
  send(plans, { model: "A" }, "first", "t/first");
  for (let client = 0; client < 200; client += 1) send(plans, { model: "A" }, `client-${client}`, "t/2");
  expect(plans.size).toBeLessThanOrEqual(16);
  expect(send(plans, { v: 1 }, "first", "t/first")).toBe("-");
});

test("topics that are contested and those that are not leave each other room", () => {
  const plans = plansOf([a], [], 16);
  const bytes = Buffer.from("{}");
  const plainPlan = () => plans.planOf({ topic: "plain", clientId: "c", bytes, start: 0, end: 2 });
  const plain = plainPlan();
  for (let topic = 0; topic < 100; topic += 1) send(plans, { model: "A" }, "c", `t/${topic}`);
  expect(plainPlan()).toBe(plain);
});

test("on one topic the client that was met first is met anew when there are too many", () => {
  const plans = plansOf([a]);
  send(plans, { model: "A" }, "first");
  for (let client = 1; client < topicClientsMax; client += 1) send(plans, { v: 1 }, `client-${client}`);
  expect(send(plans, { v: 1 }, "first")).toBe("a");
  send(plans, { v: 1 }, "one too many");
  expect(send(plans, { v: 1 }, "first")).toBe("-");
});

test("topics in use are listed with their codecs, also where several decode", () => {
  const plans = plansOf([a]);
  send(plans, { model: "A" });
  send(plans, "5");
  send(plans, { model: "X" });
  expect(plans.codecs()).toEqual([
    { topic: "t/1", codec: "json", profile: "a" },
    { topic: "t/1", codec: "json" },
  ]);
  plans.clear();
  expect(plans.size).toBe(0);
});
