/** The labelled series of the Numenta Anomaly Benchmark that lie beside the project. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Rows of a series, the last one included, in which an anomaly is labelled. */
export interface LabelledWindow {
  readonly first: number;
  readonly last: number;
}

export interface LabelledSeries {
  /** `category/file.csv`. */
  readonly name: string;
  readonly category: string;
  readonly at: Float64Array;
  readonly values: Float64Array;
  /** In order, without overlap. */
  readonly windows: readonly LabelledWindow[];
}

/** Where the data lie, seen from the root of the project. */
export const corpusPath = "../shared/data/nab";

/** A stamp without a zone, `YYYY-MM-DD hh:mm:ss` and perhaps a fraction, as UTC. */
function epochMs(stamp: string): number {
  return Date.parse(`${stamp.trim().replace(" ", "T")}Z`);
}

function parseSeries(
  name: string,
  csv: string,
  labels: readonly (readonly [string, string])[],
): LabelledSeries {
  const lines = csv.trim().split("\n").slice(1);
  const at = new Float64Array(lines.length);
  const values = new Float64Array(lines.length);
  for (const [row, line] of lines.entries()) {
    const [stamp, value] = line.split(",");
    at[row] = epochMs(stamp!);
    values[row] = Number(value);
  }
  const windows = labels.map(([start, end]) => ({
    first: at.indexOf(epochMs(start)),
    last: at.lastIndexOf(epochMs(end)),
  }));
  if (windows.some(({ first, last }) => first < 0 || last < first)) {
    throw new Error(`A window of ${name} begins or ends at no row.`);
  }
  return { name, category: name.split("/")[0]!, at, values, windows };
}

/**
 * Reads the corpus.
 *
 * @returns Every series of `windows.json`, by name; `undefined` where the data are not there.
 */
export function loadCorpus(path: string = corpusPath): readonly LabelledSeries[] | undefined {
  const index = join(path, "windows.json");
  if (!existsSync(index)) return undefined;
  const labels: Record<string, [string, string][]> = JSON.parse(readFileSync(index, "utf8"));
  return Object.keys(labels)
    .toSorted()
    .map((name) => parseSeries(name, readFileSync(join(path, name), "utf8"), labels[name]!));
}
