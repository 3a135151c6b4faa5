/** A model of sensor, made ready to be simulated from the good examples of its profile. */
import { AppError } from "../../../core/errors.ts";
import type { DeviceProfile, ProfileMetric } from "../../../core/profile.ts";
import type { EpochMs } from "../../../core/sample.ts";
import { filterMatches } from "../../../core/topic.ts";
import type { TrialSample } from "../../../ingest/profile-trial.ts";
import { type Drive, drivesOf, type NumberDrive, type SwitchDrive } from "./drives.ts";
import { identityOf, type NamedExample } from "./identity.ts";
import { civilStamp, epochStamp, type Stamp } from "./payload-stamps.ts";
import { payloadTemplate } from "./payload-template.ts";
import { trialsOf, type TryOut } from "./trials.ts";
import { type Course, courseOf } from "./wander.ts";

/** A slot whose value moves. */
export interface MovingNumber extends NumberDrive {
  readonly course: Course;
  /** The metric that the course is of. */
  readonly slope: number;
  readonly intercept: number;
  /** What the slot may hold, with every metric in its range. */
  readonly rawLow: number;
  readonly rawHigh: number;
}

/** A slot that is a time. */
export interface StampSlot {
  readonly slot: number;
  readonly stamp: Stamp;
  /** How long after the time of the readings it is. */
  readonly afterMs: number;
}

/** One example, ready to say something else. */
export interface Variant extends NamedExample {
  readonly samples: readonly TrialSample[];
  readonly numbers: readonly MovingNumber[];
  readonly switches: readonly SwitchDrive[];
  readonly stamps: readonly StampSlot[];
  /** Whether one of the stamps is the time of the readings. */
  readonly isStamped: boolean;
  /** What stands for the device. */
  readonly text: string | undefined;
}

/** See the module. */
export interface SimulatedModel {
  readonly profile: DeviceProfile;
  readonly tryOut: TryOut;
  readonly intervalMs: number;
  /** The name of the device in the examples; nothing where all devices of the model would be one. */
  readonly name: string | undefined;
  /** By topic; the variants of one topic are sent in turn. */
  readonly topics: readonly (readonly Variant[])[];
}

const intervalUsualMs = 60_000;
const dayMs = 86_400_000;

/** When examples are received: times relative to now are counted from it. */
const exampleReceivedAt: EpochMs = 1_762_000_000_000;

/**
 * Looks at the examples of a profile.
 *
 * @throws AppError `SIMULATE_PROFILE` where none of them gives a reading; kind `operator`.
 */
export function modelOf(profile: DeviceProfile): SimulatedModel {
  const tryOut = trialsOf(profile);
  const found = profile.good.flatMap((example) => {
    const named = exampleOf(profile, example);
    const samples = named && decoded(tryOut, named.topic, example.bytes);
    return named === undefined || samples === undefined ? [] : [{ named, samples }];
  });
  const worth = found.filter(
    ({ named, samples }) =>
      isTold(samples) || !found.some((other) => other.named.topic === named.topic && isTold(other.samples)),
  );
  if (!worth.some(({ samples }) => samples.length > 0)) {
    throw unsimulated(profile.id, "none of its examples gives a reading");
  }
  const texts = worth.map(({ named }) => identityOf(named, decodeAs(tryOut, named)));
  const name = texts.find((text) => text !== undefined);
  const variants = worth.map(({ named, samples }, index) =>
    variantOf(profile, tryOut, { ...named, samples, text: texts[index] ?? name }),
  );
  const topics = Map.groupBy(variants, ({ topic }) => topic);
  return {
    profile,
    tryOut,
    intervalMs: profile.intervalMs ?? intervalUsualMs,
    name,
    topics: [...topics.values()],
  };
}

/** A failure that names the profile. */
export function unsimulated(id: string, why: string): AppError {
  return new AppError("SIMULATE_PROFILE", "operator", `${id} cannot be simulated: ${why}.`, {
    hint: "Devices are made of the good examples of the profile; `holdfast devices try` shows what becomes of one.",
  });
}

function exampleOf(
  profile: DeviceProfile,
  example: { topic: string; bytes: Uint8Array },
): NamedExample | undefined {
  const { topic, bytes } = example;
  const filter = profile.match.find((match) => filterMatches(match, topic));
  return filter === undefined ? undefined : { topic, filter, template: payloadTemplate(bytes) };
}

function decoded(tryOut: TryOut, topic: string, bytes: Uint8Array): readonly TrialSample[] | undefined {
  const trial = tryOut(topic, bytes, exampleReceivedAt);
  return trial?.rejection === undefined ? trial?.samples : undefined;
}

function decodeAs(tryOut: TryOut, { template }: NamedExample) {
  return (topic: string, texts: ReadonlyMap<number, string>) =>
    decoded(tryOut, topic, template.render(texts));
}

/** Whether something is said, and no reading is missing or wrong. */
function isTold(samples: readonly TrialSample[]): boolean {
  return samples.every(({ value, bad }) => value !== null && !bad);
}

type Looked = NamedExample & Pick<Variant, "samples" | "text">;

function variantOf(profile: DeviceProfile, tryOut: TryOut, example: Looked): Variant {
  const { template, topic, samples } = example;
  const readAt = samples.find(({ at }) => at !== undefined)?.at;
  const stamps = stampsOf(example, readAt);
  const times = new Set(stamps.map(({ slot }) => slot));
  const drives = drivesOf(template, (texts) => decodeAs(tryOut, example)(topic, texts)).filter(
    ({ slot }) => !times.has(slot),
  );
  return {
    ...example,
    stamps,
    isStamped: readAt !== undefined && stamps.some(({ afterMs }) => Math.abs(afterMs) < 1),
    switches: drives.filter((drive) => drive.kind === "switch"),
    numbers: drives.flatMap((drive) => movingOf(profile, example, drive)),
  };
}

/** Texts and numbers that are times near that of the readings; without one, near the first that is written out. */
function stampsOf({ template }: NamedExample, readAt: EpochMs | undefined): StampSlot[] {
  const first = template.slots
    .values()
    .map(({ text }) => civilStamp(text))
    .find((stamp) => stamp !== undefined);
  const reference = readAt ?? first?.at;
  if (reference === undefined) return [];
  return template.slots.flatMap(({ kind, text, low }, slot) => {
    const stamp =
      kind === "boolean" || low !== undefined ? undefined : (civilStamp(text) ?? epochStamp(text));
    if (stamp === undefined) return [];
    const afterMs = stamp.at - reference;
    return Math.abs(afterMs) <= dayMs ? [{ slot, stamp, afterMs }] : [];
  });
}

function movingOf(profile: DeviceProfile, { template, samples }: Looked, drive: Drive): MovingNumber[] {
  if (drive.kind !== "number") return [];
  let [rawLow, rawHigh] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const narrow = (one: number, other: number): void => {
    rawLow = Math.max(rawLow, Math.min(one, other));
    rawHigh = Math.min(rawHigh, Math.max(one, other));
  };
  const slot = template.slots[drive.slot]!;
  narrow(slot.low ?? Number.NEGATIVE_INFINITY, slot.high ?? Number.POSITIVE_INFINITY);
  const courses: Pick<MovingNumber, "course" | "slope" | "intercept">[] = [];
  for (const { metric, unit, slope, intercept } of drive.driven) {
    const range = metricNamed(profile, metric)?.range;
    if (range !== undefined) narrow((range[0] - intercept) / slope, (range[1] - intercept) / slope);
    const value = Number(samples.find((sample) => sample.metric === metric)?.value);
    const course = courseOf({ metric, unit, range, value, step: Math.abs(slope) * drive.step });
    if (course !== undefined) courses.push({ course, slope, intercept });
  }
  const first = courses[0];
  return first === undefined ? [] : [{ ...drive, ...first, rawLow, rawHigh }];
}

function metricNamed({ metrics }: DeviceProfile, name: string): ProfileMetric | undefined {
  return metrics.find((metric) => {
    const [before = "", after] = metric.name.split("*");
    if (after === undefined) return metric.name === name;
    return name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
  });
}
