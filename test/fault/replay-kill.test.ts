/** Kills during a replay of dead letters: each letter is kept or stored, never both and never neither. */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import type { Sample } from "../../src/core/read-model.ts";
import { startGateway } from "../support/gateway-process.ts";
import { readStoreContents } from "../support/store-contents.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { isLongRun } from "./fleet.ts";

const letterCount = 400;
/** How long after the request the gateway is killed, in milliseconds: before, during and behind its commits. */
const instants = isLongRun ? Array.from({ length: 40 }, (_, index) => index * 3) : [10, 50, 60];

test("a gateway that is killed during a replay has every dead letter either kept or stored", {
  timeout: instants.length * 8_000 + 20_000,
}, async () => {
  await using directory = await temporaryDirectory("replay-kill");
  const wrong = { ingest: { routes: [{ match: "plant/#", codec: "cbor" }] } };
  await using gateway = await startGateway({ directory: directory.path, config: wrong });
  const client = await mqtt.connectAsync(gateway.url);
  // So long that a replay takes several commits.
  const padding = " ".repeat(3_000);
  const sent = Array.from({ length: letterCount }, (_, index) =>
    client.publishAsync("plant/a", `{"t":${index}${padding}}`, { qos: 1 }),
  );
  await Promise.all(sent);
  await client.endAsync();
  await gateway.stop();
  const config = await readFile(gateway.configFile, "utf8");
  await writeFile(gateway.configFile, config.replace('"cbor"', '"json"'));
  const left: number[] = [];
  for (const afterMs of instants) {
    await gateway.start();
    const url = `http://127.0.0.1:${gateway.httpPort}/api/v1/dead-letters/replay`;
    const asked = fetch(url, { method: "POST" }).catch(() => undefined);
    await pause(afterMs);
    await gateway.kill();
    await asked;
    await gateway.start();
    const letters = await gateway.deadLetters();
    left.push(letters.length);
    const path = `/api/v1/samples?device=plant/a&limit=${letterCount + 1}`;
    const samples =
      letters.length === letterCount ? [] : (await gateway.get<{ samples: Sample[] }>(path)).samples;
    const values = samples.map(({ value }) => Number(value));
    const numbers = letters.map(({ number }) => number - 1);
    expect([...values, ...numbers].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: letterCount }, (_, index) => index),
    );
    expect(await gateway.ledger()).toMatchObject({
      received: letterCount,
      stored: samples.length,
      rejected: { "too-large": letters.length },
      balanced: true,
    });
    await gateway.stop();
  }
  console.info(`letters left after each kill: ${left.join(", ")}`);
  expect(left).toEqual(left.toSorted((one, other) => other - one));
  const contents = await readStoreContents(gateway.dataDirectory);
  expect(contents).toMatchObject({ findings: [], gaps: [], differences: 0 });
});
