/** A simulated device: what it publishes at an instant, and whether that is what it means. */
import type { RejectCause } from "../../../core/decode.ts";
import type { EpochMs } from "../../../core/sample.ts";
import type { Sensor } from "../sensors.ts";
import { nameOfDevice } from "./device-names.ts";
import { numberText } from "./drives.ts";
import {
  damaged,
  type FaultKind,
  faultOffset,
  type FaultyReport,
  isMalformed,
  isSilent,
  shownAt,
  stampedAt,
} from "./faults.ts";
import { placeOf, renamed } from "./identity.ts";
import type { MovingNumber, SimulatedModel, Variant } from "./model.ts";
import { isUnusual, isUsuallyTrue, type Life, valueAt } from "./wander.ts";

/** One device. */
export interface SimulatedDevice {
  readonly model: SimulatedModel;
  readonly life: Life;
  /** Connections that the devices of its group share. */
  readonly connections: number;
  readonly faults: ReadonlySet<FaultKind>;
}

/** A payload, and the values that it is meant to say. */
interface Said {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly meant: ReadonlyMap<string, number | boolean>;
}

/** What devices did on purpose, counted as it happens. */
export interface FaultTally {
  malformed: number;
  /** Malformed payloads by the cause for which a gateway refuses them. */
  readonly refused: Partial<Record<RejectCause, number>>;
  /** Messages that silent devices kept to themselves. */
  withheld: number;
}

/** The payload of one report; a function of its arguments alone. */
function say(device: SimulatedDevice, variant: Variant, report: number, at: EpochMs): Said {
  const { model, life, faults, connections } = device;
  const faulty: FaultyReport = { seed: life.seed, device: life.device, report, faults };
  const { text, template } = variant;
  const name = model.name === undefined ? "" : nameOfDevice(model.name, life.device);
  const texts = text === undefined ? new Map<number, string>() : renamed(template, text, name);
  const meant = new Map<string, number | boolean>();
  const shown = shownAt(faulty, life.startAt, at);
  for (const moving of variant.numbers) {
    const raw = rawAt(moving, faulty, life, shown);
    const written = numberText(raw, template.slots[moving.slot]!.text);
    texts.set(moving.slot, written);
    for (const { metric, slope, intercept } of moving.driven) {
      meant.set(metric, slope * Number(written) + intercept);
    }
  }
  for (const { slot, metric, whenTrue, whenFalse } of variant.switches) {
    const state = isUnusual(metric, life, shown) !== isUsuallyTrue(metric);
    meant.set(metric, state);
    texts.set(slot, state ? whenTrue : whenFalse);
  }
  const stampAt = stampedAt(faulty, at);
  for (const { slot, stamp, afterMs } of variant.stamps) texts.set(slot, stamp.write(stampAt + afterMs));
  const { topic } = placeOf(variant, { text, name, number: life.device }, connections);
  return { topic, payload: template.render(texts), meant };
}

/** What a slot says: the value of its course, with faults, within what the metrics and the slot can be. */
function rawAt(moving: MovingNumber, faulty: FaultyReport, life: Life, at: EpochMs): number {
  const { course, slope, intercept, step, rawLow, rawHigh } = moving;
  const { metric, centre, reach, low, high } = course;
  const towards = high - centre >= centre - low ? 1 : -1;
  const value = valueAt(course, life, at) + reach * faultOffset(faulty, { metric, towards });
  const exact = (value - intercept) / slope;
  const counted = course.counts && exact > rawHigh ? rawLow + ((exact - rawLow) % (rawHigh - rawLow)) : exact;
  const raw = Math.round(Math.min(rawHigh, Math.max(rawLow, counted)) / step) * step;
  if (raw > rawHigh) return raw - step;
  return raw < rawLow ? raw + step : raw;
}

/**
 * Decodes what a device without faults says at an instant.
 *
 * @returns The names under which it is known, or what is wrong, as a clause.
 */
export function checkDevice(device: SimulatedDevice, at: EpochMs): ReadonlySet<string> | string {
  const names = new Set<string>();
  for (const variant of device.model.topics.flat()) {
    const { topic, payload, meant } = say({ ...device, faults: new Set() }, variant, 0, at);
    const trial = device.model.tryOut(topic, payload, at);
    if (trial === undefined) return `its topic ${topic} is not matched`;
    if (trial.rejection !== undefined) return `its payload on ${topic} is refused: ${trial.rejection.detail}`;
    const { samples } = trial;
    const metrics = samples.map(({ metric }) => metric);
    if (metrics.join() !== variant.samples.map(({ metric }) => metric).join()) {
      return `its payload on ${topic} gives other metrics than the example`;
    }
    for (const [row, { device: name, metric, value, at: readAt, bad }] of samples.entries()) {
      names.add(name);
      const wanted = meant.get(metric);
      if (wanted !== undefined && !isSame(value, wanted)) return `${metric} is ${value} and not ${wanted}`;
      if (bad && !variant.samples[row]!.bad) return `${metric} is out of its range: ${value}`;
      const resolutionMs = Math.max(...variant.stamps.map(({ stamp }) => stamp.resolutionMs));
      if (variant.isStamped && Math.abs((readAt ?? 0) - at) > resolutionMs) {
        return `its time stamp is not moved`;
      }
    }
  }
  return names;
}

/** What a float of 32 bits is exact to, with some room. */
const shareExact = 1e-6;

function isSame(value: unknown, wanted: number | boolean): boolean {
  if (typeof value !== "number" || typeof wanted !== "number") return value === wanted;
  return Math.abs(value - wanted) <= shareExact * Math.max(1, Math.abs(wanted));
}

/** Its topics as things that can be read, with their faults; what they do on purpose is counted. */
export function sensorsOf(device: SimulatedDevice, tally: FaultTally): readonly Sensor[] {
  const { life, connections, faults, model } = device;
  return model.topics.map((variants) => {
    const first = variants[0]!;
    const { text } = first;
    const name = model.name === undefined ? "" : nameOfDevice(model.name, life.device);
    const { topic, client } = placeOf(first, { text, name, number: life.device }, connections);
    const resolutionMs = Math.max(1, ...variants.flatMap(resolutionsOf));
    let [reports, latestAt] = [0, Number.NEGATIVE_INFINITY];
    return {
      topic,
      client,
      read(now) {
        const report = reports++;
        const faulty: FaultyReport = { seed: life.seed, device: life.device, report, faults };
        if (isSilent(faulty)) {
          tally.withheld += 1;
          return undefined;
        }
        // Two reports with one stamp would rightly count as sent again.
        const at = Math.max(now, latestAt + resolutionMs);
        latestAt = at;
        const { payload } = say(device, variants[report % variants.length]!, report, at);
        const bad = isMalformed(faulty, topic) ? malformedOf(model, topic, payload, at) : undefined;
        if (bad === undefined) return payload;
        tally.malformed += 1;
        tally.refused[bad.cause] = (tally.refused[bad.cause] ?? 0) + 1;
        return bad.payload;
      },
    };
  });
}

function resolutionsOf({ isStamped, stamps }: Variant): number[] {
  return isStamped ? stamps.map(({ stamp }) => stamp.resolutionMs) : [];
}

/** The payload damaged so that a gateway refuses it; nothing where whatever comes is taken. */
function malformedOf(
  { tryOut }: SimulatedModel,
  topic: string,
  payload: Uint8Array,
  at: EpochMs,
): { readonly payload: Uint8Array; readonly cause: RejectCause } | undefined {
  for (const bytes of damaged(payload)) {
    const trial = tryOut(topic, bytes, at);
    if (trial?.rejection !== undefined) return { payload: bytes, cause: trial.rejection.cause };
  }
  return undefined;
}

/** Whether some message of the model can be damaged so that it is refused. */
export function canBeMalformed(device: SimulatedDevice, at: EpochMs): boolean {
  return device.model.topics.some((variants) => {
    const { topic, payload } = say(device, variants[0]!, 0, at);
    return malformedOf(device.model, topic, payload, at) !== undefined;
  });
}
