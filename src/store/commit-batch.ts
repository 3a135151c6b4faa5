/** What one commit writes, and how the contents of the store stand after it. */
import { invariant } from "../core/errors.ts";
import { deadLettersMax } from "../core/limits.ts";
import type { DeadLetter } from "../core/record.ts";
import { streamNames } from "../core/streams.ts";
import type { Contents, Positions } from "./contents.ts";
import type { Commit } from "../core/log-store.ts";
import { KeyKind, metaKey, sequenceKey, sessionKey, subjectKey } from "./keys.ts";
import { encodeRecord } from "./record-codec.ts";
import type { SubjectGap } from "./scan.ts";
import { type EncodedEffects, encodeDeadLetter, encodeEffects } from "./stream-codec.ts";
import { encodeCheckpoint, encodeDefinition, encodeGap, encodeMeta, encodeSession } from "./values.ts";

/** One change of the database. */
export type Operation =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

const checkpointsKept = 2;

/** A commit, encoded. */
export interface CommitBatch {
  /** The first is the record. Its value is valid until the next record is encoded. */
  readonly operations: Operation[];
  readonly recordValue: Uint8Array;
  readonly heads: Positions;
  readonly deadLetters: number;
  readonly checkpoints: readonly number[];
  readonly gaps: readonly SubjectGap[];
  /** Whether any stream grows. */
  readonly grows: boolean;
}

/** Encodes a commit on top of the contents. That its sequences follow is for {@link followsOn} to say. */
export function encodeCommit(contents: Contents, commit: Commit): CommitBatch {
  const { record } = commit;
  const effects = encodeEffects(commit.effects);
  const heads: Positions = { ...contents.heads, log: record.seq };
  for (const chunk of effects.chunks) heads[chunk.stream] = chunk.last;
  const recordValue = encodeRecord({
    record,
    effectsDigest: effects.digest,
    heads: [heads.alerts, heads.status, heads.summaries, heads.ledger],
  });
  const gaps = gapsBefore(contents, effects);
  const operations: Operation[] = [
    { type: "put", key: sequenceKey(KeyKind.log, record.seq), value: recordValue },
  ];
  addEffects(operations, effects, gaps);
  for (const definition of record.definitions) {
    const key = sequenceKey(KeyKind.seriesDefinition, definition.id);
    operations.push({ type: "put", key, value: encodeDefinition(definition) });
  }
  removeRecovered(operations, contents.deadLetters, commit.recovered ?? []);
  const deadLetters = addDeadLetters(operations, contents.deadLetters, commit.deadLetters);
  for (const { key, value } of commit.changes ?? []) {
    operations.push(
      value === undefined
        ? { type: "del", key: sessionKey(key) }
        : { type: "put", key: sessionKey(key), value: encodeSession(value) },
    );
  }
  const checkpoints = addCheckpoint(operations, contents.checkpoints, record.seq, commit.checkpoint);
  return {
    operations,
    recordValue,
    heads,
    deadLetters,
    checkpoints,
    gaps,
    grows: effects.chunks.length > 0,
  };
}

/** Makes sure that a commit follows on what is there; anything else is a bug of the caller. */
export function expectFollowing(contents: Contents, commit: Commit): void {
  const { seq } = commit.record;
  invariant(seq === contents.heads.log + 1, `record ${seq} follows ${contents.heads.log}`);
  for (const stream of streamNames) {
    const first = commit.effects[stream][0]?.seq;
    const head = contents.heads[stream];
    invariant(first === undefined || first > head, `${stream} ${first} follows ${head}`);
  }
}

/** Brings the contents to where they are once the batch is durable. */
export function applyCommit(contents: Contents, batch: CommitBatch): void {
  Object.assign(contents.heads, batch.heads);
  contents.deadLetters = batch.deadLetters;
  contents.checkpoints.splice(0, contents.checkpoints.length, ...batch.checkpoints);
  contents.gaps.push(...batch.gaps);
}

/** What every open writes: so that an empty write-ahead log is never in order. */
export function openingBatch(contents: Contents, newGaps: readonly SubjectGap[]): Operation[] {
  const operations: Operation[] = [{ type: "put", key: metaKey, value: encodeMeta(contents.meta) }];
  for (const gap of newGaps) {
    operations.push({ type: "put", key: subjectKey(KeyKind.gap, gap.what, gap.from), value: encodeGap(gap) });
  }
  return operations;
}

/** Sequences that the effects leave out; after damage the state may know of more than the store. */
function gapsBefore(contents: Contents, effects: EncodedEffects): SubjectGap[] {
  const gaps: SubjectGap[] = [];
  for (const stream of streamNames) {
    const first = effects.chunks.find((chunk) => chunk.stream === stream)?.first;
    if (first === undefined) continue;
    const head = contents.heads[stream];
    if (first > head + 1) gaps.push({ what: stream, from: head + 1, to: first - 1, cause: "never written" });
  }
  return gaps;
}

function addEffects(operations: Operation[], effects: EncodedEffects, gaps: readonly SubjectGap[]): void {
  for (const chunk of effects.chunks) {
    const key = subjectKey(KeyKind.stream, chunk.stream, chunk.first);
    operations.push({ type: "put", key, value: chunk.value });
  }
  for (const gap of gaps) {
    operations.push({ type: "put", key: subjectKey(KeyKind.gap, gap.what, gap.from), value: encodeGap(gap) });
  }
}

/** The newest keeps its key, without a value, so that its number is not given again after a restart. */
function removeRecovered(operations: Operation[], newest: number, recovered: readonly number[]): void {
  for (const number of recovered) {
    const key = sequenceKey(KeyKind.deadLetter, number);
    if (number === newest) operations.push({ type: "put", key, value: new Uint8Array() });
    else operations.push({ type: "del", key });
  }
}

/** @returns The number of the newest dead letter after the batch. */
function addDeadLetters(operations: Operation[], newest: number, letters: readonly DeadLetter[]): number {
  let number = newest;
  for (const letter of letters.slice(-deadLettersMax)) {
    number += 1;
    const key = sequenceKey(KeyKind.deadLetter, number);
    operations.push({ type: "put", key, value: encodeDeadLetter(letter) });
    if (number > deadLettersMax) {
      operations.push({ type: "del", key: sequenceKey(KeyKind.deadLetter, number - deadLettersMax) });
    }
  }
  return number;
}

/** @returns The sequences of the checkpoints after the batch. */
function addCheckpoint(
  operations: Operation[],
  kept: readonly number[],
  seq: number,
  state: Uint8Array | undefined,
): number[] {
  if (state === undefined) return [...kept];
  operations.push({
    type: "put",
    key: sequenceKey(KeyKind.checkpoint, seq),
    value: encodeCheckpoint(seq, state),
  });
  const all = [...kept, seq];
  for (const old of all.slice(0, -checkpointsKept)) {
    operations.push({ type: "del", key: sequenceKey(KeyKind.checkpoint, old) });
  }
  return all.slice(-checkpointsKept);
}
