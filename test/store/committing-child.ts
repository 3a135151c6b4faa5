/**
 * Commits to the store in the directory that it is given, and prints each acknowledged sequence, until it is
 * killed.
 */
import { writeSync } from "node:fs";
import { openStore } from "../../src/store/store.ts";
import { keptLog, nextCommit } from "../support/stores.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("name a directory");
const store = await openStore({
  directory,
  durability: "sync",
  logger: keptLog(),
  writeBufferBytes: 64 * 1024,
});
for (;;) {
  const commit = nextCommit(store, 100);
  const checkpoint = commit.record.seq % 50 === 0 ? { checkpoint: new Uint8Array(5000).fill(7) } : {};
  if (store.head("summaries") > 0) store.moveCursor("cloud", "summaries", store.head("summaries"));
  await store.commit({ ...commit, ...checkpoint });
  // Synchronous, so that an acknowledgement that was given cannot be lost with the process.
  writeSync(1, `${commit.record.seq}\n`);
}
