/** Recorded series: `timestamp,value` with `YYYY-MM-DD hh:mm:ss` in UTC. */
import { readFile, stat } from "node:fs/promises";
import { AppError, messageOf } from "../../core/errors.ts";
import type { EpochMs } from "../../core/sample.ts";

/** One recorded reading. */
export interface Reading {
  readonly at: EpochMs;
  readonly value: number;
}

/** Largest file that is read: some ten million rows. */
const fileBytesMax = 256 * 1024 * 1024;

const timestampPattern = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?Z?$/;

/**
 * Reads a recorded series, in the order of the file.
 *
 * @throws AppError `SIMULATE_CSV` when the file cannot be read, or a row is not a reading; kind `operator`.
 *   The message names file and line.
 */
export async function readSeries(path: string): Promise<readonly Reading[]> {
  const text = await readText(path);
  const lines = text.split("\n");
  const readings: Reading[] = [];
  for (const [index, line] of lines.entries()) {
    const row = line.trim();
    if (row === "" || (index === 0 && row.replace(/"/g, "").toLowerCase() === "timestamp,value")) continue;
    const reading = parseRow(row);
    if (reading === undefined) {
      throw new AppError(
        "SIMULATE_CSV",
        "operator",
        `${path}:${index + 1}: "${row.slice(0, 60)}" is not a reading.`,
        {
          hint: "Each row is `YYYY-MM-DD hh:mm:ss,value`, in UTC, after the header `timestamp,value`.",
        },
      );
    }
    readings.push(reading);
  }
  return readings;
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw new RangeError(`it has ${size} bytes, more than ${fileBytesMax}`);
    return await readFile(path, "utf8");
  } catch (error) {
    throw new AppError("SIMULATE_CSV", "operator", `${path} cannot be read: ${messageOf(error)}.`, {
      cause: error,
      hint: "Give the path of a CSV file with --csv.",
    });
  }
}

function parseRow(row: string): Reading | undefined {
  const comma = row.indexOf(",");
  const at = parseTimestamp(row.slice(0, comma).replace(/"/g, "").trim());
  const text = row.slice(comma + 1).trim();
  const value = text === "" ? Number.NaN : Number(text);
  return comma === -1 || at === undefined || !Number.isFinite(value) ? undefined : { at, value };
}

/** The instant of a UTC time stamp; nothing when it is none, or names a day that does not exist. */
function parseTimestamp(text: string): EpochMs | undefined {
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second, Number((match[7] ?? "0").padEnd(3, "0")));
  const written = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`;
  return new Date(at).toISOString().startsWith(written) ? at : undefined;
}
