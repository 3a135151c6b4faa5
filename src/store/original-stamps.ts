/**
 * The device's own stamps of the rows that were given another event time, in the order of the rows.
 *
 * Each is stored as its distance from the event time: a clock that is wrong is wrong by about the same from
 * sample to sample, so two to five bytes do. Rows without the flag cost nothing.
 */
import { notStored, RowFlag, type SampleColumns } from "../core/sample.ts";
import { type ByteReader, type ByteWriter, signedMax, unzigzag, zigzag } from "./bytes.ts";

/** How the distances are stored: as integers; or as float64, since one of them is none of usual size. */
const Form = { integer: 0, float64: 1 } as const;

/** Whether there is anything to write. */
export function hasOriginalStamps(rows: SampleColumns): boolean {
  for (let row = 0; row < rows.count; row += 1) if (isStored(rows, row)) return true;
  return false;
}

export function writeOriginalStamps(writer: ByteWriter, rows: SampleColumns): void {
  let form: number = Form.integer;
  for (let row = 0; row < rows.count; row += 1) {
    if (isStored(rows, row) && !isShort(rows.stampAt[row]!, rows.at[row]!)) form = Form.float64;
  }
  writer.byte(form);
  for (let row = 0; row < rows.count; row += 1) {
    if (!isStored(rows, row)) continue;
    if (form === Form.integer) writer.varint(zigzag(rows.stampAt[row]! - rows.at[row]!));
    else writer.float64(rows.stampAt[row]!);
  }
}

/** Reads them into rows that are complete otherwise. */
export function readOriginalStamps(reader: ByteReader, rows: SampleColumns): void {
  const form = reader.byte();
  for (let row = 0; row < rows.count; row += 1) {
    if (!isStored(rows, row)) continue;
    rows.stampAt[row] = form === Form.integer ? rows.at[row]! + unzigzag(reader.varint()) : reader.float64();
  }
}

function isStored(rows: SampleColumns, row: number): boolean {
  return (rows.flags[row]! & (RowFlag.restamped | notStored)) === RowFlag.restamped;
}

function isShort(stampAt: number, at: number): boolean {
  // What is left out: fractions, −0, and distances that take more bytes than the number itself.
  return (
    stampAt !== 0 &&
    Number.isSafeInteger(stampAt) &&
    Number.isSafeInteger(at) &&
    Math.abs(stampAt - at) < signedMax / 2
  );
}
