/**
 * The newest record of every alert that is not at rest, and of the last ones that came to rest.
 *
 * A shelved alert is never forgotten, also at rest: what is on a shelf has to be seen there (ISA-18.2).
 */
import type { AlertRecord } from "../streams.ts";

/** Alerts at rest that are still shown. */
const restingMax = 200;

export class AlertBoard {
  readonly #active: Map<string, AlertRecord> = new Map();
  readonly #resting: Map<string, AlertRecord> = new Map();

  /** Takes transitions in their order. */
  apply(records: readonly AlertRecord[]): void {
    for (const record of records) {
      // What a revision finds out about the past is not how the alert stands.
      if (record.historical) continue;
      const identity = identityOf(record);
      this.#active.delete(identity);
      this.#resting.delete(identity);
      if (record.shelvedUntil !== null || !isAtRest(record)) {
        this.#active.set(identity, record);
        continue;
      }
      this.#resting.set(identity, record);
      if (this.#resting.size <= restingMax) continue;
      for (const oldest of this.#resting.keys()) {
        this.#resting.delete(oldest);
        break;
      }
    }
  }

  /** Those not at rest or on a shelf first, then the others; of each the oldest change first. */
  records(): readonly AlertRecord[] {
    return [...this.#active.values(), ...this.#resting.values()];
  }

  /** Alerts in one state, other than at rest. */
  count(state: AlertRecord["state"]): number {
    let count = 0;
    for (const record of this.#active.values()) if (record.state === state) count += 1;
    return count;
  }
}

function isAtRest(record: AlertRecord): boolean {
  return record.state === "ok" || record.state === "resolved";
}

function identityOf(record: AlertRecord): string {
  return [record.rule, ...Object.values(record.key)].join("\u0000");
}
