import { execFile } from "node:child_process";
import { open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import type { Commit } from "../../src/core/log-store.ts";
import type { Store } from "../../src/store/store.ts";
import { fill, logOf, nextCommit, openTestStore, range, temporaryDirectory } from "../support/stores.ts";

const run = promisify(execFile);
const mayMount = process.getuid?.() === 0;
// Where nothing may be left out, the tests run, and fail without the right to mount.
const leftOut = !mayMount && process.env["CI"] !== "true";
const samples = 400;

/** A file system of 24 MB in memory, gone after the test. */
async function smallDisk(): Promise<string> {
  const directory = await temporaryDirectory();
  await run("mount", ["-t", "tmpfs", "-o", "size=24m", "holdfast-test", directory]);
  onTestFinished(async () => {
    await run("umount", ["--lazy", directory]);
  });
  return directory;
}

/** Takes all the room that is left, to the last page. */
async function takeAllRoom(directory: string): Promise<void> {
  for (const size of [1024 * 1024, 4096]) {
    const file = await open(join(directory, `filler-${size}`), "a");
    const block = Buffer.alloc(size, 1);
    const write = async (): Promise<void> => {
      for (;;) await file.write(block);
    };
    await expect(write()).rejects.toMatchObject({ code: "ENOSPC" });
    await file.close();
  }
}

async function freeRoom(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith("filler")) await rm(join(directory, name));
  }
}

/** Commits until it is refused. @returns The commit that was, and how. */
async function commitUntilRefused(store: Store): Promise<{ commit: Commit; error: AppError }> {
  for (const _ of range(1, 5000)) {
    const commit = nextCommit(store, samples);
    try {
      await store.commit(commit);
    } catch (error) {
      if (error instanceof AppError) return { commit, error };
      throw error;
    }
  }
  throw new Error("the disk never filled");
}

test.skipIf(leftOut)(
  "a disk that fills up refuses commits, and goes on without a loss once there is room",
  async () => {
    const directory = await smallDisk();
    const store = await openTestStore(directory, { writeBufferBytes: 1024 * 1024 });
    await fill(store, 5, samples);
    for (const _ of range(1, 3)) {
      await takeAllRoom(directory);
      const { commit, error } = await commitUntilRefused(store);
      expect(error).toMatchObject({ code: "STORE_FULL", kind: "operator" });
      const acknowledged = store.lastSeq;
      await expect(store.commit(commit)).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_F/) });
      // It opens by giving up the ballast, and still acknowledges nothing until there is room.
      await store.reopen();
      await expect(store.commit(commit)).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_F/) });
      await freeRoom(directory);
      await store.reopen();
      await store.commit(commit);
      expect(store.lastSeq).toBe(acknowledged + 1);
      await fill(store, 20, samples);
      expect(await logOf(store)).toStrictEqual({ present: range(1, acknowledged + 21), gaps: [] });
    }
  },
);

test.skipIf(leftOut)("a store opens on a full disk by giving up its ballast", async () => {
  const directory = await smallDisk();
  const first = await openTestStore(directory, { writeBufferBytes: 1024 * 1024 });
  await fill(first, 200, samples);
  await first.close();
  await takeAllRoom(directory);
  const store = await openTestStore(directory, { writeBufferBytes: 1024 * 1024 });
  expect(await readdir(directory)).not.toContain("ballast");
  expect((await logOf(store)).present).toStrictEqual(range(1, 200));
  await freeRoom(directory);
  await store.reopen();
  expect(await readdir(directory)).toContain("ballast");
});

test.skipIf(leftOut)(
  "a nearly full disk refuses a commit before writing it, and the handle lives on",
  async () => {
    const directory = await smallDisk();
    const store = await openTestStore(directory, { writeBufferBytes: 1024 * 1024 });
    await writeFile(join(directory, "filler"), Buffer.alloc(15 * 1024 * 1024, 1));
    const commit = nextCommit(store, samples);
    await expect(store.commit(commit)).rejects.toMatchObject({
      code: "STORE_FULL",
      message: expect.stringContaining("nothing was written"),
    });
    await freeRoom(directory);
    await store.commit(commit);
    expect(await logOf(store)).toStrictEqual({ present: [1], gaps: [] });
  },
);
