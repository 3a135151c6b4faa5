/**
 * Effects as bytes: the records of each stream in chunks, and the digest by which replay is compared with
 * what was stored.
 */
import { crc32 } from "node:zlib";
import { invariant } from "../core/errors.ts";
import type { DeadLetter, Effects } from "../core/record.ts";
import { type StreamName, type StreamRecord, streamNames } from "../core/streams.ts";
import { ByteReader, ByteWriter, LayoutError } from "./bytes.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { streamNumbers } from "./keys.ts";
import { damageOf, sealedEnd, sealEnvelope, startEnvelope } from "./seal.ts";

/** A chunk is closed when it has grown to this; reading one record never costs more than decoding it. */
const chunkBytesTarget = 64 * 1024;

/** Consecutive records of one stream, as one value of the store. */
export interface EncodedChunk {
  readonly stream: StreamName;
  readonly first: number;
  readonly last: number;
  readonly value: Uint8Array;
}

/** The effects of one record, encoded once for both digest and storage. */
export interface EncodedEffects {
  readonly digest: number;
  readonly chunks: readonly EncodedChunk[];
}

const noEffects: EncodedEffects = { digest: 0, chunks: [] };
const items = new ByteWriter(16 * 1024);
const prefix = new ByteWriter(64);

/**
 * Encodes effects. The digest is the CRC-32 over the encoded records with the numbers of their streams, 0
 * when there are none; it does not depend on how records are cut into chunks.
 *
 * Sequences within a stream must be consecutive; anything else is a bug of the caller.
 */
export function encodeEffects(effects: Effects): EncodedEffects {
  if (streamNames.every((name) => effects[name].length === 0)) return noEffects;
  const chunks: EncodedChunk[] = [];
  let digest = 0;
  for (const stream of streamNames) {
    const records: readonly StreamRecord[] = effects[stream];
    if (records.length === 0) continue;
    prefix.clear();
    prefix.byte(streamNumbers[stream]);
    prefix.varint(records.length);
    digest = crc32(prefix.taken(), digest);
    digest = encodeStream(stream, records, chunks, digest);
  }
  return { digest, chunks };
}

/** @returns The digest continued over the stream. */
function encodeStream(
  stream: StreamName,
  records: readonly StreamRecord[],
  chunks: EncodedChunk[],
  digestBefore: number,
): number {
  let digest = digestBefore;
  let lengths: number[] = [];
  let first = records[0]?.seq ?? 0;
  let next = first;
  items.clear();
  const close = (): void => {
    chunks.push({ stream, first, last: next - 1, value: sealChunk(first, lengths) });
    digest = crc32(items.taken(), digest);
    first = next;
    lengths = [];
    items.clear();
  };
  for (const record of records) {
    invariant(record.seq === next, `${stream} ${record.seq} follows ${next - 1}`);
    const encoded = encodeCbor(record);
    items.raw(encoded);
    lengths.push(encoded.length);
    next += 1;
    if (items.length >= chunkBytesTarget) close();
  }
  if (lengths.length > 0) close();
  return digest;
}

function sealChunk(first: number, lengths: readonly number[]): Uint8Array {
  const writer = startEnvelope(items.length + lengths.length * 3 + 32);
  writer.varint(first);
  writer.varint(lengths.length);
  for (const length of lengths) writer.varint(length);
  writer.raw(items.taken());
  return sealEnvelope(writer);
}

/** A chunk of which only the layout has been read; records are decoded when asked for. */
export interface StoredChunk {
  readonly first: number;
  readonly last: number;
  /** Where each record begins in `bytes`, and where the last one ends. */
  readonly offsets: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Reads the layout of a chunk and verifies its checksum.
 *
 * @returns What is wrong with the bytes otherwise. Never throws on bad bytes.
 */
export function readChunk(
  bytes: Uint8Array,
  expectedFirst: number,
): StoredChunk | { readonly damage: string } {
  const damage = damageOf(bytes);
  if (damage !== undefined) return { damage };
  try {
    const reader = new ByteReader(bytes, sealedEnd);
    const first = reader.varint();
    if (first !== expectedFirst) return { damage: `holds sequence ${first}` };
    const count = reader.varint();
    if (count < 1 || count > bytes.length) return { damage: `holds ${count} records` };
    const lengths: number[] = [];
    for (let index = 0; index < count; index += 1) lengths.push(reader.varint());
    const offsets: number[] = [reader.offset];
    for (const length of lengths) {
      reader.skip(length);
      offsets.push(reader.offset);
    }
    if (reader.offset !== reader.end) return { damage: "has bytes too many" };
    return { first, last: first + count - 1, offsets, bytes };
  } catch (error) {
    if (error instanceof LayoutError) return { damage: error.message };
    throw error;
  }
}

/** Decodes the record with this sequence, which the chunk holds. */
export function chunkRecord(chunk: StoredChunk, seq: number): StreamRecord {
  const index = seq - chunk.first;
  const bytes = chunk.bytes.subarray(chunk.offsets[index], chunk.offsets[index + 1]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  return decodeCbor(bytes) as StreamRecord;
}

/** Encoded length of the record with this sequence. */
export function chunkRecordBytes(chunk: StoredChunk, seq: number): number {
  const index = seq - chunk.first;
  return chunk.offsets[index + 1]! - chunk.offsets[index]!;
}

/** A refused payload as one value of the store. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const writer = startEnvelope(letter.bytes.length + 256);
  writer.blob(encodeCbor({ ...letter, bytes: null }));
  writer.blob(letter.bytes);
  return sealEnvelope(writer);
}

/** @returns Nothing when the bytes are damaged: what it was has been counted in the ledger. */
export function decodeDeadLetter(bytes: Uint8Array): DeadLetter | undefined {
  if (damageOf(bytes) !== undefined) return undefined;
  const reader = new ByteReader(bytes, sealedEnd);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  const fields = decodeCbor(reader.blob()) as Omit<DeadLetter, "bytes">;
  return { ...fields, bytes: new Uint8Array(reader.blob()) };
}
