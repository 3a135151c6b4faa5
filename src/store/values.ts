/** The small values of the store: what it is, cursors, gaps, trims, series, checkpoints. */
import type { SeriesDefinition } from "../core/sample.ts";
import { ByteReader } from "./bytes.ts";
import { damageOf, sealedEnd, sealEnvelope, startEnvelope } from "./seal.ts";
import { readSeriesNames, writeSeriesNames } from "./series-names.ts";

/** The layout of the store as a whole; a store with a later one is refused. */
export const storeVersion = 1;

/** What a store says about itself. */
export interface StoreMeta {
  readonly version: number;
  /** Sixteen random bytes in hexadecimal digits, given when the store was made. */
  readonly storeId: string;
  /** How often it was opened. */
  readonly opened: number;
}

export function encodeMeta(meta: StoreMeta): Uint8Array {
  const writer = startEnvelope();
  writer.varint(meta.version);
  writer.raw(Buffer.from(meta.storeId, "hex"));
  writer.varint(meta.opened);
  return sealEnvelope(writer);
}

/** @returns Nothing when the bytes are damaged. */
export function decodeMeta(bytes: Uint8Array): StoreMeta | undefined {
  return decoded(bytes, (reader) => {
    const version = reader.varint();
    const start = reader.skip(16);
    const storeId = Buffer.from(bytes.subarray(start, start + 16)).toString("hex");
    return { version, storeId, opened: reader.varint() };
  });
}

/** A single number: a cursor. */
export function encodeNumber(value: number): Uint8Array {
  const writer = startEnvelope();
  writer.varint(value);
  return sealEnvelope(writer);
}

/** @returns Nothing when the bytes are damaged. */
export function decodeNumber(bytes: Uint8Array): number | undefined {
  return decoded(bytes, (reader) => reader.varint());
}

/** A gap that has been found and reported; its `from` is in the key. */
export interface StoredGap {
  readonly to: number;
  readonly cause: string;
}

export function encodeGap(gap: StoredGap): Uint8Array {
  const writer = startEnvelope(gap.cause.length * 3 + 32);
  writer.varint(gap.to);
  writer.text(gap.cause);
  return sealEnvelope(writer);
}

/** @returns Nothing when the bytes are damaged. */
export function decodeGap(bytes: Uint8Array): StoredGap | undefined {
  return decoded(bytes, (reader) => ({ to: reader.varint(), cause: reader.text() }));
}

export function encodeDefinition(definition: SeriesDefinition): Uint8Array {
  const writer = startEnvelope(64);
  writeSeriesNames(writer, definition);
  return sealEnvelope(writer);
}

/** @returns Nothing when the bytes are damaged. */
export function decodeDefinition(bytes: Uint8Array, id: number): SeriesDefinition | undefined {
  return decoded(bytes, (reader) => readSeriesNames(reader, id));
}

/** A checkpoint of the state; the sequence of its record is in the key, and inside as well. */
export function encodeCheckpoint(seq: number, state: Uint8Array): Uint8Array {
  const writer = startEnvelope(state.length + 16);
  writer.varint(seq);
  writer.raw(state);
  return sealEnvelope(writer);
}

/** @returns The state as a view; nothing when the bytes are damaged. */
export function decodeCheckpoint(bytes: Uint8Array, seq: number): Uint8Array | undefined {
  return decoded(bytes, (reader) =>
    reader.varint() === seq ? plainView(reader.bytes.subarray(reader.offset)) : undefined,
  );
}

/** What the broker remembers of a session, which only the broker understands. */
export function encodeSession(value: Uint8Array): Uint8Array {
  const writer = startEnvelope(value.length + sealedEnd);
  writer.raw(value);
  return sealEnvelope(writer);
}

/** @returns A view; nothing when the bytes are damaged. */
export function decodeSession(bytes: Uint8Array): Uint8Array | undefined {
  return decoded(bytes, (reader) => plainView(reader.bytes.subarray(reader.offset)));
}

/** The same bytes as a plain array: LevelDB hands out Node's buffers, whose methods differ. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function decoded<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T | undefined {
  if (damageOf(bytes) !== undefined) return undefined;
  return read(new ByteReader(bytes, sealedEnd));
}
