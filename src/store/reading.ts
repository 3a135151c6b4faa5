/** Reading records and streams, past known and unknown damage. */
import type { LogEntry } from "../core/log-store.ts";
import type { StreamName, StreamRecord, StreamSlice } from "../core/streams.ts";
import type { Contents } from "./contents.ts";
import type { Database } from "./database.ts";
import { decodeRecord } from "./record-codec.ts";
import { type Gap, GapCollector, type SubjectGap, scanChunks, scanLog } from "./scan.ts";
import { chunkRecord, chunkRecordBytes } from "./stream-codec.ts";

/** Reads the records that are there now, from a sequence on. */
export async function* readRecords(
  database: Database,
  contents: Contents,
  fromSeq: number,
): AsyncGenerator<LogEntry> {
  const from = Math.max(1, fromSeq);
  const first = contents.firsts.log;
  if (from < first) yield { kind: "gap", from, to: first - 1, cause: "trimmed" };
  const gaps = new GapCollector();
  for await (const entry of scanLog(database, Math.max(from, first), contents.heads.log)) {
    const found = "cause" in entry ? entry : recordOrGap(entry.seq, entry.value);
    if ("record" in found) {
      yield* gapItems(gaps.flush(), contents.gaps);
      yield found;
    } else yield* gapItems(gaps.add(found), contents.gaps);
  }
  yield* gapItems(gaps.flush(), contents.gaps);
}

function recordOrGap(seq: number, value: Uint8Array): (LogEntry & { kind: "record" }) | Gap {
  const decoded = decodeRecord(value, seq);
  if ("damage" in decoded) return { from: seq, to: seq, cause: `damaged: ${decoded.damage}` };
  return { kind: "record", record: decoded.record, effectsDigest: decoded.effectsDigest };
}

/** A gap under the cause that it was first reported with. */
function gapItems(gap: Gap | undefined, known: readonly SubjectGap[]): readonly LogEntry[] {
  if (gap === undefined) return [];
  const cause = known.find((one) => one.what === "log" && one.from <= gap.from && one.to >= gap.to)?.cause;
  return [{ kind: "gap", from: gap.from, to: gap.to, cause: cause ?? gap.cause }];
}

/**
 * Reads a run of a stream.
 *
 * @returns Consecutive records. The first is the one asked for, or, when that one is lost, the next that is
 *   there, with `gap` telling what is skipped. When nothing is left after the gap, `records` is empty and
 *   `from` is one past the head.
 */
export async function readStream(
  database: Database,
  contents: Contents,
  stream: StreamName,
  from: number,
  bytesMax: number,
): Promise<StreamSlice | undefined> {
  const head = contents.heads[stream];
  if (from > head) return undefined;
  const asked = Math.max(1, from);
  const first = contents.firsts[stream];
  const records: StreamRecord[] = [];
  let gap: Gap | undefined =
    asked < first ? { from: asked, to: Math.min(first - 1, head), cause: "evicted" } : undefined;
  let bytes = 0;
  let next = Math.max(asked, first);
  for await (const entry of scanChunks(database, stream, next, head)) {
    if ("cause" in entry) {
      if (records.length > 0) break;
      gap = { from: asked, to: entry.to, cause: gap?.cause ?? knownCause(contents.gaps, stream, entry) };
      next = entry.to + 1;
      continue;
    }
    const last = Math.min(entry.last, head);
    while (next <= last) {
      const size = chunkRecordBytes(entry, next);
      if (records.length > 0 && bytes + size > bytesMax) break;
      records.push(chunkRecord(entry, next));
      bytes += size;
      next += 1;
    }
    if (next <= last) break;
  }
  const start = next - records.length;
  return { stream, from: start, to: next - 1, records, ...(gap === undefined ? {} : { gap }) };
}

function knownCause(gaps: readonly SubjectGap[], what: StreamName, gap: Gap): string {
  return (
    gaps.find((one) => one.what === what && one.from <= gap.from && one.to >= gap.to)?.cause ?? gap.cause
  );
}
