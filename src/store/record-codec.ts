/**
 * A log record as bytes: the envelope with its checksum, what the record says about itself, and its rows.
 *
 * Pure: the same record gives the same bytes, and any single damaged byte is detected. The layout, byte by
 * byte, is in `README.md`.
 */
import { crc32 } from "node:zlib";
import type { GatewayCommand } from "../core/command.ts";
import { rejectCauses } from "../core/decode.ts";
import { messageOf } from "../core/errors.ts";
import type { DeviceFact } from "../core/fact.ts";
import type { LogRecord, RecordCounts, Settings } from "../core/record.ts";
import type { EpochMs, SeriesDefinition } from "../core/sample.ts";
import { ByteReader, ByteWriter, LayoutError } from "./bytes.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import type { TimeRepair } from "../core/time/time-repair.ts";
import { hasOriginalStamps, readOriginalStamps, writeOriginalStamps } from "./original-stamps.ts";
import { readRows, writeRows } from "./row-columns.ts";
import { readSeriesNames, writeSeriesNames } from "./series-names.ts";

/** The layout that this code writes. A store with a later one is refused. */
const recordVersion = 1;

type CountsByCause = RecordCounts["rejectedMessages"];

/** Bytes before the body: version, checksum. */
const checksumEnd = 5;

const Part = {
  synced: 1,
  settings: 2,
  status: 4,
  rejected: 8,
  stamps: 16,
  commands: 32,
  repair: 64,
  facts: 128,
  further: 256,
} as const;

/** What few records have: bits behind the counts, when bit `further` is set. */
const FurtherPart = { recovered: 1, suppressed: 2 } as const;

/** How digests are stored: as they are given, in the smallest form that gives them back exactly. */
const DigestForm = { uint32: 0, int32: 1, float64: 2 } as const;

/** The newest sequence of each stream once a record is committed, in the order of the stream numbers. */
export type StreamHeads = readonly [alerts: number, status: number, summaries: number, ledger: number];

/** What an envelope holds beside the record. */
export interface RecordEnvelope {
  readonly record: LogRecord;
  readonly effectsDigest: number;
  readonly heads: StreamHeads;
}

/** What a record says before its counts and rows. */
export interface RecordHeader {
  readonly effectsDigest: number;
  readonly heads: StreamHeads;
  readonly at: EpochMs;
  readonly monotonicMs: number;
  readonly boot: string;
}

/** Why bytes are not the record that they should be. */
export interface RecordDamage {
  readonly damage: string;
}

const writer = new ByteWriter(16 * 1024);

/**
 * Encodes a record; rows marked as {@link notStored} are left out.
 *
 * @returns A view of memory that the next call overwrites: hand it over at once, or copy it.
 */
export function encodeRecord(envelope: RecordEnvelope): Uint8Array {
  const { record, effectsDigest, heads } = envelope;
  writer.clear();
  writer.byte(recordVersion);
  writer.uint32(0);
  writer.uint32(effectsDigest);
  writer.varint(record.seq);
  for (const head of heads) writer.varint(head);
  writer.float64(record.at);
  writer.float64(record.monotonicMs);
  const { counts } = record;
  const rejected = Object.entries(counts.rejectedMessages);
  const further = furtherPartsOf(counts);
  const hasStamps = hasOriginalStamps(record.rows);
  writer.varint(
    (record.synced ? Part.synced : 0) |
      (record.settings === undefined ? 0 : Part.settings) |
      (record.status === undefined ? 0 : Part.status) |
      (rejected.length === 0 ? 0 : Part.rejected) |
      (hasStamps ? Part.stamps : 0) |
      (record.commands === undefined ? 0 : Part.commands) |
      (record.repair === undefined ? 0 : Part.repair) |
      (record.facts === undefined ? 0 : Part.facts) |
      (further === 0 ? 0 : Part.further),
  );
  writer.text(record.boot);
  writeCounts(counts);
  if (rejected.length > 0) writeCauses(counts.rejectedMessages);
  if (further !== 0) {
    writer.varint(further);
    if ((further & FurtherPart.recovered) !== 0) writeCauses(counts.recoveredMessages);
    if ((further & FurtherPart.suppressed) !== 0) writer.varint(counts.suppressedSamples);
  }
  writeDefinitions(record.definitions);
  writeDigests(record.digests);
  if (record.settings !== undefined) writer.blob(encodeCbor(record.settings));
  if (record.status !== undefined) {
    writer.text(record.status.state);
    writer.text(record.status.detail);
    writer.text(record.status.version);
  }
  if (record.commands !== undefined) writer.blob(encodeCbor(record.commands));
  if (record.repair !== undefined) writer.blob(encodeCbor(record.repair));
  if (record.facts !== undefined) writer.blob(encodeCbor(record.facts));
  writeRows(writer, record.rows, record.at);
  if (hasStamps) writeOriginalStamps(writer, record.rows);
  const bytes = writer.taken();
  writer.view.setUint32(1, crc32(bytes.subarray(checksumEnd)), true);
  return bytes;
}

/**
 * Decodes a record and checks everything that can be checked without its neighbours.
 *
 * @param expectedSeq - The sequence in the key under which the bytes were found.
 * @returns The record, which owns its columns; or what is wrong with the bytes. Never throws on bad bytes.
 */
export function decodeRecord(bytes: Uint8Array, expectedSeq: number): RecordEnvelope | RecordDamage {
  const damage = checksumDamage(bytes);
  if (damage !== undefined) return { damage };
  try {
    return decodeBody(bytes, expectedSeq);
  } catch (error) {
    if (error instanceof LayoutError) return { damage: error.message };
    return { damage: `unreadable: ${messageOf(error)}` };
  }
}

/**
 * Reads what a record says of itself without decoding the rows; the checksum is verified all the same.
 *
 * @returns What is wrong with the bytes otherwise.
 */
export function decodeRecordHeader(bytes: Uint8Array, expectedSeq: number): RecordHeader | RecordDamage {
  const damage = checksumDamage(bytes);
  if (damage !== undefined) return { damage };
  try {
    const reader = new ByteReader(bytes, checksumEnd);
    return readHeader(reader, expectedSeq);
  } catch (error) {
    return { damage: messageOf(error) };
  }
}

/** What is wrong with version or checksum, if anything. */
function checksumDamage(bytes: Uint8Array): string | undefined {
  if (bytes.length <= checksumEnd) return `${bytes.length} bytes are too few`;
  if (bytes[0] !== recordVersion) return `unknown version ${bytes[0]}`;
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1, true);
  return crc32(bytes.subarray(checksumEnd)) === stored ? undefined : "checksum mismatch";
}

function readHeader(reader: ByteReader, expectedSeq: number): RecordHeader & { readonly parts: number } {
  const effectsDigest = reader.uint32();
  const seq = reader.varint();
  if (seq !== expectedSeq) throw new LayoutError(`holds sequence ${seq}`);
  const heads: StreamHeads = [reader.varint(), reader.varint(), reader.varint(), reader.varint()];
  const at = reader.float64();
  const monotonicMs = reader.float64();
  const parts = reader.varint();
  return { effectsDigest, heads, at, monotonicMs, parts, boot: reader.text() };
}

function decodeBody(bytes: Uint8Array, expectedSeq: number): RecordEnvelope {
  const reader = new ByteReader(bytes, checksumEnd);
  const { effectsDigest, heads, at, monotonicMs, parts, boot } = readHeader(reader, expectedSeq);
  const counts = readCounts(reader);
  if ((parts & Part.rejected) !== 0) readCauses(reader, counts.rejectedMessages);
  if ((parts & Part.further) !== 0) readFurther(reader, counts);
  const definitions = readDefinitions(reader);
  const digests = readDigests(reader);
  const settings = (parts & Part.settings) === 0 ? undefined : readSettings(reader);
  const status =
    (parts & Part.status) === 0
      ? undefined
      : { state: reader.text(), detail: reader.text(), version: reader.text() };
  const commands = (parts & Part.commands) === 0 ? undefined : readCommands(reader);
  const repair = (parts & Part.repair) === 0 ? undefined : readRepair(reader);
  const facts = (parts & Part.facts) === 0 ? undefined : readFacts(reader);
  const rows = readRows(reader, at);
  if ((parts & Part.stamps) !== 0) readOriginalStamps(reader, rows);
  if (reader.offset !== reader.end) throw new LayoutError(`${reader.end - reader.offset} bytes too many`);
  const record: LogRecord = {
    seq: expectedSeq,
    at,
    synced: (parts & Part.synced) !== 0,
    monotonicMs,
    boot,
    counts,
    definitions,
    rows,
    digests,
    ...(settings === undefined ? {} : { settings }),
    ...(status === undefined ? {} : { status }),
    ...(commands === undefined ? {} : { commands }),
    ...(repair === undefined ? {} : { repair }),
    ...(facts === undefined ? {} : { facts }),
  };
  return { record, effectsDigest, heads };
}

function readSettings(reader: ByteReader): Settings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  return decodeCbor(reader.blob()) as Settings;
}

function readCommands(reader: ByteReader): readonly GatewayCommand[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  return decodeCbor(reader.blob()) as readonly GatewayCommand[];
}

function readRepair(reader: ByteReader): TimeRepair {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  return decodeCbor(reader.blob()) as TimeRepair;
}

function readFacts(reader: ByteReader): readonly DeviceFact[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was encoded, under a checksum
  return decodeCbor(reader.blob()) as readonly DeviceFact[];
}

function writeCounts(counts: RecordCounts): void {
  writer.varint(counts.receivedMessages);
  writer.varint(counts.storedMessages);
  writer.varint(counts.duplicateMessages);
  writer.varint(counts.overloadMessages);
  writer.varint(counts.decodedSamples);
  writer.varint(counts.duplicateSamples);
  writer.varint(counts.correctedSamples);
}

function readCounts(reader: ByteReader): RecordCounts {
  return {
    receivedMessages: reader.varint(),
    storedMessages: reader.varint(),
    duplicateMessages: reader.varint(),
    overloadMessages: reader.varint(),
    rejectedMessages: {},
    recoveredMessages: {},
    decodedSamples: reader.varint(),
    duplicateSamples: reader.varint(),
    suppressedSamples: 0,
    correctedSamples: reader.varint(),
  };
}

function furtherPartsOf(counts: RecordCounts): number {
  return (
    (Object.keys(counts.recoveredMessages).length === 0 ? 0 : FurtherPart.recovered) |
    (counts.suppressedSamples === 0 ? 0 : FurtherPart.suppressed)
  );
}

function readFurther(reader: ByteReader, counts: RecordCounts): void {
  const further = reader.varint();
  if (further > (FurtherPart.recovered | FurtherPart.suppressed)) {
    throw new LayoutError(`unknown parts ${further}`);
  }
  if ((further & FurtherPart.recovered) !== 0) readCauses(reader, counts.recoveredMessages);
  if ((further & FurtherPart.suppressed) !== 0) counts.suppressedSamples = reader.varint();
}

function writeCauses(causes: Readonly<CountsByCause>): void {
  const entries = Object.entries(causes);
  writer.varint(entries.length);
  for (const [cause, count] of entries) {
    writer.text(cause);
    writer.varint(count);
  }
}

function readCauses(reader: ByteReader, causes: CountsByCause): void {
  const entries = reader.varint();
  for (let index = 0; index < entries; index += 1) {
    const name = reader.text();
    const count = reader.varint();
    const cause = rejectCauses.find((known) => known === name);
    if (cause === undefined) throw new LayoutError(`unknown cause ${JSON.stringify(name)}`);
    causes[cause] = count;
  }
}

function writeDefinitions(definitions: readonly SeriesDefinition[]): void {
  writer.varint(definitions.length);
  for (const definition of definitions) {
    writer.varint(definition.id);
    writeSeriesNames(writer, definition);
  }
}

function readDefinitions(reader: ByteReader): SeriesDefinition[] {
  const count = reader.varint();
  const definitions: SeriesDefinition[] = [];
  for (let index = 0; index < count; index += 1) {
    definitions.push(readSeriesNames(reader, reader.varint()));
  }
  return definitions;
}

function writeDigests(digests: readonly number[]): void {
  writer.varint(digests.length);
  if (digests.length === 0) return;
  const unsigned = digests.every((digest) => digest >>> 0 === digest && !Object.is(digest, -0));
  const signed = digests.every((digest) => (digest | 0) === digest && !Object.is(digest, -0));
  writer.byte(unsigned ? DigestForm.uint32 : signed ? DigestForm.int32 : DigestForm.float64);
  for (const digest of digests) {
    if (unsigned || signed) writer.uint32(digest);
    else writer.float64(digest);
  }
}

function readDigests(reader: ByteReader): number[] {
  const count = reader.varint();
  const digests: number[] = [];
  if (count === 0) return digests;
  const form = reader.byte();
  for (let index = 0; index < count; index += 1) {
    if (form === DigestForm.float64) digests.push(reader.float64());
    else digests.push(form === DigestForm.int32 ? reader.uint32() | 0 : reader.uint32());
  }
  return digests;
}
