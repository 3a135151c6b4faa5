/**
 * A file that does nothing but take up room.
 *
 * LevelDB cannot recover its write-ahead log on a full disk: it needs as much room again. The ballast is
 * given up for exactly that, and taken back once there is room for it.
 */
import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { isFull } from "./failures.ts";

const ballastBytesMax = 16 * 1024 * 1024;
/** What a compaction writes before it deletes anything: some eight tables of 2 MiB. */
const compactionBytes = 16 * 1024 * 1024;
/** Ballast and room are each at most this part of the partition. */
const partitionShare = 4;

export interface Ballast {
  /** Gives the room back. @returns False when there was none to give. */
  release(): Promise<boolean>;
  /** Takes the room where there is plenty; otherwise leaves it for later. */
  restore(): Promise<void>;
  /**
   * Whether a commit may be begun: two write-ahead logs and a compaction still fit, beside the ballast. Where the ballast was
   * given up it is taken back first: commits must not use up what the next recovery needs.
   */
  hasRoom(): Promise<boolean>;
}

/**
 * The ballast of a data directory.
 *
 * @param writeBufferBytes - The write-ahead log and the table made of it have to fit: four times as much.
 */
export function openBallast(directory: string, writeBufferBytes: number): Ballast {
  const path = join(directory, "ballast");
  const wanted = Math.min(ballastBytesMax, writeBufferBytes * 4);

  const sizeOf = async (): Promise<number> =>
    stat(path).then(
      (found) => found.size,
      () => 0,
    );

  return {
    async hasRoom() {
      const { bavail, blocks, bsize } = await statfs(directory);
      const share = Math.floor((blocks * bsize) / partitionShare);
      const missing = Math.max(0, Math.min(wanted, share) - (await sizeOf()));
      if (bavail * bsize < Math.min(writeBufferBytes * 2 + compactionBytes, share) + missing) return false;
      if (missing > 0) await fill(path, Math.min(wanted, share));
      return true;
    },
    async release() {
      if ((await sizeOf()) === 0) return false;
      await rm(path, { force: true });
      return true;
    },
    async restore() {
      const { bavail, blocks, bsize } = await statfs(directory);
      const bytes = Math.min(wanted, Math.floor((blocks * bsize) / partitionShare));
      const missing = bytes - (await sizeOf());
      // Twice as much free as is taken: the log is worth more than the reserve.
      if (missing <= 0 || bavail * bsize < missing * 2) return;
      await fill(path, bytes);
    },
  };
}

async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w", 0o640);
  try {
    const block = new Uint8Array(1024 * 1024);
    for (let written = 0; written < bytes; written += block.length) {
      await file.write(block, 0, Math.min(block.length, bytes - written));
    }
  } catch (error) {
    if (!isFull(error)) throw error;
    await rm(path, { force: true });
  } finally {
    await file.close();
  }
}
