/**
 * Which slots of a payload drive which metrics: found by changing one and looking what comes out.
 *
 * So it holds for every codec and every profile, and nothing has to be said twice.
 */
import type { TrialSample } from "../../../ingest/profile-trial.ts";
import { type PayloadTemplate, type Slot, stepOf } from "./payload-template.ts";

/** A metric that follows a slot: `slope × raw + intercept`. */
export interface DrivenMetric {
  readonly metric: string;
  readonly unit?: string;
  readonly slope: number;
  readonly intercept: number;
}

/** A slot that holds a number, and what follows it. */
export interface NumberDrive {
  readonly kind: "number";
  /** Index of the slot. */
  readonly slot: number;
  readonly step: number;
  readonly raw: number;
  readonly driven: readonly DrivenMetric[];
}

/** A slot that says yes or no. */
export interface SwitchDrive {
  readonly kind: "switch";
  readonly slot: number;
  readonly metric: string;
  /** What the slot says for either state of the metric. */
  readonly whenTrue: string;
  readonly whenFalse: string;
}

export type Drive = NumberDrive | SwitchDrive;

/** Decodes the example with some slots changed; nothing where it is refused. */
export type DecodeWith = (texts: ReadonlyMap<number, string>) => readonly TrialSample[] | undefined;

/** Finds the drives of an example. A slot that drives nothing, or not in proportion, is none. */
export function drivesOf({ slots }: PayloadTemplate, decodeWith: DecodeWith): readonly Drive[] {
  const base = decodeWith(new Map());
  if (base === undefined) return [];
  return slots.flatMap((slot, index) => {
    const drive = switchOf(slot, index, base, decodeWith) ?? numberOf(slot, index, base, decodeWith);
    return drive === undefined ? [] : [drive];
  });
}

/** Words that mean the opposite of each other. */
const opposites: ReadonlyMap<string, string> = new Map(
  [
    ["true", "false"],
    ["0", "1"],
    ["on", "off"],
    ["ON", "OFF"],
    ["On", "Off"],
    ["online", "offline"],
    ["Online", "Offline"],
    ["open", "closed"],
    ["yes", "no"],
  ].flatMap(([one = "", other = ""]) => [
    [one, other],
    [other, one],
  ]),
);

function switchOf(
  slot: Slot,
  index: number,
  base: readonly TrialSample[],
  decodeWith: DecodeWith,
): SwitchDrive | undefined {
  const opposite = opposites.get(slot.text);
  if (opposite === undefined) return undefined;
  const changed = decodeWith(new Map([[index, opposite]]));
  if (changed === undefined || !areAlike(base, changed)) return undefined;
  const [row, second] = changedRows(base, changed);
  if (row === undefined || second !== undefined) return undefined;
  const { metric, value } = base[row]!;
  if (typeof value !== "boolean" || changed[row]!.value !== !value) return undefined;
  return {
    kind: "switch",
    slot: index,
    metric,
    whenTrue: value ? slot.text : opposite,
    whenFalse: value ? opposite : slot.text,
  };
}

function numberOf(
  slot: Slot,
  index: number,
  base: readonly TrialSample[],
  decodeWith: DecodeWith,
): NumberDrive | undefined {
  const raw = Number(slot.text);
  if (slot.kind !== "number" || !Number.isFinite(raw)) return undefined;
  const step = stepOf(slot.text);
  // Far enough for the slope to be exact, and to a side where there is room.
  const far = step * Math.max(1, Math.round(Math.abs(raw) / 100 / step));
  const delta = raw + 2 * far > (slot.high ?? Number.POSITIVE_INFINITY) ? -far : far;
  // Numbers with very many digits are written with fewer: what counts is what was written.
  const [text1, text2] = [numberText(raw + delta, slot.text), numberText(raw + 2 * delta, slot.text)];
  const [raw1, raw2] = [Number(text1), Number(text2)];
  const first = decodeWith(new Map([[index, text1]]));
  const second = decodeWith(new Map([[index, text2]]));
  if (first === undefined || second === undefined) return undefined;
  if (!areAlike(base, first) || !areAlike(base, second)) return undefined;
  const rows = changedRows(base, first);
  const driven: DrivenMetric[] = [];
  for (const row of rows) {
    const { metric, unit, value } = base[row]!;
    const [at1, at2] = [first[row]!.value, second[row]!.value];
    if (typeof value !== "number" || typeof at1 !== "number" || typeof at2 !== "number") return undefined;
    const slope = (at2 - value) / (raw2 - raw);
    if (!isNear(at1, value + slope * (raw1 - raw), slope * step)) return undefined;
    driven.push({
      metric,
      ...(unit === undefined ? {} : { unit }),
      slope,
      intercept: value - slope * raw,
    });
  }
  return driven.length === 0 ? undefined : { kind: "number", slot: index, step, raw, driven };
}

/** A number in the notation of another: with as many decimals. */
export function numberText(value: number, like: string): string {
  const decimals = /\.(\d+)$/.exec(like)?.[1]?.length ?? 0;
  const text = value.toFixed(Math.min(decimals, 6));
  return /^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text;
}

/** Whether two values are the same but for rounding, which is far less than what a step makes. */
function isNear(value: number, other: number, step: number): boolean {
  return Math.abs(value - other) <= Math.max(Math.abs(step) * 1e-3, Math.abs(other) * 1e-9);
}

/** Whether the same metrics of the same device came, in the same order. */
function areAlike(base: readonly TrialSample[], other: readonly TrialSample[]): boolean {
  return (
    base.length === other.length &&
    base.every(({ device, metric, at }, row) => {
      const there = other[row]!;
      return there.device === device && there.metric === metric && there.at === at;
    })
  );
}

function changedRows(base: readonly TrialSample[], other: readonly TrialSample[]): number[] {
  return base.flatMap(({ value }, row) => (other[row]!.value === value ? [] : [row]));
}
