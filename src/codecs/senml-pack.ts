/**
 * SenML packs, whatever they are written in: records are put in field by field, and come out as rows.
 *
 * What becomes of a pack:
 * - Base fields hold from their record on; name, time, unit, value and sum of each record are resolved with
 *   them. A pack with one wrong record is refused as a whole.
 * - The device is the base name without one `/` or `:` at its end; where there is no base name it is the
 *   topic's (a route's `device`). The metric is the name of the record, without one `/` or `:` at its
 *   beginning where the base name has none at its end. A record that has only the base name as its name is
 *   told from others by its unit, and so its metric is its unit, or `value` where it has none.
 * - Where one pack holds one name with several units, the records of the second and later units have the
 *   unit in their metric: `position`, `position.lon`.
 * - The sum of a record is a row of its own, `<metric>.sum`, in `<unit>·s`.
 * - A time below 2^28 s is relative to the time of receipt; where it is 0 the row has no stamp and takes that
 *   time. A time that is not one (before 2001 or after 5138) counts as unreadable.
 * - Data values are base64url text. `ut`, the longest time until the next value, is noted when it changes.
 * - The unit of a series is the record's, else the route's.
 *
 * Source: RFC 8428, § 4.
 */
import type { DecodeTarget, RejectCause, Rejection } from "../core/decode.ts";
import { nameCharactersMax } from "../core/limits.ts";
import { type SeriesId, ValueKind } from "../core/sample.ts";
import { expectedMsOf } from "./fact-text.ts";
import { type Naming, nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { isStamp, stampOfNumber } from "./stamp.ts";

/** The newest version of the format, and the one of packs that name none. Source: RFC 8428, § 4.4. */
const version = 10;

/** Times below this many seconds are relative to now. Source: RFC 8428, § 4.5.3. */
const absoluteSecondsMin = 2 ** 28;

/** Seconds from which on a time is taken for one in another unit: the year 5138. */
const absoluteSecondsMax = 1e11;

/** Which of the characters below 128 a name may hold: 1; and which it may also begin with: 2. */
const nameCharacters = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z0-9]/.test(character)) return 2;
  return "-:./_".includes(character) ? 1 : 0;
});

/** A record with a value or a sum, resolved. */
interface Entry {
  baseName: string;
  name: string;
  unit: string | undefined;
  /** Seconds as resolved: relative to now below 2^28. */
  seconds: number;
  /** The record has a value, which the next three are. */
  hasValue: boolean;
  kind: ValueKind;
  value: number;
  text: string;
  /** The sum, or `NaN` where the record has none. */
  sum: number;
  /** Seconds until the next value, at most; `NaN` where nothing is said. */
  updateSeconds: number;
  /** Given by {@link SenmlPack.emit}. */
  device: string;
  metric: string;
  series: number;
  sumSeries: number;
}

/** One pack after the other; after {@link end} it can be emitted, once. */
export class SenmlPack {
  /** Why a method has returned false. */
  rejection: Rejection | undefined;
  readonly #dataForm: "base64url" | "bytes";
  readonly #entries: Entry[] = [];
  #count = 0;
  #records = 0;
  #version = Number.NaN;
  #baseName = "";
  #baseTime = 0;
  #baseUnit: string | undefined;
  #baseValue = 0;
  #baseSum = 0;
  /** The first unit of the pack. */
  #anyUnit: string | undefined;
  #hasSeveralUnits = false;
  // Of the record that is being put in:
  #hasBase = false;
  #hasField = false;
  #recordVersion = Number.NaN;
  #name = "";
  #unit: string | undefined;
  #time = 0;
  #sum = Number.NaN;
  #updateSeconds = Number.NaN;
  #values = 0;
  #valueLabel = "";
  #kind: ValueKind = ValueKind.none;
  #value = Number.NaN;
  #text = "";

  /** @param dataForm - How the form of SenML writes data values: as text, or as bytes. */
  constructor(dataForm: "base64url" | "bytes") {
    this.#dataForm = dataForm;
  }

  /** Forgets the last pack. */
  begin(): void {
    this.rejection = undefined;
    this.#count = 0;
    this.#records = 0;
    this.#version = Number.NaN;
    this.#baseName = "";
    this.#baseTime = 0;
    this.#baseUnit = undefined;
    this.#baseValue = 0;
    this.#baseSum = 0;
    this.#anyUnit = undefined;
    this.#hasSeveralUnits = false;
  }

  beginRecord(): void {
    this.#records += 1;
    this.#hasBase = false;
    this.#hasField = false;
    this.#recordVersion = Number.NaN;
    this.#name = "";
    this.#unit = undefined;
    this.#time = 0;
    this.#sum = Number.NaN;
    this.#updateSeconds = Number.NaN;
    this.#values = 0;
    this.#valueLabel = "";
  }

  /**
   * Puts a field into the record.
   *
   * @param label - As in JSON: `bn`, `v`. One that is not known is ignored, unless it ends with `_`.
   * @returns False when the pack is refused.
   */
  set(label: string, value: unknown): boolean {
    switch (label) {
      case "n":
        this.#hasField = true;
        if (typeof value !== "string") return this.#refuseType(label, "a text");
        this.#name = value;
        return true;
      case "v":
        if (!isFiniteNumber(value)) return this.#refuseType(label, "a finite number");
        return this.#setValue(label, ValueKind.number, value, "");
      case "t":
        this.#hasField = true;
        if (!isFiniteNumber(value)) return this.#refuseType(label, "a finite number");
        this.#time = value;
        return true;
      case "u":
        this.#hasField = true;
        if (!isUnit(value)) return this.#refuseType(label, "a unit");
        this.#unit = value === "" ? undefined : value;
        return true;
      case "vs":
        if (typeof value !== "string" || !value.isWellFormed()) return this.#refuseType(label, "a text");
        return this.#setValue(label, ValueKind.text, Number.NaN, value);
      case "vb":
        if (typeof value !== "boolean") return this.#refuseType(label, "a boolean");
        return this.#setValue(label, ValueKind.boolean, value ? 1 : 0, "");
      case "vd":
        return this.#setData(value);
      case "s":
        if (!isFiniteNumber(value)) return this.#refuseType(label, "a finite number");
        this.#sum = value;
        return true;
      case "ut":
        this.#hasField = true;
        if (!isFiniteNumber(value)) return this.#refuseType(label, "a finite number");
        this.#updateSeconds = value;
        return true;
      case "bn":
      case "bt":
      case "bu":
      case "bv":
      case "bs":
      case "bver":
        return this.#setBase(label, value);
      default:
        if (!label.endsWith("_")) return true;
        return this.#refuse("unsupported", "has a field that must be understood, and is not");
    }
  }

  #setBase(label: "bn" | "bt" | "bu" | "bv" | "bs" | "bver", value: unknown): boolean {
    this.#hasBase = true;
    if (label === "bn") {
      if (typeof value !== "string") return this.#refuseType(label, "a text");
      this.#baseName = value;
      return true;
    }
    if (label === "bu") {
      if (!isUnit(value)) return this.#refuseType(label, "a unit");
      this.#baseUnit = value === "" ? undefined : value;
      return true;
    }
    if (!isFiniteNumber(value)) return this.#refuseType(label, "a finite number");
    if (label === "bt") this.#baseTime = value;
    else if (label === "bv") this.#baseValue = value;
    else if (label === "bs") this.#baseSum = value;
    else this.#recordVersion = value;
    return true;
  }

  #setData(value: unknown): boolean {
    if (this.#dataForm === "bytes") {
      if (!Buffer.isBuffer(value)) return this.#refuseType("vd", "a byte string");
      return this.#setValue("vd", ValueKind.text, Number.NaN, value.toString("base64url"));
    }
    // Four characters hold three bytes; one left over holds none.
    if (typeof value !== "string" || value.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(value)) {
      return this.#refuseType("vd", "base64url without padding");
    }
    return this.#setValue("vd", ValueKind.text, Number.NaN, value);
  }

  #setValue(label: string, kind: ValueKind, value: number, text: string): boolean {
    if (this.#valueLabel !== label) this.#values += 1;
    this.#valueLabel = label;
    this.#kind = kind;
    this.#value = value;
    this.#text = text;
    return true;
  }

  /**
   * Resolves the record.
   *
   * @returns False when the pack is refused.
   */
  endRecord(): boolean {
    if (!this.#checkVersion()) return false;
    if (this.#values > 1) return this.#refuse("malformed", "has more than one value");
    const hasValue = this.#values === 1;
    const hasSum = !Number.isNaN(this.#sum);
    if (!hasValue && !hasSum) {
      if (this.#hasBase && !this.#hasField) return true;
      return this.#refuse("malformed", "has neither a value nor a sum");
    }
    if (!isName(this.#baseName, this.#name)) {
      return this.#refuse("invalid-text", "has a name that is empty or holds characters that no name may");
    }
    const value = this.#kind === ValueKind.number ? this.#baseValue + this.#value : this.#value;
    const sum = hasSum ? this.#baseSum + this.#sum : Number.NaN;
    const seconds = this.#baseTime + this.#time;
    const isFinite =
      (this.#kind !== ValueKind.number || !hasValue || Number.isFinite(value)) && !isInfinite(sum);
    if (!isFinite || isInfinite(seconds)) {
      return this.#refuse("malformed", "gives a number that is not finite");
    }
    const entry = this.#nextEntry();
    entry.baseName = this.#baseName;
    entry.name = this.#name;
    entry.unit = this.#unit ?? this.#baseUnit;
    this.#anyUnit ??= entry.unit;
    this.#hasSeveralUnits ||= entry.unit !== undefined && entry.unit !== this.#anyUnit;
    entry.seconds = seconds;
    entry.hasValue = hasValue;
    entry.kind = this.#kind;
    entry.value = value;
    entry.text = this.#text;
    entry.sum = sum;
    entry.updateSeconds = this.#updateSeconds;
    return true;
  }

  /** Every record has the version of the first; the one that is named must be one that we know. */
  #checkVersion(): boolean {
    const named = this.#recordVersion;
    if (!Number.isNaN(named)) {
      if (!Number.isInteger(named) || named < 1) return this.#refuseType("bver", "a positive integer");
      if (named > version) {
        return this.#refuse("unsupported", `has version ${named}; up to ${version} is understood`);
      }
    }
    if (this.#records === 1) this.#version = Number.isNaN(named) ? version : named;
    else if (!Number.isNaN(named) && named !== this.#version) {
      return this.#refuse("malformed", "has another version than the records before");
    }
    return true;
  }

  /** Ends the pack: a rejection when it is empty, since a pack is one record or more. */
  end(): Rejection | undefined {
    return this.#records > 0 ? undefined : rejected("malformed", "The pack holds no record.");
  }

  /** Refuses the pack for the record that is being put in. */
  refuse(cause: RejectCause, what: string): Rejection {
    this.rejection = rejected(cause, `Record ${this.#records} of the pack ${what}.`);
    return this.rejection;
  }

  /**
   * Turns the pack into rows.
   *
   * All names are looked at before the first series is made.
   *
   * @param updates - What was noted last of each series: seconds until the next value.
   * @returns A rejection, `invalid-text` or `series-limit`; no row is left behind.
   */
  emit(naming: Naming, target: DecodeTarget, updates: Map<SeriesId, number>): Rejection | undefined {
    const problem = this.#nameEntries(naming) ?? this.#resolve(naming, target);
    if (problem !== undefined) return problem;
    const { rows } = target;
    target.stampAt = Number.NaN;
    target.stampUnreadable = false;
    for (let index = 0; index < this.#count; index += 1) {
      const entry = this.#entries[index]!;
      const at = stampOf(entry.seconds, target);
      if (entry.hasValue) {
        if (entry.kind === ValueKind.text) rows.pushText(entry.series, entry.text);
        else rows.push(entry.series, entry.kind, entry.value);
        rows.at[rows.count - 1] = at;
        if (entry.updateSeconds > 0) noteUpdate(entry, updates, target);
      }
      if (!Number.isNaN(entry.sum)) {
        rows.push(entry.sumSeries, ValueKind.number, entry.sum);
        rows.at[rows.count - 1] = at;
      }
    }
    return undefined;
  }

  #nameEntries(naming: Naming): Rejection | undefined {
    const units = new Map<string, string>();
    let last: Entry | undefined;
    for (let index = 0; index < this.#count; index += 1) {
      const entry = this.#entries[index]!;
      const problem = this.#nameEntry(entry, last, naming, units);
      if (problem !== undefined) return problem;
      last = entry;
    }
    return undefined;
  }

  /**
   * @param last - The entry before, which often is of the same device, if not the same series.
   * @param units - The first unit of each name so far.
   */
  #nameEntry(
    entry: Entry,
    last: Entry | undefined,
    naming: Naming,
    units: Map<string, string>,
  ): Rejection | undefined {
    const { baseName, unit } = entry;
    if (last !== undefined && last.baseName === baseName) {
      entry.device = last.device;
    } else {
      entry.device = baseName === "" ? naming.device : withoutLastMark(baseName);
      const problem = nameProblem("device", entry.device);
      if (problem !== undefined) return problem;
    }
    const name = nameBehind(baseName, entry.name);
    let metric = naming.metricOf(name === "" ? (unit ?? "value") : name);
    if (this.#hasSeveralUnits && unit !== undefined && name !== "") {
      const key = `${entry.device} ${metric}`;
      const known = units.get(key);
      if (known === undefined) units.set(key, unit);
      else if (known !== unit) metric = `${metric}.${unit}`;
    }
    entry.metric = metric;
    return nameProblem("metric", Number.isNaN(entry.sum) ? metric : `${metric}.sum`);
  }

  #resolve(naming: Naming, target: DecodeTarget): Rejection | undefined {
    for (let index = 0; index < this.#count; index += 1) {
      const entry = this.#entries[index]!;
      const { device, metric } = entry;
      const unit = entry.unit ?? naming.unit;
      if (entry.hasValue) entry.series = target.series(device, metric, unit);
      if (!Number.isNaN(entry.sum)) {
        const sumUnit = unit === undefined ? undefined : `${unit}·s`;
        entry.sumSeries = target.series(device, `${metric}.sum`, sumUnit);
      }
      if ((entry.hasValue && entry.series < 0) || (!Number.isNaN(entry.sum) && entry.sumSeries < 0)) {
        return rejected("series-limit", "The gateway holds as many series as it may.");
      }
    }
    return undefined;
  }

  #nextEntry(): Entry {
    let entry = this.#entries[this.#count];
    if (entry === undefined) {
      entry = {
        baseName: "",
        name: "",
        unit: undefined,
        seconds: 0,
        hasValue: false,
        kind: ValueKind.none,
        value: Number.NaN,
        text: "",
        sum: Number.NaN,
        updateSeconds: Number.NaN,
        device: "",
        metric: "",
        series: -1,
        sumSeries: -1,
      };
      this.#entries.push(entry);
    }
    this.#count += 1;
    return entry;
  }

  #refuse(cause: RejectCause, what: string): false {
    this.refuse(cause, what);
    return false;
  }

  #refuseType(label: string, what: string): false {
    return this.#refuse("malformed", `has "${label}" that is not ${what}`);
  }
}

/** Series of one topic whose expectations are remembered; then all are forgotten, and noted once more. */
const updatesMax = 256;

function noteUpdate(
  { series, device, metric, updateSeconds }: Entry,
  updates: Map<SeriesId, number>,
  target: DecodeTarget,
): void {
  if (updates.get(series) === updateSeconds) return;
  if (updates.size >= updatesMax) updates.clear();
  updates.set(series, updateSeconds);
  const expectedMs = expectedMsOf(updateSeconds);
  if (expectedMs === undefined) return;
  target.note({ kind: "metric", source: "payload", of: { device, metric }, expectedMs });
}

/** The stamp of a row, `NaN` where it has none of its own; says in the target what it found. */
function stampOf(seconds: number, target: DecodeTarget): number {
  if (seconds === 0) return Number.NaN;
  let at = Number.NaN;
  if (seconds < absoluteSecondsMin) {
    const relativeAt = target.receivedAt + Math.round(seconds * 1000);
    if (isStamp(relativeAt)) at = relativeAt;
  } else if (seconds < absoluteSecondsMax) {
    at = stampOfNumber(seconds);
  }
  if (Number.isNaN(at)) target.stampUnreadable = true;
  else target.ownStamps = true;
  return at;
}

/** Source: RFC 8428, § 4.5.1. */
function isName(baseName: string, name: string): boolean {
  const first = baseName === "" ? name : baseName;
  return first !== "" && characterClass(first, 0) === 2 && isNamePart(baseName) && isNamePart(name);
}

function isNamePart(part: string): boolean {
  for (let index = 0; index < part.length; index += 1) if (characterClass(part, index) === 0) return false;
  return true;
}

function characterClass(text: string, index: number): number {
  return nameCharacters[text.charCodeAt(index)] ?? 0;
}

/** A unit becomes text on a page, and the metric where there is no other name. */
function isUnit(value: unknown): value is string {
  if (typeof value !== "string" || value.length > nameCharactersMax || !value.isWellFormed()) return false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  }
  return true;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

function isMark(code: number): boolean {
  return code === 0x2f || code === 0x3a;
}

function withoutLastMark(baseName: string): string {
  return isMark(baseName.charCodeAt(baseName.length - 1)) ? baseName.slice(0, -1) : baseName;
}

/** The name without the mark that parts it from the base name, if that one does not end in a mark. */
function nameBehind(baseName: string, name: string): string {
  if (baseName === "" || !isMark(name.charCodeAt(0)) || isMark(baseName.charCodeAt(baseName.length - 1))) {
    return name;
  }
  return name.slice(1);
}
