import { expect, test } from "vitest";
import { parseRoutes, type RouteDefinition } from "../../src/ingest/routes.ts";
import type { PlanSpec } from "../../src/core/decode.ts";

function specOf(routes: readonly RouteDefinition[], topic: string): PlanSpec {
  const result = parseRoutes(routes);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const specs = result.value.specsOf(topic);
  expect(specs).toHaveLength(1);
  return specs[0]!;
}

test("a topic without a route is decoded by detection", () => {
  expect(specOf([], "a/b")).toStrictEqual({ topic: "a/b", codec: "auto" });
  expect(specOf([{ match: "x" }], "a/b")).toStrictEqual({ topic: "a/b", codec: "auto" });
});

test("levels are counted from 0, so that {2} of plant/+/+/telemetry is the machine", () => {
  const route = { match: "plant/+/+/telemetry", codec: "json", device: "{2}", time: "ts" };
  expect(specOf([route], "plant/line1/press-7/telemetry")).toStrictEqual({
    topic: "plant/line1/press-7/telemetry",
    codec: "json",
    device: "press-7",
    time: "ts",
  });
});

test("the first route that matches wins", () => {
  const routes = [
    { match: "a/b", codec: "cbor" },
    { match: "a/#", codec: "scalar" },
    { match: "#", codec: "json" },
  ];
  expect(specOf(routes, "a/b").codec).toBe("cbor");
  expect(specOf(routes, "a/c").codec).toBe("scalar");
  expect(specOf(routes, "a").codec).toBe("scalar");
  expect(specOf(routes, "b").codec).toBe("json");
});

test("templates mix levels and text, and everything a route says is passed on", () => {
  const route = {
    match: "a/+/+",
    device: "{1}-{0}!",
    metric: "m.{2}",
    unit: "{2}",
    root: "values",
    decimalComma: true,
  };
  expect(specOf([route], "a/b/__proto__")).toStrictEqual({
    topic: "a/b/__proto__",
    codec: "auto",
    device: "b-a!",
    metric: "m.__proto__",
    unit: "__proto__",
    root: "values",
    decimalComma: true,
  });
});

test("a topic that is too short for a route's templates goes on to the next route", () => {
  const routes = [
    { match: "a/#", codec: "json", device: "{2}" },
    { match: "#", codec: "scalar" },
  ];
  expect(specOf(routes, "a/b/c").device).toBe("c");
  expect(specOf(routes, "a/b")).toStrictEqual({ topic: "a/b", codec: "scalar" });
});

const refused: readonly [route: RouteDefinition, code: string, pointer: string][] = [
  [{ match: "" }, "ROUTE_MATCH", "match"],
  [{ match: "a/#/b" }, "ROUTE_MATCH", "match"],
  [{ match: "a#" }, "ROUTE_MATCH", "match"],
  [{ match: "a+/b" }, "ROUTE_MATCH", "match"],
  [{ match: "a", codec: "xml" }, "ROUTE_CODEC", "codec"],
  [{ match: "a", codec: "constructor" }, "ROUTE_CODEC", "codec"],
  [{ match: "a/b", device: "{2}" }, "ROUTE_TEMPLATE", "device"],
  [{ match: "a/b", device: "" }, "ROUTE_TEMPLATE", "device"],
  [{ match: "a/b", metric: "{x}" }, "ROUTE_TEMPLATE", "metric"],
  [{ match: "a/b", metric: "{1" }, "ROUTE_TEMPLATE", "metric"],
  [{ match: "a/b", unit: "1}" }, "ROUTE_TEMPLATE", "unit"],
  [{ match: "a", time: "" }, "ROUTE_NAME", "time"],
  [{ match: "a", root: "" }, "ROUTE_NAME", "root"],
];

test.each(refused)("the route %j is refused with %s at its %s", (route, code, key) => {
  const result = parseRoutes([{ match: "ok" }, route]);
  expect(result).toMatchObject({ ok: false, problems: [{ code, pointer: `/ingest/routes/1/${key}` }] });
});

test("all problems are reported at once", () => {
  const result = parseRoutes([{ match: "a#", codec: "xml", device: "{" }, { match: "" }]);
  expect(result.ok ? [] : result.problems.map(({ pointer }) => pointer)).toStrictEqual([
    "/ingest/routes/0/match",
    "/ingest/routes/0/codec",
    "/ingest/routes/0/device",
    "/ingest/routes/1/match",
  ]);
});
