import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import { AppError } from "../../src/core/errors.ts";
import { MemoryReadModel, MemoryReplayer, openMemoryApi } from "./world.ts";

let server: ApiServer;
let readModel: MemoryReadModel;
let replayer: MemoryReplayer;

beforeEach(async () => {
  readModel = new MemoryReadModel();
  replayer = new MemoryReplayer();
  server = await openMemoryApi(readModel, { replayer });
});
afterEach(() => server.close());

async function post(body: string | undefined): Promise<{ status: number; answer: Record<string, unknown> }> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/dead-letters/replay`, {
    method: "POST",
    ...(body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } }),
  });
  return { status: answer.status, answer: JSON.parse(await answer.text()) };
}

test("a replay is asked for as the body says, and its report is the answer", async () => {
  const body = { topic: "plant/+/x", cause: "malformed", dryRun: true };
  expect(await post(JSON.stringify(body))).toEqual({
    status: 200,
    answer: { ...replayer.report, dryRun: true },
  });
  expect(replayer.requests).toEqual([body]);
});

test("without a body every kept letter is replayed", async () => {
  expect((await post(undefined)).status).toBe(200);
  expect(replayer.requests).toEqual([{ dryRun: false }]);
});

test.each([
  ['{"topic":"a/#/b"}', "#/topic", "is not a topic filter"],
  ['{"topic":7}', "#/topic", "is not a text"],
  ['{"cause":"broken"}', "#/cause", "the causes are malformed, undetected"],
  ['{"dryRun":"yes"}', "#/dryRun", "is neither true nor false"],
  ['{"dry":true}', "#/dry", "is not known here"],
  ["[]", "#", "is not a JSON object"],
])("the body %s is refused, and nothing is replayed", async (body, pointer, detail) => {
  const { status, answer } = await post(body);
  expect({ status, errors: answer["errors"] }).toEqual({
    status: 400,
    errors: [{ pointer, detail: expect.stringContaining(detail) }],
  });
  expect(replayer.requests).toEqual([]);
});

test("while the store cannot write nothing is replayed, but a dry run still tells", async () => {
  readModel.storeReady = false;
  expect((await post("{}")).status).toBe(503);
  expect((await post('{"dryRun":true}')).status).toBe(200);
  readModel.storeReady = true;
  replayer.failure = new AppError("STORE_FAILED", "transient", "the disk refused");
  expect((await post("{}")).status).toBe(503);
});
