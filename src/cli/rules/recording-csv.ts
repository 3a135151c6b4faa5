/** Recorded samples as CSV: `timestamp,value`, or columns named in the first line. */
import type { RecordedSample } from "./recording.ts";
import { stampOf } from "./instants.ts";

/** Names of the columns that are understood. */
const columnNames: ReadonlyMap<string, "at" | "device" | "metric" | "value"> = new Map([
  ["at", "at"],
  ["ts", "at"],
  ["time", "at"],
  ["timestamp", "at"],
  ["device", "device"],
  ["metric", "metric"],
  ["value", "value"],
]);

/** Where in a row each part stands; -1: nowhere. */
interface Columns {
  readonly at: number;
  readonly device: number;
  readonly metric: number;
  readonly value: number;
}

/**
 * Makes a reader for the lines of one file.
 *
 * @param names - Of rows that do not name their device or metric themselves.
 */
export function csvReader(names: {
  readonly device: string;
  readonly metric: string;
}): (line: string) => RecordedSample | "header" | undefined {
  let columns: Columns | undefined;
  return (line) => {
    const fields = fieldsOf(line);
    if (columns === undefined) {
      const named = columnsOf(fields);
      columns = named ?? { at: 0, device: -1, metric: -1, value: 1 };
      if (named !== undefined) return "header";
    }
    if (fields.length === 1 && fields[0]!.trim() === "") return "header";
    const at = stampOf(fields[columns.at]);
    const written = fields[columns.value];
    if (Number.isNaN(at) || written === undefined) return undefined;
    const device = columns.device === -1 ? names.device : fields[columns.device];
    const metric = columns.metric === -1 ? names.metric : fields[columns.metric];
    if (device === undefined || metric === undefined) return undefined;
    return { device, metric, at, value: valueOf(written) };
  };
}

function columnsOf(fields: readonly string[]): Columns | undefined {
  const found = fields.map((field) =>
    columnNames.get(
      field
        .trim()
        .replace(/^\uFEFF/, "")
        .toLowerCase(),
    ),
  );
  const [at, value] = [found.indexOf("at"), found.indexOf("value")];
  if (at === -1 || value === -1) return undefined;
  return { at, value, device: found.indexOf("device"), metric: found.indexOf("metric") };
}

function valueOf(written: string): number | boolean | string | null {
  const text = written.trim();
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** The fields of a row; quotes around them are taken off. Source: RFC 4180, § 2, but for line breaks in fields. */
function fieldsOf(line: string): string[] {
  const row = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (!row.includes('"')) return row.split(",");
  const fields: string[] = [];
  for (let from = 0; from <= row.length; ) {
    const end = row.charAt(from) === '"' ? endOfQuoted(row, from) : from;
    const comma = row.indexOf(",", end);
    const until = comma === -1 ? row.length : comma;
    const isQuoted = end > from;
    fields.push(isQuoted ? row.slice(from + 1, end - 1).replaceAll('""', '"') : row.slice(from, until));
    from = until + 1;
  }
  return fields;
}

/** The index behind the closing quote of a field that begins with one. */
function endOfQuoted(row: string, from: number): number {
  for (let at = from + 1; at < row.length; at += 1) {
    if (row.charAt(at) !== '"') continue;
    if (row.charAt(at + 1) !== '"') return at + 1;
    at += 1;
  }
  return row.length + 1;
}
