/**
 * The values of a test's series as people write them: terms with blanks between them.
 *
 * | term | means |
 * | --- | --- |
 * | `7`, `-1.5e3`, `true`, `false` | one sample |
 * | `_` | one that is missing |
 * | `4x5`, `truex5`, `_x3` | as many of them |
 * | `0+2x10`, `10-1x5` | as many, each that much above or below the one before |
 * | `stale` | the end of the device: nothing comes any more, and the gateway's own time goes on |
 */

/** A sample, `null` for one that is missing, or the end of the device. */
export type TestValue = number | boolean | null | "stale";

/** Samples of one series of a test. */
export const seriesSamplesMax = 100_000;

/** What is wrong with one term. */
export interface TestSeriesProblem {
  /** Where the term begins: characters before it. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

export type ParsedTestSeries =
  | { readonly ok: true; readonly values: readonly TestValue[] }
  | { readonly ok: false; readonly problems: readonly TestSeriesProblem[] };

const number = String.raw`\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const repeated = new RegExp(`^(_|true|false|-?${number})(?:x(\\d+))?$`);
const rising = new RegExp(`^(-?${number})([+-])(${number})x(\\d+)$`);

/** What a text of terms looks like, as a regular expression for schemas. {@link parseTestSeries} is stricter. */
export const testSeriesPattern: string = String.raw`^\s*\S+(\s+\S+)*\s*$`;

/** Further mistakes in one text are like the first ones. */
const problemsMax = 8;

/**
 * Reads the values of a series.
 *
 * @returns At least one and at most {@link seriesSamplesMax} values; or the first problems, in order.
 */
export function parseTestSeries(text: string): ParsedTestSeries {
  const values: TestValue[] = [];
  const problems: TestSeriesProblem[] = [];
  let count = 0;
  let ended = false;
  for (const match of text.matchAll(/\S+/g)) {
    const [term] = match;
    const offset = match.index;
    if (problems.length === problemsMax) break;
    if (ended) {
      problems.push({ offset, message: `"${shown(term)}" stands behind "stale".`, hint: 'end with "stale"' });
      break;
    }
    const read = readTerm(term);
    if ("hint" in read) {
      problems.push({ offset, ...read });
      continue;
    }
    count += read.count;
    if (count > seriesSamplesMax) {
      const message = `With "${shown(term)}" the series has more than ${seriesSamplesMax} samples.`;
      problems.push({ offset, message, hint: "use a longer interval" });
      break;
    }
    append(values, read);
    ended = read.first === "stale";
  }
  if (count === 0 && problems.length === 0) {
    problems.push({ offset: 0, message: "There is no term here.", hint: 'for example "4x5 12x20"' });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, values };
}

/** Values that one term stands for. */
interface Term {
  readonly first: TestValue;
  /** How much each value is above the one before. */
  readonly step: number;
  readonly count: number;
}

type BadTerm = Omit<TestSeriesProblem, "offset">;

function readTerm(term: string): Term | BadTerm {
  if (term === "stale") return { first: "stale", step: 0, count: 1 };
  const same = repeated.exec(term);
  if (same !== null) return checked(term, valueOf(same[1]!), 0, same[2] ?? "1");
  const ramp = rising.exec(term);
  if (ramp === null) {
    return { message: `"${shown(term)}" is not a term.`, hint: hintFor(term) };
  }
  const step = Number(ramp[3]!);
  return checked(term, Number(ramp[1]!), ramp[2] === "-" ? -step : step, ramp[4]!);
}

function checked(term: string, first: TestValue, step: number, digits: string): Term | BadTerm {
  const count = Number(digits);
  if (count < 1) {
    return { message: `"${shown(term)}" stands for no sample.`, hint: "remove it, or write how many" };
  }
  const last = typeof first === "number" ? first + step * (count - 1) : 0;
  if (Number.isFinite(last) && (typeof first !== "number" || Number.isFinite(first))) {
    return { first, step, count };
  }
  return { message: `"${shown(term)}" is more than a number can be.`, hint: "use smaller numbers" };
}

function valueOf(written: string): TestValue {
  if (written === "_") return null;
  if (written === "true" || written === "false") return written === "true";
  return Number(written);
}

function append(values: TestValue[], { first, step, count }: Term): void {
  for (let index = 0; index < count; index += 1) {
    values.push(step === 0 || typeof first !== "number" ? first : first + step * index);
  }
}

/** Words that people use for what the notation writes otherwise. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ["null", "_"],
  ["nan", "_"],
  ["none", "_"],
  ["missing", "_"],
  ["on", "true"],
  ["off", "false"],
  ["yes", "true"],
  ["no", "false"],
  ["end", "stale"],
  ["offline", "stale"],
]);

function hintFor(term: string): string {
  if (/[,;]/.test(term)) return "put blanks between the terms";
  const repaired = term.replaceAll(/[*X×]/g, "x").toLowerCase();
  const other = otherWords.get(repaired);
  if (other !== undefined) return `write "${other}"`;
  if (repaired !== term && (repeated.test(repaired) || rising.test(repaired))) return `write "${repaired}"`;
  if (rising.test(`${term}x2`)) return `say how many: "${term}x10"`;
  if (/^\.\d|^\+\d/.test(term)) return `write "${term.replace(/^\+/, "").replace(/^\./, "0.")}"`;
  return 'terms are "7", "4x5" (five samples of 4), "0+2x10" (ten, rising by 2), "_x3" (three missing), "true", "stale"';
}

function shown(term: string): string {
  return term.length > 24 ? `${term.slice(0, 23)}…` : term;
}
