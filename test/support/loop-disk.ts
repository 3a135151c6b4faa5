/**
 * A disk of its own for one test: ext4 in a file, on a loop device. It can be frozen, and its image can be
 * taken as a power cut would leave it. Needs root and Linux.
 *
 * Only what was made here is ever unmounted or detached, and all of it is, however the test ends.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const needs: readonly (readonly [string, boolean])[] = [
  ["root", process.getuid?.() === 0],
  ["/dev/loop-control", existsSync("/dev/loop-control")],
  ...["losetup", "mkfs.ext4", "fsfreeze"].map(
    (tool) => [tool, ["/usr/sbin", "/sbin"].some((place) => existsSync(join(place, tool)))] as const,
  ),
];
const missing = needs.filter(([, isThere]) => !isThere).map(([name]) => name);

/**
 * Whether tests on disks of their own are left out. With `CI` set they run and fail instead, so that
 * nothing is left out unseen.
 */
export const loopDisksMissing: boolean = missing.length > 0 && process.env["CI"] === undefined;
if (loopDisksMissing) console.warn(`left out: tests on a disk of their own (${missing.join(", ")} missing)`);

/** Commands that undo what was made, newest last. */
const undo: (readonly string[])[] = [];

function undoAll(): void {
  for (const [command = "", ...words] of undo.splice(0).toReversed()) {
    // Whoever still has a file open there, this process included, is about to end.
    const patient = command === "umount" ? ["--lazy", ...words] : words;
    spawnSync(command, patient, { timeout: 5_000 });
  }
}
process.once("exit", undoAll);
// A runner that is ended ends its workers so, and then `exit` is not told.
process.once("SIGTERM", () => {
  undoAll();
  process.kill(process.pid, "SIGTERM");
});

function undoLater(command: string, ...words: string[]): () => Promise<void> {
  const entry = [command, ...words];
  undo.push(entry);
  return async () => {
    if (!undo.includes(entry)) return;
    await execute(command, words);
    undo.splice(undo.indexOf(entry), 1);
  };
}

/** A mounted file system. */
export interface Mounted extends AsyncDisposable {
  readonly mountPoint: string;
}

/**
 * Mounts a file system in memory.
 *
 * @param directory - Where the mount point is made.
 */
export async function mountMemory(directory: string, bytes: number): Promise<Mounted> {
  const mountPoint = join(directory, "memory");
  await mkdir(mountPoint);
  await execute("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "holdfast-test", mountPoint]);
  const unmount = undoLater("umount", mountPoint);
  return { mountPoint, [Symbol.asyncDispose]: unmount };
}

/** Makes an empty ext4 of so many bytes in `<directory>/<name>.image` and mounts it. */
export async function makeLoopDisk(directory: string, name: string, bytes: number): Promise<LoopDisk> {
  const image = join(directory, `${name}.image`);
  const file = await open(image, "wx");
  await file.truncate(bytes);
  await file.close();
  await execute("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  return await mountLoopDisk(image);
}

/** Mounts an image; what its journal holds is recovered on the way, as after a power cut. */
export async function mountLoopDisk(image: string): Promise<LoopDisk> {
  const { stdout } = await execute("losetup", ["--find", "--show", image]);
  const device = stdout.trim();
  const detach = undoLater("losetup", "--detach", device);
  const mountPoint = `${image}.mounted`;
  try {
    await mkdir(mountPoint);
    await execute("mount", ["-t", "ext4", "-o", "noatime", device, mountPoint]);
  } catch (error) {
    await detach();
    throw error;
  }
  return new LoopDisk(image, device, mountPoint, detach);
}

/** See the module. */
export class LoopDisk implements Mounted {
  readonly mountPoint: string;
  readonly #image: string;
  readonly #device: string;
  readonly #detach: () => Promise<void>;
  readonly #unmount: () => Promise<void>;
  #thaw: (() => Promise<void>) | undefined;

  constructor(image: string, device: string, mountPoint: string, detach: () => Promise<void>) {
    this.#image = image;
    this.#device = device;
    this.mountPoint = mountPoint;
    this.#detach = detach;
    this.#unmount = undoLater("umount", mountPoint);
  }

  /** From now on whoever writes to it waits, until {@link thaw}. */
  async freeze(): Promise<void> {
    await execute("fsfreeze", ["--freeze", this.mountPoint]);
    this.#thaw = undoLater("fsfreeze", "--unfreeze", this.mountPoint);
  }

  async thaw(): Promise<void> {
    await this.#thaw?.();
    this.#thaw = undefined;
  }

  /**
   * Copies the image as it is at one instant, nothing flushed before.
   *
   * Whoever writes to the disk is stopped by the caller. The kernel may still write by itself; then the
   * copy is not of one instant, and is made again.
   *
   * @param beforeCopy - Called just before each copy: what it sees is true of the copy.
   * @returns What `beforeCopy` returned for the copy that was kept.
   */
  async copyInstant<T>(target: string, beforeCopy: () => T): Promise<T> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const writes = await this.#writes();
      const seen = beforeCopy();
      await execute("cp", ["--sparse=always", this.#image, target]);
      if (writes === (await this.#writes())) return seen;
    }
    throw new Error(`${this.#device} was written to during each of 20 copies`);
  }

  /** Completed writes, sectors written, and requests under way. Source: Linux, block/stat.rst. */
  async #writes(): Promise<string> {
    const text = await readFile(`/sys/block/${basename(this.#device)}/stat`, "utf8");
    const fields = text.trim().split(/\s+/);
    return [fields[4], fields[6], fields[8]].join(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.thaw();
    await this.#unmount();
    await this.#detach();
    await rm(this.#image);
  }
}

/** Blocks in which a disk is filled, each a part of the one before. */
const largestBlock = 1024 * 1024;
const blockRatio = 16;

/** Writes a file until not a byte more fits. Removing it frees the disk. */
export async function fillUp(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    let size = largestBlock;
    for (let inRow = 0; size >= 1; ) {
      if (!(await fits(file.write(new Uint8Array(size))))) {
        size = Math.floor(size / blockRatio);
        inRow = 0;
        continue;
      }
      inRow += 1;
      // A larger block would have fitted: whoever else is on the disk has given something back meanwhile.
      if (inRow > blockRatio) size = largestBlock;
    }
  } finally {
    await file.close();
  }
}

/** Whether a write found room for any of it. */
async function fits(write: Promise<{ readonly bytesWritten: number }>): Promise<boolean> {
  try {
    return (await write).bytesWritten > 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}
