import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ApiServer, openApiServer } from "../../src/api/server.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";
import { exchange, MemoryCommander, MemoryReplayer, MemoryReadModel } from "./world.ts";

let server: ApiServer;
let readModel: MemoryReadModel;
let logger: RememberingLogger;

beforeEach(async () => {
  readModel = new MemoryReadModel();
  logger = new RememberingLogger();
  server = await openApiServer({
    host: "127.0.0.1",
    port: 0,
    readModel,
    commander: new MemoryCommander(readModel),
    replayer: new MemoryReplayer(),
    scrape: () =>
      Promise.resolve({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "up 1\n" }),
    logger,
    version: "1.2.3",
  });
});
afterEach(() => server.close());

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

async function json(path: string): Promise<any> {
  return (await get(path)).json();
}

test("every path of the API document that reads answers, with a described status and content type", async () => {
  const document = await json("/openapi.json");
  expect(document).toMatchObject({ openapi: "3.1.1", info: { version: "1.2.3" } });
  expect(Object.keys(document.paths)).toEqual([
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/status",
    "/api/v1/ledger",
    "/api/v1/samples",
    "/api/v1/alerts",
    "/api/v1/rules",
    "/api/v1/devices",
    "/api/v1/topics",
    "/api/v1/profiles",
    "/api/v1/dead-letters",
    "/api/v1/upstreams",
    "/api/v1/bridges",
    "/openapi.json",
    "/api/v1/alerts/{id}/ack",
    "/api/v1/alerts/{id}/shelve",
    "/api/v1/rules/{rule}/shelve",
    "/api/v1/devices/describe",
    "/api/v1/devices/remove",
    "/api/v1/dead-letters/replay",
  ]);
  const reads = Object.keys(document.paths).filter((path) => "get" in document.paths[path]);
  const answers = await Promise.all(
    reads.map(async (path) => {
      const response = await get(askedOf(document, path));
      const described = document.paths[path].get.responses[response.status];
      return [path, Object.keys(described.content).includes(response.headers.get("content-type") ?? "")];
    }),
  );
  expect(answers.filter(([, matches]) => !matches)).toEqual([]);
});

test("every answer carries the properties that its schema demands", async () => {
  const document = await json("/openapi.json");
  const missing = await Promise.all(
    Object.entries<any>(document.paths).map(async ([path, { get: operation }]) => {
      if (operation === undefined) return [];
      const { content } = operation.responses[200];
      const schema = content["application/json; charset=utf-8"]?.schema;
      if (schema === undefined) return [];
      return missingIn(schema, await json(askedOf(document, path)), path);
    }),
  );
  expect(missing.flat()).toEqual([]);
});

/** A path with the parameters without which nothing is answered. */
function askedOf(document: any, path: string): string {
  const required = document.paths[path].get.parameters.filter((parameter: any) => parameter.required);
  const query = required.map(({ name, schema }: any) => `${name}=${schema.examples[0]}`);
  return required.length === 0 ? path : `${path}?${query.join("&")}`;
}

function missingIn(schema: any, value: any, at: string): string[] {
  if (schema.type === "array") return value.flatMap((item: any) => missingIn(schema.items, item, `${at}[]`));
  if (schema.type !== "object") return [];
  const absent = (schema.required ?? [])
    .filter((name: string) => !(name in value))
    .map((name: string) => `${at}.${name}`);
  const inner = Object.entries(value).flatMap(([name, one]) =>
    missingIn(schema.properties?.[name] ?? schema.additionalProperties ?? {}, one, `${at}.${name}`),
  );
  return [...absent, ...inner];
}

test("the ledger has the shape of the contract", async () => {
  expect(await json("/api/v1/ledger")).toEqual({
    received: 10,
    stored: 7,
    rejected: { malformed: 2 },
    dropped: { duplicate: 1 },
    recovered: {},
    samples: { decoded: 16, stored: 14, duplicate: 2, suppressed: 0, late: 0, corrected: 0 },
    streams: {
      alerts: { length: 9, evicted: 0, upstreams: { cloud: { acked: 5, pending: 4, evicted: 0 } } },
    },
    balanced: true,
  });
});

test("readiness is 503 with the reason while a part is not ready", async () => {
  expect((await get("/readyz")).status).toBe(200);
  readModel.storeReady = false;
  const response = await get("/readyz");
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    ready: false,
    store: { ready: false, detail: "The disk is full." },
  });
});

test("alerts are chosen by one state or several", async () => {
  expect((await json("/api/v1/alerts")).alerts).toHaveLength(3);
  expect((await json("/api/v1/alerts?state=firing")).alerts.map((alert: any) => alert.rule)).toEqual([
    "warm",
  ]);
  expect((await json("/api/v1/alerts?state=firing,pending")).alerts).toHaveLength(2);
  expect((await json("/api/v1/alerts?state=ok")).alerts).toEqual([]);
});

test("dead letters keep every byte, as base64, newest first", async () => {
  const { deadLetters } = await json("/api/v1/dead-letters");
  expect(deadLetters.map((letter: any) => letter.at)).toEqual([2, 1]);
  expect([...Buffer.from(deadLetters[0].bytes, "base64")]).toEqual([0x7b, 0xff, 0, 2]);
  expect((await json("/api/v1/dead-letters?limit=1")).deadLetters).toHaveLength(1);
});

test.each([
  ["/nothing", 404, {}],
  ["/api/v1/../../etc/passwd", 404, {}],
  ["/api/v1/alerts/", 404, {}],
  ["/__proto__", 404, {}],
  ["/api/v1/alerts?state=burning", 400, { parameter: "state" }],
  ["/api/v1/alerts?state=", 400, { parameter: "state" }],
  ["/api/v1/alerts?state=firing&state=ok", 400, { parameter: "state" }],
  ["/api/v1/alerts?stat=firing", 400, { parameter: "stat" }],
  ["/api/v1/status?__proto__=1", 400, { parameter: "__proto__" }],
  ["/api/v1/dead-letters?limit=0", 400, { parameter: "limit" }],
  ["/api/v1/dead-letters?limit=1001", 400, { parameter: "limit" }],
  ["/api/v1/dead-letters?limit=1e2", 400, { parameter: "limit" }],
  [`/${"x".repeat(3000)}`, 414, {}],
])("%s is refused as a problem document", async (path, status, fields) => {
  const answer = await exchange(
    server.port,
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain("Content-Type: application/problem+json\r\n");
  const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
  expect(body).toMatchObject({ type: "about:blank", status, title: expect.any(String), ...fields });
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is refused with Allow", async (method) => {
  const response = await get("/api/v1/status", { method });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
  expect(response.headers.get("content-type")).toBe("application/problem+json");
});

test("HEAD answers with the headers of GET and no body", async () => {
  const head = await get("/api/v1/ledger", { method: "HEAD" });
  const full = await get("/api/v1/ledger");
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  expect(head.headers.get("content-length")).toBe(String((await full.arrayBuffer()).byteLength));
});

test.each(["/healthz", "/nothing"])("%s carries the security headers", async (path) => {
  const { headers } = await get(path);
  expect(headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("cache-control")).toBe("no-store");
});

test.each([
  ["localhost", 200],
  ["LOCALHOST:1", 200],
  ["127.0.0.1:8080", 200],
  ["[::1]:8080", 200],
  ["evil.example", 421],
  ["localhost.evil.example", 421],
  ["127.0.0.1.evil.example:8080", 421],
  ["127.0.0.1@evil.example", 421],
  ["", 421],
])("a request to loopback under the name %s is answered %i", async (host, status) => {
  const answer = await exchange(
    server.port,
    `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test.each([
  ["a length", "Content-Length: 5\r\n\r\nhello"],
  ["chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
  ["an expectation", "Content-Length: 999999999\r\nExpect: 100-continue\r\n\r\n"],
])("a body announced by %s is refused and the connection closed", async (_name, rest) => {
  const answer = await exchange(server.port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${rest}`);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
});

test.each([
  ["bytes that are not HTTP", "\x16\x03\x01 hello\r\n\r\n", 400],
  ["headers beyond the bound", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(9000)}\r\n\r\n`, 431],
])("%s get an answer and lose the connection", async (_name, text, status) => {
  const answer = await exchange(server.port, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain("application/problem+json");
});

test("a failure inside is logged, and answered without its reason", async () => {
  readModel.failing = true;
  const response = await get("/api/v1/status");
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret inner reason");
  expect(logger.lines).toMatchObject([
    { level: "error", fields: { event: "api-failed", error: "secret inner reason" } },
  ]);
});

test("connections beyond a hundred are closed, and the others keep being served", async () => {
  const sockets: Socket[] = [];
  let closed = 0;
  const opened = Array.from(
    { length: 130 },
    () =>
      new Promise<void>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", resolve);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          closed += 1;
        });
        socket.resume();
        sockets.push(socket);
      }),
  );
  await Promise.all(opened);
  await expect.poll(() => closed).toBe(30);
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await get("/healthz").catch(() => undefined))?.status).toBe(200);
});

test("an address in use is an operator's problem with a hint", async () => {
  const second = openApiServer({
    host: "127.0.0.1",
    port: server.port,
    readModel,
    commander: new MemoryCommander(readModel),
    replayer: new MemoryReplayer(),
    scrape: () => Promise.reject(new Error("not asked for")),
    logger,
    version: "1.2.3",
  });
  await expect(second).rejects.toMatchObject({ code: "API_LISTEN", kind: "operator", hint: /http\.port/ });
});

test("close ends although a client holds a connection open", async () => {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half:");
  const started = performance.now();
  await server.close();
  expect(performance.now() - started).toBeLessThan(3_000);
  socket.destroy();
});
