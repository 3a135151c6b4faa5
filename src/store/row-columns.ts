/**
 * The rows of a log record as five columns of bytes: tags, series, times, values, flags; and texts.
 *
 * One tag byte per row says how the row differs from what was to be expected: the next series, the same
 * time, the same flags, a number with as many decimals as the last one of its series. What is as expected
 * costs nothing more. A number is stored as a decimal (an integer divided by a power of ten) only where
 * that division gives back exactly the same double, and as its eight bytes otherwise.
 *
 * This is the hottest loop of the store: no allocation per row, and no call in the usual case.
 */
import { invariant } from "../core/errors.ts";
import { type EpochMs, notStored, SampleColumns, ValueKind } from "../core/sample.ts";
import {
  type ByteReader,
  type ByteWriter,
  LayoutError,
  putVarint,
  signedMax,
  unzigzag,
  zigzag,
} from "./bytes.ts";

/** Bits of a tag. Bits 0 and 1 are the `ValueKind`. */
const Tag = {
  /** Bits 2 and 3: how the value is stored. */
  formShift: 2,
  formMask: 3,
  sameAt: 0x10,
  sameFlags: 0x20,
  /** Bits 6 and 7: how the series is stored. */
  seriesNext: 0,
  seriesSame: 0x40,
  seriesDelta: 0x80,
  seriesMask: 0xc0,
} as const;

/** How a number is stored. For booleans forms 0 and 1 are the value; for texts and none there is only 0. */
const Form = { decimal: 0, decimalRescaled: 1, float64: 2 } as const;

/** Times are stored as float64, since one of them is not an integer of usual size. */
const modeFloatTimes = 1;

/** Integers up to here may be subtracted from each other and doubled exactly. */
const integerTimeMax = 2 ** 51;

/** Powers of ten by scale. 9 decimals of a value near 20 take 5 bytes; beyond that float64 is as short. */
const scaleMax = 9;
const powers = Float64Array.from({ length: scaleMax + 1 }, (_, scale) => 10 ** scale);

/** Expected scale of a series whose last number was no short decimal. */
const scaleUnknown = 0xff;
/** A series that has had no number yet in this record: the scale of the last number is expected. */
const scaleUnset = 0xfe;
/** What is tried first then; three decimals cover what sensors print. */
const scaleGuess = 3;

/** Most bytes a row takes in each column: tag, series, time, value with its scale, flags. */
const rowBytes = { tag: 1, series: 5, at: 8, value: 9, flags: 1 } as const;
const rowBytesMax = 24;

/** Scratch memory, kept between calls: they are synchronous, and there is one thread. */
let scratch = new Uint8Array(0);
let scratchView = new DataView(scratch.buffer);
const scales = new Uint8Array(256);

/**
 * Appends the rows, without those marked {@link notStored}.
 *
 * @param receivedAt - What the first time is compared with.
 */
export function writeRows(writer: ByteWriter, rows: SampleColumns, receivedAt: EpochMs): void {
  if (rows.count * rowBytesMax > scratch.length) {
    scratch = new Uint8Array(Math.max(1024, rows.count * 2) * rowBytesMax);
    scratchView = new DataView(scratch.buffer);
  }
  if (!writeColumns(writer, rows, receivedAt, false)) writeColumns(writer, rows, receivedAt, true);
  writeTexts(writer, rows);
}

/** @returns False, with nothing written, when times need float64 and `floatTimes` is not set. */
function writeColumns(
  writer: ByteWriter,
  rows: SampleColumns,
  receivedAt: EpochMs,
  floatTimes: boolean,
): boolean {
  const {
    count,
    series: seriesColumn,
    at: atColumn,
    value: valueColumn,
    kind: kinds,
    flags: flagBytes,
  } = rows;
  const bytes = scratch;
  const view = scratchView;
  const seriesStart = count * rowBytes.tag;
  const atStart = seriesStart + count * rowBytes.series;
  const valueStart = atStart + count * rowBytes.at;
  const flagsStart = valueStart + count * rowBytes.value;
  let tagAt = 0;
  let seriesAt = seriesStart;
  let timeAt = atStart;
  let valueAt = valueStart;
  let flagsAt = flagsStart;
  let lastSeries = -1;
  let lastAt = startTime(receivedAt);
  let lastFlags = 0;
  let lastScale = 0;
  scales.fill(scaleUnset);

  for (let row = 0; row < count; row += 1) {
    const flags = flagBytes[row]!;
    if ((flags & notStored) !== 0) continue;
    const kind = kinds[row]!;
    let tag = kind;

    const series = seriesColumn[row]!;
    const step = series - lastSeries;
    lastSeries = series;
    if (step !== 1) {
      if (step === 0) tag |= Tag.seriesSame;
      else {
        tag |= Tag.seriesDelta;
        seriesAt = putVarint(bytes, seriesAt, step < 0 ? -2 * step - 1 : 2 * step);
      }
    }

    const at = atColumn[row]!;
    if (at === lastAt && at !== 0) tag |= Tag.sameAt;
    else if (floatTimes) {
      view.setFloat64(timeAt, at, true);
      timeAt += 8;
      lastAt = at;
    } else {
      if (!isIntegerTime(at)) return false;
      timeAt = putVarint(bytes, timeAt, zigzag(at - lastAt));
      lastAt = at;
    }

    if (flags === lastFlags) tag |= Tag.sameFlags;
    else {
      bytes[flagsAt++] = flags;
      lastFlags = flags;
    }

    const value = valueColumn[row]!;
    if (kind === ValueKind.number) {
      const slot = series & 255;
      let expected = scales[slot]!;
      if (expected === scaleUnset) expected = lastScale;
      let scale = expected;
      let mantissa = 0;
      if (expected <= scaleMax) {
        const power = powers[expected]!;
        mantissa = Math.round(value * power);
        if (mantissa / power !== value) scale = scaleOf(value, 0);
      } else scale = scaleOf(value, scaleGuess);
      if (scale !== expected && scale <= scaleMax) mantissa = Math.round(value * powers[scale]!);
      if (scale > scaleMax || mantissa > signedMax || mantissa < -signedMax || isNegativeZero(value)) {
        tag |= Form.float64 << Tag.formShift;
        view.setFloat64(valueAt, value, true);
        valueAt += 8;
        scales[slot] = scaleUnknown;
      } else {
        if (scale !== expected) {
          tag |= Form.decimalRescaled << Tag.formShift;
          bytes[valueAt++] = scale;
        }
        scales[slot] = scale;
        lastScale = scale;
        const coded = mantissa < 0 ? -2 * mantissa - 1 : 2 * mantissa;
        if (coded < 0x80) bytes[valueAt++] = coded;
        else if (coded < 0x4000) {
          bytes[valueAt++] = (coded & 0x7f) | 0x80;
          bytes[valueAt++] = coded >>> 7;
        } else valueAt = putVarint(bytes, valueAt, coded);
      }
    } else if (kind === ValueKind.boolean && (value === 0 || value === 1) && !isNegativeZero(value)) {
      tag |= value << Tag.formShift;
    } else if (kind === ValueKind.boolean || (kind === ValueKind.none && !Number.isNaN(value))) {
      tag |= Form.float64 << Tag.formShift;
      view.setFloat64(valueAt, value, true);
      valueAt += 8;
    }
    bytes[tagAt++] = tag;
  }

  writer.varint(tagAt);
  writer.byte(floatTimes ? modeFloatTimes : 0);
  writer.varint(seriesAt - seriesStart);
  writer.varint(timeAt - atStart);
  writer.varint(valueAt - valueStart);
  writer.varint(flagsAt - flagsStart);
  writer.raw(bytes.subarray(0, tagAt));
  writer.raw(bytes.subarray(seriesStart, seriesAt));
  writer.raw(bytes.subarray(atStart, timeAt));
  writer.raw(bytes.subarray(valueStart, valueAt));
  writer.raw(bytes.subarray(flagsStart, flagsAt));
  return true;
}

function writeTexts(writer: ByteWriter, rows: SampleColumns): void {
  if (rows.texts.length === 0) return;
  for (let row = 0; row < rows.count; row += 1) {
    if (rows.kind[row] !== ValueKind.text) continue;
    if ((rows.flags[row]! & notStored) !== 0) continue;
    const text = rows.texts[rows.value[row]!];
    invariant(text !== undefined, `row ${row} names text ${rows.value[row]} of ${rows.texts.length}`);
    writer.text(text);
  }
}

/**
 * Reads what {@link writeRows} wrote.
 *
 * @returns Columns of exactly the stored rows; texts are numbered anew, in the order of their rows.
 * @throws LayoutError when the bytes are not such columns.
 */
export function readRows(reader: ByteReader, receivedAt: EpochMs): SampleColumns {
  const count = reader.varint();
  const mode = reader.byte();
  const seriesLength = reader.varint();
  const atLength = reader.varint();
  const valueLength = reader.varint();
  const flagsLength = reader.varint();
  const { bytes, view } = reader;
  let tagAt = reader.skip(count);
  let seriesAt = reader.skip(seriesLength);
  let timeAt = reader.skip(atLength);
  let valueAt = reader.skip(valueLength);
  let flagsAt = reader.skip(flagsLength);
  const ends = [timeAt, valueAt, flagsAt, reader.offset];
  // Nothing below may read past the value, where a view could not follow.
  const last = bytes.length - 8;

  const rows = new SampleColumns(Math.max(1, count));
  const { series: seriesColumn, at: atColumn, value: valueColumn, kind: kinds, flags: flagBytes } = rows;
  let series = -1;
  let at = startTime(receivedAt);
  let flags = 0;
  let texts = 0;
  let lastScale = 0;
  scales.fill(scaleUnset);

  for (let row = 0; row < count; row += 1) {
    const tag = bytes[tagAt++]!;
    const kind = tag & 3;
    kinds[row] = kind;

    const seriesForm = tag & Tag.seriesMask;
    if (seriesForm === Tag.seriesNext) series += 1;
    else if (seriesForm === Tag.seriesDelta) {
      let byte = bytes[seriesAt++]!;
      let coded = byte & 0x7f;
      let unit = 128;
      while (byte >= 0x80) {
        byte = bytes[seriesAt++]!;
        coded += (byte & 0x7f) * unit;
        unit *= 128;
      }
      series += unzigzag(coded);
    }
    seriesColumn[row] = series;

    if ((tag & Tag.sameAt) === 0) {
      if (mode === modeFloatTimes) {
        if (timeAt > last) throw new LayoutError(`times end at ${timeAt}`);
        at = view.getFloat64(timeAt, true);
        timeAt += 8;
      } else {
        let byte = bytes[timeAt++]!;
        let coded = byte & 0x7f;
        let unit = 128;
        while (byte >= 0x80) {
          byte = bytes[timeAt++]!;
          coded += (byte & 0x7f) * unit;
          unit *= 128;
        }
        at += unzigzag(coded);
      }
    }
    atColumn[row] = at;

    if ((tag & Tag.sameFlags) === 0) flags = bytes[flagsAt++]!;
    flagBytes[row] = flags;

    const form = (tag >>> Tag.formShift) & Tag.formMask;
    if (form === Form.float64) {
      if (valueAt > last) throw new LayoutError(`values end at ${valueAt}`);
      valueColumn[row] = view.getFloat64(valueAt, true);
      valueAt += 8;
      if (kind === ValueKind.number) scales[series & 255] = scaleUnknown;
    } else if (kind === ValueKind.number) {
      const slot = series & 255;
      const expected = scales[slot]!;
      if (form === Form.decimalRescaled) lastScale = bytes[valueAt++]!;
      else if (expected !== scaleUnset) lastScale = expected;
      scales[slot] = lastScale;
      let byte = bytes[valueAt++]!;
      let coded = byte & 0x7f;
      let unit = 128;
      while (byte >= 0x80) {
        byte = bytes[valueAt++]!;
        coded += (byte & 0x7f) * unit;
        unit *= 128;
      }
      valueColumn[row] = unzigzag(coded) / powers[lastScale]!;
    } else if (kind === ValueKind.boolean) valueColumn[row] = form;
    else if (kind === ValueKind.text) valueColumn[row] = texts++;
    else valueColumn[row] = Number.NaN;
  }

  if (seriesAt !== ends[0] || timeAt !== ends[1] || valueAt !== ends[2] || flagsAt !== ends[3]) {
    throw new LayoutError("columns do not end where they should");
  }
  for (let index = 0; index < texts; index += 1) rows.texts.push(reader.text());
  rows.count = count;
  return rows;
}

/** The smallest scale from `first` on at which the value is an exact decimal, else {@link scaleUnknown}. */
function scaleOf(value: number, first: number): number {
  // A series known for long numbers gets one guess, so that those do not cost ten divisions each.
  const last = first === scaleGuess ? scaleGuess : scaleMax;
  for (let scale = first; scale <= last; scale += 1) {
    const power = powers[scale]!;
    const scaled = value * power;
    if (scaled > signedMax || scaled < -signedMax) return scaleUnknown;
    if (Math.round(scaled) / power === value) return scale;
  }
  return scaleUnknown;
}

function startTime(receivedAt: EpochMs): number {
  return isIntegerTime(receivedAt) ? receivedAt : 0;
}

function isIntegerTime(at: number): boolean {
  return at <= integerTimeMax && at >= -integerTimeMax && Math.floor(at) === at && !isNegativeZero(at);
}

function isNegativeZero(value: number): boolean {
  return value === 0 && 1 / value < 0;
}
