import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import mqtt from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import type { Sample } from "../../src/core/read-model.ts";
import { MemoryReadModel, MemoryReplayer, openMemoryApi } from "../api/world.ts";
import { startGateway } from "../support/gateway-process.ts";
import { readStoreContents } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";
import { holdfast } from "./holdfast.ts";
import { holdfastInProcess } from "./in-process.ts";

let server: ApiServer;
let replayer: MemoryReplayer;

beforeEach(async () => {
  const readModel = new MemoryReadModel();
  replayer = new MemoryReplayer();
  server = await openMemoryApi(readModel, { replayer });
});
afterEach(() => server.close());

function replay(...words: string[]): ReturnType<typeof holdfastInProcess> {
  const url = `http://127.0.0.1:${server.port}`;
  return holdfastInProcess(["ingest", "replay-dead-letters", "--url", url, ...words], tmpdir());
}

test("what has become of the letters is shown as a table", async () => {
  const { code, out, err } = await replay("--topic", "plant/#", "--cause", "malformed");
  expect(replayer.requests).toEqual([{ topic: "plant/#", cause: "malformed", dryRun: false }]);
  expect(code).toBe(0);
  expect(out.split("\n").map((line) => line.trimEnd().replaceAll(/ {2,}/g, " | "))).toEqual([
    "outcome | letters | for example",
    "recovered | 1,200",
    "still refused: malformed | 2 | plant/x | Expected a value at byte 3.",
    "kept only in part | 1 | cannot be decoded",
    "",
  ]);
  expect(err).toBe("1,203 examined. The rest is as it was.\n");
});

test("a dry run says that nothing has changed", async () => {
  const { out, err } = await replay("--dry-run");
  expect(replayer.requests).toEqual([{ dryRun: true }]);
  expect(out).toContain("would be recovered");
  expect(err).toBe("1,203 examined. This was a dry run: nothing has changed.\n");
});

test("where there are no such letters, that is said", async () => {
  replayer.report = { ...replayer.report, examined: 0, recovered: 0, cut: 0, refused: {} };
  expect(await replay()).toMatchObject({ code: 0, out: "", err: "There are no such dead letters.\n" });
});

test("for programs the answer is given as it is", async () => {
  expect(JSON.parse((await replay("--json")).out)).toEqual(replayer.report);
});

test("a cause that is none, and a filter that is none, are refused", async () => {
  expect(await replay("--cause", "broken")).toMatchObject({ code: 2, out: "" });
  const { code, err } = await replay("--topic", "a/#/b");
  expect(code).toBe(1);
  expect(err).toContain('"topic" is not a topic filter.');
});

test("payloads that a wrong route refused are samples once the route is right, and after a kill too", async () => {
  await using directory = await temporaryDirectory("replay");
  const wrong = { ingest: { routes: [{ match: "plant/#", codec: "cbor" }] } };
  await using gateway = await startGateway({ directory: directory.path, config: wrong });
  const client = await mqtt.connectAsync(gateway.url);
  const before = Date.now();
  for (const value of [1, 2, 3]) await client.publishAsync("plant/a", `{"t":${value}}`, { qos: 1 });
  await client.publishAsync("plant/b", "{", { qos: 1 });
  await client.endAsync();
  const config = await readFile(gateway.configFile, "utf8");
  await writeFile(gateway.configFile, config.replace('"cbor"', '"json"'));
  gateway.signal("SIGHUP");
  await until("the route is right", () => gateway.log.some(({ event }) => event === "reloaded"));
  const ran = await holdfast(
    ["ingest", "replay-dead-letters", "--config", gateway.configFile, "--json"],
    tmpdir(),
  );
  expect(JSON.parse(ran.out)).toMatchObject({
    examined: 4,
    recovered: 3,
    cut: 0,
    refused: { malformed: { count: 1 } },
  });
  await gateway.kill();
  await gateway.start();
  expect(await gateway.deadLetters()).toHaveLength(1);
  const { samples } = await gateway.get<{ samples: Sample[] }>("/api/v1/samples?device=plant/a");
  expect(samples.map(({ value, historical }) => [value, historical])).toEqual([
    [1, true],
    [2, true],
    [3, true],
  ]);
  expect(samples[0]!.at).toBeGreaterThanOrEqual(before);
  expect(await gateway.ledger()).toMatchObject({
    received: 4,
    stored: 3,
    rejected: { malformed: 1 },
    balanced: true,
  });
  await gateway.stop();
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(contents).toMatchObject({ findings: [], gaps: [], differences: 0 });
});
