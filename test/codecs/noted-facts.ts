/** What the tests of facts share: one payload on one topic, and what it says about devices. */
import type { DecodePlan, DecodeTarget, PlanSpec, RejectCause } from "../../src/core/decode.ts";
import type { DeviceFact } from "../../src/core/fact.ts";
import { SampleColumns } from "../../src/core/sample.ts";

/** What became of the payload. */
export interface Noted {
  readonly cause?: RejectCause;
  readonly facts: readonly DeviceFact[];
  readonly rows: number;
}

/** Decodes payloads with one plan. */
export class NotingDecoding {
  readonly #plan: DecodePlan;
  readonly #rows = new SampleColumns(64);

  constructor(make: (spec: PlanSpec) => DecodePlan, topic: string, more: Partial<PlanSpec> = {}) {
    this.#plan = make({ topic, codec: "auto", ...more });
  }

  /** The payload lies in the middle of other bytes. */
  decode(payload: string | Uint8Array): Noted {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const around = Buffer.concat([Buffer.from('"1'), bytes, Buffer.from('2"}')]);
    const facts: DeviceFact[] = [];
    this.#rows.clear();
    const target: DecodeTarget = {
      rows: this.#rows,
      series: () => 1,
      receivedAt: 1_762_000_060_000,
      stampAt: 12_345,
      stampUnreadable: true,
      ownStamps: false,
      note: (fact) => facts.push(fact),
    };
    const rejection = this.#plan.decode(around, 2, 2 + bytes.length, target);
    const rows = this.#rows.count;
    if (rejection === undefined) {
      if (target.stampUnreadable)
        throw new Error("a payload without readings has no time that is unreadable");
      return { facts, rows };
    }
    if (!rejection.detail.endsWith(".")) throw new Error("a detail that is not a sentence");
    return { cause: rejection.cause, facts, rows };
  }
}

/** Decodes a payload with a new plan. */
export function noted(
  make: (spec: PlanSpec) => DecodePlan,
  topic: string,
  payload: string | object,
  more: Partial<PlanSpec> = {},
): Noted {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return new NotingDecoding(make, topic, more).decode(text);
}
