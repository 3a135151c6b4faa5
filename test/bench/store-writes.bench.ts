/**
 * Prints how many bytes reach the device for each byte of payload, and how fast commits are.
 *
 * Run: `node test/bench/store-writes.bench.ts DIRECTORY [DEVICE]`, on a file system that nobody else writes
 * to; `DEVICE` is its block device as in `/sys/block` (`loop0`). Without it only the store's files are counted.
 */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import { openStore } from "../../src/store/store.ts";
import { recordOf } from "../support/records.ts";
import { keptLog, noEffects } from "../support/stores.ts";

const [directory, device] = process.argv.slice(2);
if (directory === undefined) throw new Error("name a directory");

const payloadBytes = 80;
const total = 400_000;
const devices = 1000;

/** Bytes written to the device since it was made. */
async function deviceBytes(): Promise<number> {
  if (device === undefined) return 0;
  const fields = (await readFile(`/sys/block/${device}/stat`, "utf8")).trim().split(/\s+/);
  return Number(fields[6]) * 512;
}

for (const writeBufferKiB of [1024, 4096]) {
  for (const messages of [20, 200]) {
    const store = await openStore({
      directory: join(directory, `${writeBufferKiB}-${messages}`),
      durability: "sync",
      logger: keptLog(),
      writeBufferBytes: writeBufferKiB * 1024,
    });
    const count = messages === 20 ? total / 4 : total;
    // The ballast is written once in the life of a store.
    execFileSync("sync");
    const before = await deviceBytes();
    const begin = performance.now();
    let walk = 2100;
    for (let seq = 1; seq <= count / messages; seq += 1) {
      const rows = new SampleColumns(messages * 2);
      for (let message = 0; message < messages; message += 1) {
        const row = rows.count;
        const source = (seq * messages + message) % devices;
        walk += ((message * 7919 + seq * 104_729) % 41) - 20;
        rows.push(source * 2, ValueKind.number, walk / 100);
        rows.push(source * 2 + 1, ValueKind.number, 40 + ((message * 31 + seq * 17) % 300) / 10);
        rows.stamp(row, 1_790_000_000_000 + (seq * messages + message) * 3, RowFlag.stamped);
      }
      await store.commit({ record: recordOf({ seq, rows }), effects: noEffects, deadLetters: [] });
    }
    const seconds = (performance.now() - begin) / 1000;
    await store.close();
    execFileSync("sync");
    const written = (await deviceBytes()) - before;
    const line = {
      bench: "store-writes",
      writeBufferKiB,
      messagesPerCommit: messages,
      commitsPerSecond: Math.round(count / messages / seconds),
      deviceBytesPerPayloadByte: Number((written / (count * payloadBytes)).toFixed(2)),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
