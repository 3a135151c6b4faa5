/**
 * Whether a device is there, as device families say it; always the boolean `online` of the device.
 *
 * `online` and `offline` in any case, `true` and `false`, and `{"state":"online"}`.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { ValueKind } from "../core/sample.ts";
import { leafAt, looksLikeObject, objectPlan } from "./object-plan.ts";
import { Readings } from "./readings.ts";
import { rejected } from "./rejection.ts";
import { isText, viewOf } from "./text.ts";

/** The metric of every availability. */
export const onlineMetric = "online";

/** Words in small letters, and what they say. */
export type AvailabilityWords = ReadonlyMap<string, boolean>;

const usualWords: AvailabilityWords = new Map([
  ["online", true],
  ["true", true],
  ["offline", false],
  ["false", false],
]);

/** The longest payload that can be a word. */
const wordBytesMax = 64;

const readings = new Readings();

/** Makes the plan for a topic that says whether a device is there. */
export function availabilityPlan(
  codec: string,
  spec: PlanSpec,
  device: string,
  words: AvailabilityWords = usualWords,
): DecodePlan {
  const name = spec.device ?? device;
  const object = objectPlan({
    codec,
    spec,
    device,
    levelsMax: 1,
    decode(found) {
      const leaf = leafAt(found.leaves, "state");
      const online =
        leaf?.kind === ValueKind.boolean ? leaf.value === 1 : words.get((leaf?.text ?? "").toLowerCase());
      if (online === undefined) return unknown();
      found.readings.boolean(onlineMetric, online);
      return undefined;
    },
  });
  return {
    codec,
    decode(bytes, start, end, target) {
      if (looksLikeObject(bytes, start, end)) return object.decode(bytes, start, end, target);
      return decodeWord(name, words, bytes, start, end, target);
    },
  };
}

function decodeWord(
  device: string,
  words: AvailabilityWords,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: DecodeTarget,
): Rejection | undefined {
  if (start === end) return rejected("empty", "The payload is empty.");
  if (end - start > wordBytesMax) return unknown();
  if (!isText(bytes, start, end)) return rejected("invalid-text", "The payload is not UTF-8.");
  const online = words.get(viewOf(bytes).toString("utf8", start, end).trim().toLowerCase());
  if (online === undefined) return unknown();
  readings.begin(device, undefined);
  readings.boolean(onlineMetric, online);
  return readings.emit(target);
}

function unknown(): Rejection {
  return rejected("malformed", "The topic says whether a device is online, and the payload does not.");
}
