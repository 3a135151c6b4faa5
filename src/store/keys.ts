/** Every key of the store: one letter for the kind, then binary parts that sort in the wanted order. */
import { type StreamName, streamNames } from "../core/streams.ts";
import { putSequence, sequenceAt } from "./bytes.ts";

/** The first byte of a key. See `README.md` for what follows it. */
export const KeyKind = {
  cursor: 0x61, // a
  session: 0x62, // b
  checkpoint: 0x63, // c
  deadLetter: 0x64, // d
  gap: 0x67, // g
  log: 0x6c, // l
  meta: 0x6d, // m
  seriesDefinition: 0x6e, // n
  stream: 0x73, // s
  trim: 0x74, // t
} as const;
export type KeyKind = (typeof KeyKind)[keyof typeof KeyKind];

/** The number of a stream in keys; append-only, since it is stored. */
export const streamNumbers: Readonly<Record<StreamName, number>> = {
  alerts: 1,
  status: 2,
  summaries: 3,
  ledger: 4,
};

const streamsByNumber = new Map<number, StreamName>(streamNames.map((name) => [streamNumbers[name], name]));

/** The stream with this number, where there is one. */
function streamOfNumber(number: number): StreamName | undefined {
  return streamsByNumber.get(number);
}

/** What is numbered densely: the log, and each stream. */
export type Subject = "log" | StreamName;
export const subjects: readonly Subject[] = ["log", ...streamNames];

/** The number of a subject in keys of gaps and trims: 0 for the log. */
function subjectNumber(subject: Subject): number {
  return subject === "log" ? 0 : streamNumbers[subject];
}

/** The subject with this number, where there is one. */
export function subjectOfNumber(number: number): Subject | undefined {
  return number === 0 ? "log" : streamOfNumber(number);
}

/** The one key that says what this store is. */
export const metaKey: Uint8Array = Uint8Array.of(KeyKind.meta);

/** A key of a kind with a sequence: log records, checkpoints, dead letters, series definitions. */
export function sequenceKey(kind: KeyKind, sequence: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = kind;
  putSequence(key, 1, sequence);
  return key;
}

/** A key of a kind with a subject and a sequence: stream chunks and gaps. */
export function subjectKey(kind: KeyKind, subject: Subject, sequence: number): Uint8Array {
  const key = new Uint8Array(10);
  key[0] = kind;
  key[1] = subjectNumber(subject);
  putSequence(key, 2, sequence);
  return key;
}

/** Where trimming of a subject has got to. */
export function trimKey(subject: Subject): Uint8Array {
  return Uint8Array.of(KeyKind.trim, subjectNumber(subject));
}

/** An upstream's cursor in a stream. */
export function cursorKey(upstream: string, stream: StreamName): Uint8Array {
  const name = new TextEncoder().encode(upstream);
  const key = new Uint8Array(name.length + 2);
  key[0] = KeyKind.cursor;
  key[1] = streamNumbers[stream];
  key.set(name, 2);
  return key;
}

/** What a cursor's key names, or nothing where the key is not one. */
export function cursorKeyParts(
  key: Uint8Array,
): { readonly upstream: string; readonly stream: StreamName } | undefined {
  const stream = streamOfNumber(key[1] ?? 0);
  if (key[0] !== KeyKind.cursor || stream === undefined) return undefined;
  return { upstream: new TextDecoder().decode(key.subarray(2)), stream };
}

/** A key of the broker's sessions, which only the broker understands. */
export function sessionKey(key: Uint8Array): Uint8Array {
  const stored = new Uint8Array(key.length + 1);
  stored[0] = KeyKind.session;
  stored.set(key, 1);
  return stored;
}

/** The sequence at the end of a key. */
export function keySequence(key: Uint8Array): number {
  return sequenceAt(key, key.length - 8);
}

/** The bounds of all keys of a kind. */
export function kindRange(kind: KeyKind): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) };
}

/** The bounds of all keys of a kind and subject, from a sequence on. */
export function subjectRange(
  kind: KeyKind,
  subject: Subject,
  from = 0,
): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  const number = subjectNumber(subject);
  return { gte: subjectKey(kind, subject, from), lt: Uint8Array.of(kind, number + 1) };
}
