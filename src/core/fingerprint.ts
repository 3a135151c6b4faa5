/**
 * Fingerprints: what has to stand in a payload for a device profile to be its own.
 *
 * A payload can say three things about a fingerprint: that it is carried, that something else stands there, or
 * nothing. A device that names its model only now and then is recognised by the payload that tells, and what says
 * nothing afterwards is still its own.
 */

/** What can stand at a place of a payload. */
export type FieldValue = number | string | boolean | null;

/** One place of a payload, and what has to stand there. */
export interface FingerprintPart {
  /** Path of the leaf with dots, as codecs name them: `info.model`. */
  readonly path: string;
  /** Any of these; nothing where it is enough that something stands there. */
  readonly values?: readonly FieldValue[];
}

/** All of its parts have to hold. */
export type Fingerprint = readonly FingerprintPart[];

/** The scalars of one payload, valid until the next one is read. */
export interface PayloadFields {
  /** Whether something stands at a path: a scalar, or an object or a list with something in it. */
  has(path: string): boolean;
  /** The scalar at a path; nothing where there is none. */
  valueOf(path: string): FieldValue | undefined;
}

/**
 * Reads the fields of `bytes[start, end)`, within the bounds for payloads of `core/limits.ts`.
 *
 * @returns Nothing when that is neither a JSON object nor a CBOR map, or beyond a bound.
 */
export type FieldReader = (bytes: Uint8Array, start: number, end: number) => PayloadFields | undefined;

/** What a payload says about a fingerprint. */
export type Verdict = "carried" | "silent" | "other";

/** Compares a payload with a fingerprint. `silent`: some place is empty, and no other contradicts. */
export function verdictOn(fingerprint: Fingerprint, fields: PayloadFields): Verdict {
  let verdict: Verdict = "carried";
  for (const { path, values } of fingerprint) {
    if (!fields.has(path)) verdict = "silent";
    else if (values !== undefined && !isAmong(values, fields.valueOf(path))) return "other";
  }
  return verdict;
}

/** Whether every payload that carries `narrow` carries `wide`; without a fingerprint everything is carried. */
export function fingerprintCovers(wide: Fingerprint = [], narrow: Fingerprint = []): boolean {
  return wide.every(({ path, values }) => {
    const part = narrow.find((one) => one.path === path);
    if (part === undefined) return false;
    return values === undefined || (part.values?.every((value) => isAmong(values, value)) ?? false);
  });
}

/** Whether some payload could carry both. */
export function fingerprintsOverlap(left: Fingerprint = [], right: Fingerprint = []): boolean {
  return left.every(({ path, values }) => {
    const others = right.find((one) => one.path === path)?.values;
    return values === undefined || others === undefined || values.some((value) => isAmong(others, value));
  });
}

function isAmong(values: readonly FieldValue[], value: FieldValue | undefined): boolean {
  return value !== undefined && values.includes(value);
}
