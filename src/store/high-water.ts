/**
 * The side file that remembers how far the store had got.
 *
 * LevelDB opens silently empty when its write-ahead log is missing, and silently shorter when the log's
 * end is. So the highest sequences are also kept here, outside LevelDB: synced at open, at each checkpoint
 * and at a clean close, and without a sync about once a second between (which a killed process keeps, a
 * power cut may lose). The file has two slots, written in turn and in place, each with its own checksum: a
 * torn write leaves the other slot, and no directory entry has to change.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { type StreamName, streamNames } from "../core/streams.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { isAbsent } from "./failures.ts";
import { streamNumbers } from "./keys.ts";
import { damageOf, sealedEnd, sealedVersion, sealEnvelope } from "./seal.ts";

/** Each slot has a block of its own, so that a torn write cannot touch the other. */
const slotBytes = 4096;
const storeIdBytes = 16;

/** How far a store had got when this was written. */
export interface HighWater {
  /** Sixteen random bytes in hexadecimal digits, the same as in the store. */
  readonly storeId: string;
  /** The store was closed in order; nothing was written after this. */
  readonly closed: boolean;
  readonly logSeq: number;
  readonly heads: Readonly<Record<StreamName, number>>;
}

/** What was found in the side file: a high water, nothing at all, or bytes that are none. */
export type HighWaterFound = HighWater | "missing" | "damaged";

/** The open side file. Calls do not overlap: each waits for the one before. */
export class HighWaterFile {
  readonly #file: FileHandle;
  #generation: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, generation: number) {
    this.#file = file;
    this.#generation = generation;
  }

  /** Opens the file, making it where there is none, and reads the newer of its valid slots. */
  static async open(path: string): Promise<{ file: HighWaterFile; found: HighWaterFound }> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    const bytes = await handle.readFile();
    const slots = readSlots(bytes);
    const newest = slots[0];
    if (bytes.length === 0) {
      await handle.sync();
      await syncDirectory(dirname(path));
    }
    const found = newest?.highWater ?? (bytes.length === 0 ? "missing" : "damaged");
    return { file: new HighWaterFile(handle, newest?.generation ?? 0), found };
  }

  /**
   * Writes a slot; with `sync`, resolves once it survives a power cut.
   *
   * @throws Error of the file system. The other slot still holds what was there before.
   */
  async write(highWater: HighWater, sync: boolean): Promise<void> {
    const before = this.#last;
    const writing = (async () => {
      await before.catch(() => undefined); // Reported to whoever asked for that write.
      this.#generation += 1;
      const slot = encodeSlot(highWater, this.#generation);
      await this.#file.write(slot, 0, slot.length, (this.#generation % 2) * slotBytes);
      if (sync) await this.#file.datasync();
    })();
    this.#last = writing;
    await writing;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined); // Reported to whoever asked for that write.
    await this.#file.close();
  }
}

/** Reads a side file without opening it for writing. */
export async function readHighWater(path: string): Promise<HighWaterFound> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY);
  } catch (error) {
    if (isAbsent(error)) return "missing";
    throw error;
  }
  try {
    const bytes = await handle.readFile();
    return readSlots(bytes)[0]?.highWater ?? (bytes.length === 0 ? "missing" : "damaged");
  } finally {
    await handle.close();
  }
}

/** Makes the entries of a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function encodeSlot(highWater: HighWater, generation: number): Uint8Array {
  const writer = new ByteWriter(256);
  writer.byte(sealedVersion);
  writer.uint32(0);
  writer.varint(generation);
  writer.raw(Buffer.from(highWater.storeId, "hex"));
  writer.byte(highWater.closed ? 1 : 0);
  writer.varint(highWater.logSeq);
  writer.byte(streamNames.length);
  for (const name of streamNames) {
    writer.byte(streamNumbers[name]);
    writer.varint(highWater.heads[name]);
  }
  // The checksum covers exactly the bytes whose number stands before them on disk.
  const body = sealEnvelope(writer);
  const slot = new ByteWriter(256);
  slot.byte(body.length);
  slot.raw(body);
  return slot.taken();
}

/** The valid slots, newest first. */
function readSlots(bytes: Uint8Array): { readonly generation: number; readonly highWater: HighWater }[] {
  const slots: { readonly generation: number; readonly highWater: HighWater }[] = [];
  for (let start = 0; start < bytes.length; start += slotBytes) {
    const length = bytes[start]!;
    const body = bytes.subarray(start + 1, start + 1 + length);
    if (length === 0 || body.length < length || damageOf(body) !== undefined) continue;
    const reader = new ByteReader(body, sealedEnd);
    const generation = reader.varint();
    const idAt = reader.skip(storeIdBytes);
    const storeId = Buffer.from(body.subarray(idAt, idAt + storeIdBytes)).toString("hex");
    const closed = reader.byte() === 1;
    const logSeq = reader.varint();
    const heads: Record<StreamName, number> = { alerts: 0, status: 0, summaries: 0, ledger: 0 };
    const count = reader.byte();
    for (let index = 0; index < count; index += 1) {
      const number = reader.byte();
      const head = reader.varint();
      for (const name of streamNames) if (streamNumbers[name] === number) heads[name] = head;
    }
    slots.push({ generation, highWater: { storeId, closed, logSeq, heads } });
  }
  return slots.toSorted((a, b) => b.generation - a.generation);
}
