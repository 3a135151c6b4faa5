/** Which version of which profile was in force when. */
import { schemaVersionsMax } from "../limits.ts";
import type { EpochMs } from "../sample.ts";
import type { ProfileSchema } from "../schema.ts";
import type { SnapshotReader, SnapshotWriter } from "./snapshot.ts";

/** A schema with the stretch of the log in which it decoded. */
export interface SchemaPeriod extends ProfileSchema {
  /** The first record whose samples it decoded. */
  readonly fromSeq: number;
  /** The gateway's clock then. */
  readonly fromAt: EpochMs;
  /** The first record whose samples it no longer decoded; nothing while it is in force. */
  readonly toSeq?: number;
}

/**
 * Every schema that was in force, by profile and in order; of each profile the last `limits.schemaVersionsMax`
 * periods.
 */
export class SchemaHistory {
  readonly #periods: Map<string, SchemaPeriod[]> = new Map();

  /** In the order in which profiles first came, oldest period first. */
  all(): readonly SchemaPeriod[] {
    return [...this.#periods.values()].flat();
  }

  /** The newest schema of a profile, in force or not. */
  latest(id: string): SchemaPeriod | undefined {
    return this.#periods.get(id)?.at(-1);
  }

  /** The version that decoded the samples of a record; nothing where that is not known any more. */
  versionAt(id: string, seq: number): number | undefined {
    return this.#periods.get(id)?.findLast(({ fromSeq }) => fromSeq <= seq)?.version;
  }

  /** Takes what is in force from a record on. */
  replace(schemas: readonly ProfileSchema[], seq: number, at: EpochMs): void {
    const next = new Map(schemas.map((schema) => [schema.id, schema]));
    for (const [id, periods] of this.#periods) {
      const current = periods.at(-1)!;
      if (current.toSeq !== undefined || isSame(next.get(id), current)) continue;
      periods[periods.length - 1] = { ...current, toSeq: seq };
    }
    for (const schema of schemas) {
      const periods = this.#periods.get(schema.id) ?? [];
      const current = periods.at(-1);
      if (current !== undefined && current.toSeq === undefined) continue;
      periods.push({ ...schema, fromSeq: seq, fromAt: at });
      if (periods.length > schemaVersionsMax) periods.shift();
      this.#periods.set(schema.id, periods);
    }
  }

  write(writer: SnapshotWriter): void {
    writer.text(JSON.stringify([...this.#periods]));
  }

  read(reader: SnapshotReader): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `write` wrote, under a checksum
    const periods = JSON.parse(reader.text()) as [string, SchemaPeriod[]][];
    this.#periods.clear();
    for (const [id, of] of periods) this.#periods.set(id, of);
  }
}

function isSame(one: ProfileSchema | undefined, other: ProfileSchema): boolean {
  return one?.digest === other.digest && one.version === other.version;
}
