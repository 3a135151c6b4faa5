import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import { AppError } from "../../src/core/errors.ts";
import { hashOf } from "../../src/core/rule/hash.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";
import { ruleOf } from "../support/records.ts";
import { alertOf, exchange, MemoryCommander, MemoryReadModel, openMemoryApi } from "./world.ts";

const firing = hashOf("warm");
const pending = hashOf("door");
const resolved = hashOf("hum");

let server: ApiServer;
let readModel: MemoryReadModel;
let commander: MemoryCommander;

beforeEach(async () => {
  readModel = new MemoryReadModel();
  readModel.ruleList = [ruleOf({ id: "warm" }), ruleOf({ id: "all", groupBy: [] })];
  commander = new MemoryCommander(readModel);
  server = await openMemoryApi(readModel, { commander, logger: new RememberingLogger() });
});
afterEach(() => server.close());

function post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: "POST",
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

async function shown(id: string): Promise<any> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/alerts`);
  const { alerts } = JSON.parse(await answer.text());
  return alerts.find((alert: any) => alert.id === id);
}

test.each(["firing", "no-data", "flapping"] as const)(
  "acknowledging an alert that is %s answers with it as it stands in the list",
  async (state) => {
    readModel.alertList = [alertOf("warm", state)];
    const answer = await post(`/api/v1/alerts/${firing}/ack`, { by: "ada", reason: "on my way" });
    expect(answer.status).toBe(200);
    const alert: any = await answer.json();
    expect(alert).toMatchObject({ id: firing, acknowledged: true, acknowledgedBy: "ada" });
    expect(alert).toEqual(await shown(firing));
    expect(commander.commands).toEqual([
      { kind: "acknowledge", target: { alert: firing }, by: "ada", reason: "on my way" },
    ]);
  },
);

test("without a body it is said by http, for no reason", async () => {
  expect((await post(`/api/v1/alerts/${firing}/ack`)).status).toBe(200);
  expect(commander.commands).toMatchObject([{ by: "http", reason: "" }]);
});

test("an acknowledgement is taken back with undo", async () => {
  await post(`/api/v1/alerts/${firing}/ack`);
  const answer = await post(`/api/v1/alerts/${firing}/ack`, { undo: true });
  expect(await answer.json()).toMatchObject({ acknowledged: false, acknowledgedBy: null });
  expect(commander.commands.at(-1)).toMatchObject({ kind: "unacknowledge", target: { alert: firing } });
});

test.each([
  ["pending", pending, "is pending"],
  ["at rest", resolved, "is resolved"],
])("an alert that is %s gives nothing to acknowledge, and nothing is logged", async (_name, id, said) => {
  const answer = await post(`/api/v1/alerts/${id}/ack`);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ status: 409, detail: expect.stringContaining(said) });
  expect(commander.commands).toEqual([]);
});

test("what was found out about the past gives nothing to acknowledge", async () => {
  readModel.alertList = [alertOf("warm", "firing", { historical: true })];
  expect((await post(`/api/v1/alerts/${firing}/ack`)).status).toBe(409);
});

test.each([
  ["came to rest", alertOf("warm", "resolved", { id: firing })],
  ["began a new episode", alertOf("warm", "firing", { id: "00000000000000bb" })],
])("an alert that %s before the command was logged is not told to be acknowledged", async (_name, after) => {
  commander.meanwhile = () => {
    readModel.alertList = [after];
  };
  expect((await post(`/api/v1/alerts/${firing}/ack`)).status).toBe(409);
});

test.each([
  ["firing", firing, "warm"],
  ["pending", pending, "door"],
  ["at rest", resolved, "hum"],
])(
  "an alert that is %s is shelved by its rule and key, and taken from the shelf",
  async (_name, id, rule) => {
    const shelved = await post(`/api/v1/alerts/${id}/shelve`, { for: "2h", by: "ada" });
    expect(await shelved.json()).toMatchObject({ id, shelvedUntil: 1_762_007_260_000 });
    const back = await post(`/api/v1/alerts/${id}/shelve`, { undo: true });
    expect(await back.json()).toMatchObject({ id, shelvedUntil: null });
    const target = { rule, key: { device: "fridge-1" } };
    expect(commander.commands).toEqual([
      { kind: "shelve", target, forMs: 7_200_000, by: "ada", reason: "" },
      { kind: "unshelve", target, by: "http", reason: "" },
    ]);
  },
);

test("an alert is shelved by rule and key, without an id", async () => {
  const answer = await post("/api/v1/rules/warm/shelve", { key: { device: "fridge-1" }, for: "30d" });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ rule: "warm", shelvedUntil: expect.any(Number) });
});

test("a rule that does not group has one alert, of the empty key", async () => {
  readModel.alertList = [alertOf("all", "ok", { key: {} })];
  expect((await post("/api/v1/rules/all/shelve", { for: "1h" })).status).toBe(200);
});

test("an alert whose rule is no longer in force is not told to be shelved", async () => {
  commander.meanwhile = () => {
    readModel.alertList = [alertOf("hum", "resolved")];
  };
  expect((await post(`/api/v1/alerts/${resolved}/shelve`, { for: "1h" })).status).toBe(409);
});

test.each([
  ["/api/v1/alerts/0000000000000000/ack", {}],
  ["/api/v1/alerts/0000000000000000/shelve", { for: "1h" }],
  ["/api/v1/alerts/__proto__/ack", {}],
  ["/api/v1/alerts//ack", {}],
  [`/api/v1/alerts/${firing}/ack/`, {}],
  [`/api/v1/alerts/${firing}`, {}],
  ["/api/v1/rules/unknown/shelve", { key: { device: "fridge-1" }, for: "1h" }],
  ["/api/v1/rules/warm/shelve", { key: { device: "fridge-9" }, for: "1h" }],
])("%s is answered 404", async (path, body) => {
  const answer = await post(path, body);
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

const long = "x".repeat(129);
test.each([
  ["ack", { by: 7 }, ["#/by"]],
  ["ack", { by: " " }, ["#/by"]],
  ["ack", { by: long }, ["#/by"]],
  ["ack", '{"by":"\\ud800"}', ["#/by"]],
  ["ack", { reason: "x".repeat(1_025) }, ["#/reason"]],
  ["ack", { undo: "yes" }, ["#/undo"]],
  ["ack", { for: "2h" }, ["#/for"]],
  ["ack", { by: null, "a/b": 1 }, ["#/a~1b", "#/by"]],
  ["ack", '{"__proto__":{"undo":true}}', ["#/__proto__"]],
  ["ack", [], ["#"]],
  ["ack", "null", ["#"]],
  ["ack", "{", ["#"]],
  ["shelve", {}, ["#/for"]],
  ["shelve", { for: 7200 }, ["#/for"]],
  ["shelve", { for: "1.5h" }, ["#/for"]],
  ["shelve", { for: "999ms" }, ["#/for"]],
  ["shelve", { for: "30d1s" }, ["#/for"]],
  ["shelve", { for: "2h", undo: true }, ["#/for"]],
  ["shelve", { for: "2h", key: {} }, ["#/key"]],
])("%s with %j is answered 400 with each member that is wrong", async (command, body, pointers) => {
  const answer = await post(`/api/v1/alerts/${firing}/${command}`, body);
  expect(answer.status).toBe(400);
  const { errors }: any = await answer.json();
  expect(errors.map((error: any) => error.pointer)).toEqual(pointers);
  expect(commander.commands).toEqual([]);
});

test.each([
  [undefined],
  [{}],
  ["fridge-1"],
  [{ device: 1 }],
  [{ device: "" }],
  [{ device: long }],
  [{ site: "north" }],
  [{ device: "fridge-1", site: "north" }],
  [["fridge-1"]],
])("the key %j does not fit the rule", async (key) => {
  const answer = await post("/api/v1/rules/warm/shelve", { key, for: "1h" });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ pointer: "#/key" }] });
});

test("the longest name and reason are taken, in any alphabet", async () => {
  const body = { by: "ж".repeat(128), reason: "警".repeat(1_024) };
  expect((await post(`/api/v1/alerts/${firing}/ack`, body)).status).toBe(200);
  expect(commander.commands).toMatchObject([body]);
});

test.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])("%s is refused with Allow: POST", async (method) => {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/alerts/${firing}/ack`, { method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("POST");
});

/** One request as it goes over the wire. */
function sent(headers: readonly string[], body = ""): Promise<string> {
  const lines = [`POST /api/v1/alerts/${firing}/ack HTTP/1.1`, "Connection: close", ...headers, "", body];
  return exchange(server.port, lines.join("\r\n"));
}

test.each([
  ["http://localhost:8080", 200],
  ["HTTP://LOCALHOST:8080", 200],
  ["https://localhost:8080", 200],
  ["http://localhost:8081", 403],
  ["http://localhost", 403],
  ["http://127.0.0.1:8080", 403],
  ["http://evil.example", 403],
  ["http://evil.example//localhost:8080", 403],
  ["file://localhost:8080", 403],
  ["null", 403],
  ["", 403],
])("a page of the origin %s that asks localhost:8080 is answered %i", async (origin, status) => {
  const answer = await sent(["Host: localhost:8080", `Origin: ${origin}`]);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(commander.commands).toHaveLength(status === 200 ? 1 : 0);
});

test("a request under another name is refused", async () => {
  expect(await sent(["Host: evil.example"])).toMatch(/^HTTP\/1.1 421 /);
  expect(commander.commands).toEqual([]);
});

test.each([
  ["no type", ["Content-Length: 2"], "{}"],
  ["the type of a form", ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"], ""],
  ["plain text", ["Content-Type: text/plain", "Content-Length: 2"], "{}"],
  ["a type that only begins like JSON", ["Content-Type: application/json5", "Content-Length: 2"], "{}"],
  ["compression", ["Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 2"], "{}"],
])("a body with %s is answered 415", async (_name, headers, body) => {
  expect(await sent(["Host: localhost", ...headers], body)).toMatch(/^HTTP\/1.1 415 /);
  expect(commander.commands).toEqual([]);
});

const json = ["Host: localhost", "Content-Type: application/json; charset=utf-8"];
const chunk = `a00\r\n${" ".repeat(0xa00)}\r\n`;

test.each([
  ["a length", ["Content-Length: 4097"], ""],
  ["an expectation", ["Content-Length: 4097", "Expect: 100-continue"], ""],
  ["chunks", ["Transfer-Encoding: chunked"], `${chunk}${chunk}`],
])("a body beyond 4 KiB, by %s, is answered 413 and the connection closed", async (_name, headers, body) => {
  expect(await sent([...json, ...headers], body)).toMatch(/^HTTP\/1.1 413 /);
  expect(commander.commands).toEqual([]);
});

test.each([
  ["with a length", ["Content-Length: 12"], '{"by":"ada"}'],
  ["in chunks", ["Transfer-Encoding: chunked"], '5\r\n{"by"\r\n7\r\n:"ada"}\r\n0\r\n\r\n'],
])("a body %s is read", async (_name, headers, body) => {
  expect(await sent([...json, ...headers], body)).toMatch(/^HTTP\/1.1 200 /);
  expect(commander.commands).toMatchObject([{ by: "ada" }]);
});

test("a client that waits to be asked for its body is asked", async () => {
  const answer = await sent([...json, "Content-Length: 12", "Expect: 100-continue"], '{"by":"ada"}');
  expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
});

test("bytes that are no UTF-8 are answered 400", async () => {
  const body = new Uint8Array([0x7b, 0xff, 0x7d]);
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/alerts/${firing}/ack`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
  expect(answer.status).toBe(400);
});

test("a body that does not come in time is answered 408, and the connection closed", async () => {
  expect(await sent([...json, "Content-Length: 12"], "{}")).toMatch(/^HTTP\/1.1 408 /);
  expect(commander.commands).toEqual([]);
});

test("a client that leaves in the middle of its body commands nothing", async () => {
  const socket = connect(server.port, "127.0.0.1");
  const head = [`POST /api/v1/alerts/${firing}/ack HTTP/1.1`, ...json, "Content-Length: 12", "", "{}"];
  await new Promise<void>((resolve) => {
    socket.write(head.join("\r\n"), () => resolve());
  });
  socket.destroy();
  await server.close();
  expect(commander.commands).toEqual([]);
});

test("a query is refused", async () => {
  const answer = await post(`/api/v1/alerts/${firing}/ack?undo=true`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ parameter: "undo" });
});

test("while the store cannot write, a command is answered 503 and not handed on", async () => {
  readModel.storeReady = false;
  expect((await post(`/api/v1/alerts/${firing}/ack`)).status).toBe(503);
  expect(commander.commands).toEqual([]);
});

test("a command that the store refused is answered 503, any other failure 500", async () => {
  commander.command = () => Promise.reject(new AppError("STORE_FAILED", "transient", "The disk is full."));
  expect((await post(`/api/v1/alerts/${firing}/ack`)).status).toBe(503);
  commander.command = () => Promise.reject(new Error("secret inner reason"));
  const answer = await post(`/api/v1/alerts/${firing}/ack`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("secret");
});

test("the document describes what is sent and what comes back", async () => {
  const answer = await fetch(`http://127.0.0.1:${server.port}/openapi.json`);
  const { paths } = JSON.parse(await answer.text());
  const { post: operation } = paths["/api/v1/alerts/{id}/shelve"];
  expect(operation.operationId).toBe("alerts-id-shelve");
  expect(operation.parameters).toMatchObject([{ in: "path", name: "id", required: true }]);
  const { schema } = operation.requestBody.content["application/json"];
  expect(Object.keys(schema.properties)).toEqual(["for", "by", "reason", "undo"]);
  const described = operation.responses[200].content["application/json; charset=utf-8"].schema;
  const alert: any = await (await post(`/api/v1/alerts/${firing}/shelve`, { for: "1h" })).json();
  expect(Object.keys(alert).toSorted()).toEqual(Object.keys(described.properties).toSorted());
  expect(described.required.toSorted()).toEqual(Object.keys(alert).toSorted());
});
