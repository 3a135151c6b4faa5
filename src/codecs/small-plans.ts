/** Plans that need no look at the payload, or pass it on: what a family does with its lesser topics. */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { rejected } from "./rejection.ts";
import { scalarPlan } from "./scalar.ts";

/** For topics that carry no readings: logs, announcements, commands. Every payload is accepted, without rows. */
export function silentPlan(codec: string): DecodePlan {
  return { codec, decode: (_bytes, _start, _end, target) => nothing(target) };
}

/** For topics that the family does not have: every payload is refused as unsupported. */
export function refusingPlan(codec: string, detail: string): DecodePlan {
  return { codec, decode: () => rejected("unsupported", detail) };
}

/** A plan under the name of the codec that chose it. */
export function namedPlan(codec: string, plan: DecodePlan): DecodePlan {
  return { codec, decode: (bytes, start, end, target) => plan.decode(bytes, start, end, target) };
}

/** A plan for topics that are cleared by an empty payload: that one is accepted, without rows. */
export function clearablePlan(plan: DecodePlan): DecodePlan {
  return {
    codec: plan.codec,
    decode: (bytes, start, end, target) =>
      start === end ? nothing(target) : plan.decode(bytes, start, end, target),
  };
}

/** A plan for one value, whose names the family knows where the route does not say otherwise. */
export function valuePlan(codec: string, spec: PlanSpec, names: ValueNames): DecodePlan {
  const unit = spec.unit ?? names.unit;
  const plan = scalarPlan({
    ...spec,
    device: spec.device ?? names.device,
    metric: spec.metric ?? names.metric,
    ...(unit === undefined ? {} : { unit }),
  });
  return namedPlan(codec, plan);
}

interface ValueNames {
  readonly device: string;
  readonly metric: string;
  readonly unit?: string | undefined;
}

/** Accepts a payload that has no readings, and no time of its own. */
export function nothing(target: DecodeTarget): Rejection | undefined {
  target.stampAt = Number.NaN;
  target.stampUnreadable = false;
  return undefined;
}
