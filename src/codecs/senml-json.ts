/**
 * SenML packs as JSON, from bytes to rows; `senml-pack.ts` says what becomes of them.
 *
 * A name that comes twice in one record: the last one counts, as everywhere in JSON.
 *
 * Source: RFC 8428, § 4 and 5.
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import { parseJson } from "./json-bounds.ts";
import { rejected } from "./rejection.ts";
import { SenmlPack } from "./senml-pack.ts";
import { SenmlPlan } from "./senml-plan.ts";

const pack = new SenmlPack("base64url");

/** Makes the plan for a topic whose payloads are SenML packs in JSON (`application/senml+json`). */
export function senmlJsonPlan(spec: PlanSpec): DecodePlan {
  return new SenmlPlan("senml-json", spec, pack, read);
}

function read(bytes: Uint8Array, start: number, end: number): Rejection | undefined {
  const parsed = parseJson(bytes, start, end);
  if ("rejection" in parsed) return parsed.rejection;
  if (!Array.isArray(parsed.value)) {
    return rejected("unsupported", "The payload is JSON, but not an array of records.");
  }
  const records: readonly unknown[] = parsed.value;
  pack.begin();
  for (const record of records) {
    pack.beginRecord();
    if (!isObject(record)) return pack.refuse("malformed", "is not an object");
    for (const label of Object.keys(record)) {
      if (!pack.set(label, record[label])) return pack.rejection;
    }
    if (!pack.endRecord()) return pack.rejection;
  }
  return pack.end();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
