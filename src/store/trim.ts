/** Deleting what is no longer wanted: first the promise to hold it, then, in slices, the bytes. */
import type { Operation } from "./commit-batch.ts";
import type { Contents } from "./contents.ts";
import type { Database } from "./database.ts";
import { KeyKind, keySequence, type Subject, sequenceKey, subjectKey, trimKey } from "./keys.ts";
import { lastEntry } from "./scan.ts";
import { encodeNumber } from "./values.ts";

/** Keys deleted at once: between two slices commits go on. */
const sliceKeys = 256;

/**
 * The sequence up to which a subject may be trimmed.
 *
 * The log keeps whatever follows the older of the two checkpoints, so that either can be recovered from.
 *
 * @returns The first sequence to keep; no less than the present one.
 */
export function trimBound(contents: Contents, what: Subject, before: number): number {
  const newest = what === "log" ? (contents.checkpoints[0] ?? 0) + 1 : contents.heads[what] + 1;
  return Math.max(contents.firsts[what], Math.min(before, newest));
}

/** What is written first: from then on nothing below `before` is missed. Gaps below are forgotten. */
export function trimOperations(contents: Contents, what: Subject, before: number): Operation[] {
  const operations: Operation[] = [{ type: "put", key: trimKey(what), value: encodeNumber(before) }];
  for (const gap of contents.gaps) {
    if (gap.what !== what || gap.to >= before) continue;
    operations.push({ type: "del", key: subjectKey(KeyKind.gap, what, gap.from) });
  }
  return operations;
}

/** Brings the contents to where they are once {@link trimOperations} is durable. */
export function applyTrim(contents: Contents, what: Subject, before: number): void {
  contents.firsts[what] = before;
  const kept = contents.gaps.filter((gap) => gap.what !== what || gap.to >= before);
  contents.gaps.splice(0, contents.gaps.length, ...kept);
}

/**
 * The deletions of a trim, slice by slice.
 *
 * @param from - Where the trim before has ended, so that what is deleted already is not stepped over again.
 */
export async function* trimSlices(
  database: Database,
  what: Subject,
  from: number,
  before: number,
): AsyncGenerator<Operation[]> {
  const isLog = what === "log";
  let lt = isLog ? sequenceKey(KeyKind.log, before) : subjectKey(KeyKind.stream, what, before);
  if (!isLog) {
    // The chunk that holds the last record before may hold some that stay.
    const holder = await lastEntry(database, { gte: subjectKey(KeyKind.stream, what, 0), lt });
    if (holder !== undefined) lt = holder.key;
  }
  let gte = isLog ? sequenceKey(KeyKind.log, from) : subjectKey(KeyKind.stream, what, from);
  for (;;) {
    const keys = await database.keys({ gte, lt, limit: sliceKeys }).all();
    const last = keys.at(-1);
    if (last === undefined) return;
    yield keys.map((key) => ({ type: "del", key }));
    const next = keySequence(last) + 1;
    gte = isLog ? sequenceKey(KeyKind.log, next) : subjectKey(KeyKind.stream, what, next);
  }
}
