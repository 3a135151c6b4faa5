/**
 * Finds out how the payloads of a topic are written, and stays with it.
 *
 * In this order, by the first payload that tells:
 * 1. the first byte is `{`, `[` or `"`: JSON;
 * 2. the text is a number with an optional unit, or a known word: a scalar;
 * 3. the first byte is the head of a CBOR map, and the whole payload is one: CBOR;
 * 4. otherwise a rejection, `undetected`.
 *
 * Text comes before CBOR because `5` is also the CBOR of -22. Free text, line protocol and anything that
 * only resembles one of the three is never guessed: a wrong guess makes series that nobody wanted.
 *
 * The first payload that a codec accepts settles the topic. Words alone settle nothing, since a will
 * (`offline`) is often the first message on a topic of JSON. After three failures in a row the next
 * payload is looked at afresh. On a topic of objects a word is refused but is not a failure: a device
 * that goes `offline` and `online` all day keeps its topic JSON.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause, Rejection } from "../core/decode.ts";
import { cborPlan } from "./cbor.ts";
import { jsonPlan } from "./json.ts";
import { rejected } from "./rejection.ts";
import { scalarLook, scalarOnlyPlan } from "./scalar.ts";

/** Failures in a row after which a topic is looked at afresh. */
const failuresMax = 3;

/** Causes that say "this is not CBOR as we know it", which on an unknown topic means "not CBOR". */
const notCborCauses: ReadonlySet<RejectCause> = new Set(["malformed", "unsupported"]);

/** Makes the plan for a topic of which nothing is known. Its `codec` is `auto` until the topic is settled. */
export function autoPlan(spec: PlanSpec): DecodePlan {
  return new AutoPlan(spec);
}

class AutoPlan implements DecodePlan {
  readonly #spec: PlanSpec;
  #settled: DecodePlan | undefined;
  #failures = 0;
  /** The plan last tried while the topic is open, so that what it learnt is kept. */
  #tried: DecodePlan | undefined;

  constructor(spec: PlanSpec) {
    this.#spec = spec;
  }

  get codec(): string {
    return this.#settled?.codec ?? "auto";
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const settled = this.#settled;
    if (settled === undefined) return this.#decodeOpen(bytes, start, end, target);
    if (start === end) return empty();
    const rejection = settled.decode(bytes, start, end, target);
    if (rejection === undefined) this.#failures = 0;
    else this.#failed(rejection, bytes, start, end);
    return rejection;
  }

  #decodeOpen(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const first = firstByte(bytes, start, end);
    if (first < 0) return empty();
    if (first === 0x7b || first === 0x5b || first === 0x22) {
      return this.#try("json", bytes, start, end, target, true);
    }
    const look = scalarLook(bytes, start, end, this.#spec.decimalComma);
    if (look !== "none") return this.#try("scalar", bytes, start, end, target, look === "number");
    if (bytes[start]! >> 5 !== 5) {
      return rejected("undetected", "The payload is neither a JSON object, nor a scalar, nor a CBOR map.");
    }
    const rejection = this.#try("cbor", bytes, start, end, target, true);
    if (rejection === undefined || !notCborCauses.has(rejection.cause)) return rejection;
    return rejected("undetected", `The payload only looks like CBOR: ${rejection.detail}`);
  }

  #try(
    codec: "json" | "cbor" | "scalar",
    bytes: Uint8Array,
    start: number,
    end: number,
    target: DecodeTarget,
    settles: boolean,
  ): Rejection | undefined {
    if (this.#tried?.codec !== codec) this.#tried = planOf(codec, this.#spec);
    const plan = this.#tried;
    const rejection = plan.decode(bytes, start, end, target);
    if (rejection === undefined && settles) {
      this.#settled = plan;
      this.#failures = 0;
    }
    return rejection;
  }

  #failed(rejection: Rejection, bytes: Uint8Array, start: number, end: number): void {
    if (rejection.cause === "series-limit") return;
    if (this.#settled?.codec !== "scalar" && scalarLook(bytes, start, end) === "word") return;
    this.#failures += 1;
    if (this.#failures < failuresMax) return;
    this.#failures = 0;
    this.#tried = this.#settled;
    this.#settled = undefined;
  }
}

function planOf(codec: "json" | "cbor" | "scalar", spec: PlanSpec): DecodePlan {
  if (codec === "json") return jsonPlan(spec);
  return codec === "cbor" ? cborPlan(spec) : scalarOnlyPlan(spec);
}

/** The first byte that is not white space, or -1. */
function firstByte(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const code = bytes[at]!;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
  }
  return -1;
}

function empty(): Rejection {
  return rejected("empty", "The payload is empty.");
}
