import { afterEach, expect, test } from "vitest";
import { hashToken, TokenBook } from "../../src/access/tokens.ts";
import { type ApiServer, openApiServer } from "../../src/api/server.ts";
import { AuditLog } from "../../src/core/access/audit-log.ts";
import type { TokenDefinition } from "../../src/core/access/definition.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";
import { MemoryCommander, MemoryReadModel, MemoryReplayer } from "./world.ts";

let server: ApiServer | undefined;
afterEach(() => server?.close());

const logger = new RememberingLogger();

function tokenOf(name: string, role: "read" | "operate"): TokenDefinition {
  return { name, sha256: hashToken(name), role, disabled: false };
}

async function answerOf(
  host: string,
  path: string,
  { authorization, withTokens = true }: { authorization?: string | undefined; withTokens?: boolean } = {},
): Promise<Response> {
  const readModel = new MemoryReadModel();
  const access = {
    tokens: new TokenBook([tokenOf("reader", "read"), tokenOf("operator", "operate")]),
    audit: new AuditLog(logger, { monotonicMs: () => 0 }),
  };
  server = await openApiServer({
    host,
    port: 0,
    readModel,
    commander: new MemoryCommander(readModel),
    replayer: new MemoryReplayer(),
    scrape: () => Promise.resolve({ contentType: "text/plain", text: "" }),
    logger,
    ...(withTokens ? { access } : {}),
    version: "0",
  });
  const headers = authorization === undefined ? {} : { authorization };
  return await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
}

test.each<readonly [host: string, authorization: string | undefined, status: number]>([
  ["127.0.0.1", undefined, 200],
  ["127.0.0.1", "Bearer reader", 200],
  ["127.0.0.1", "Bearer stranger", 401],
  ["0.0.0.0", undefined, 401],
  ["0.0.0.0", "Bearer reader", 200],
  ["0.0.0.0", "bearer operator", 200],
  ["0.0.0.0", "Bearer stranger", 401],
  ["0.0.0.0", "Bearer reader, operator", 401],
  ["0.0.0.0", "Basic cmVhZGVyOg==", 401],
  ["0.0.0.0", "Bearer", 401],
])("bound to %s, a request with %s is answered with %i", async (host, authorization, status) => {
  const answer = await answerOf(host, "/api/v1/status", { authorization });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="holdfast"' : null);
});

test.each<readonly [host: string, path: string, status: number]>([
  ["0.0.0.0", "/metrics", 401],
  ["0.0.0.0", "/healthz", 200],
  ["127.0.0.1", "/metrics", 200],
])("where there are no tokens, %s answers %s with %i", async (host, path, status) => {
  const answer = await answerOf(host, path, { authorization: "Bearer reader", withTokens: false });
  expect(answer.status).toBe(status);
});

test("the log tells of a refused token, and does not hold it", async () => {
  await answerOf("0.0.0.0", "/metrics", { authorization: "Bearer canary" });
  const audit = logger.lines.filter(({ fields }) => fields["action"] === "token-refused");
  expect(audit.length).toBeGreaterThan(0);
  expect(JSON.stringify(logger.lines)).not.toContain("canary");
});
