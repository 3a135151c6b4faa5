/**
 * What is remembered of one alert: its state, the level that fires, and since when what is judged has
 * contradicted what is told.
 *
 * One number a level is enough for both delays. A level that does not fire is contradicted while its
 * condition holds, and fires when that has lasted for `for`; a level that fires is contradicted while its
 * condition is clear, and ends when that has lasted for `keepFiringFor`. Levels are nested, because a
 * judgement names the highest level that holds and thereby every one below it.
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";

const statusStates = ["ok", "pending", "firing", "no-data"] as const;
export type StatusState = (typeof statusStates)[number];

/** Mutable: there is one for each group, and it is looked at for every decision. */
export class AlertStatus {
  state: StatusState = "ok";
  /** Index of the level that fires; through `no-data` the one that fired before it. −1: none. */
  level = -1;
  /** Index of the highest level that held when it was last judged; −1: none, or not known any more. */
  judged = -1;
  /** When the episode began; `NaN` at rest. */
  since: EpochMs = Number.NaN;
  /** See {@link turnedAt}, of the lowest level: the only one that most rules have. */
  #lowestTurnedAt: EpochMs = Number.NaN;
  /** The same of the levels above it, up to the highest that was ever contradicted in this episode. */
  #upperTurnedAt: EpochMs[] | undefined = undefined;

  /** Since when the judgements have contradicted what is told of a level; `NaN` while they agree. */
  turnedAt(level: number): EpochMs {
    if (level === 0) return this.#lowestTurnedAt;
    return this.#upperTurnedAt?.[level - 1] ?? Number.NaN;
  }

  /** Takes the highest level that holds at an instant; what it contradicts for the first time turns there. */
  judge(level: number, at: EpochMs): void {
    this.judged = level;
    const top = Math.max(level, this.level, this.#upperTurnedAt?.length ?? 0);
    for (let index = 0; index <= top; index += 1) {
      const contradicted = index <= level !== index <= this.level;
      if (!contradicted) this.#turn(index, Number.NaN);
      else if (Number.isNaN(this.turnedAt(index))) this.#turn(index, at);
    }
  }

  /** Forgets what was judged: what comes next is the first that is known. */
  forget(): void {
    this.judged = -1;
    this.#lowestTurnedAt = Number.NaN;
    this.#upperTurnedAt = undefined;
  }

  /** Goes back to rest. */
  rest(): void {
    this.forget();
    this.state = "ok";
    this.level = -1;
    this.since = Number.NaN;
  }

  /**
   * Takes `[from, to)` out of both delays: the gateway was off, so nothing is known of that time, and it
   * counts neither as holding nor as clear.
   */
  discount(span: { readonly from: EpochMs; readonly to: EpochMs }): void {
    this.#move((turnedAt) =>
      turnedAt < span.to ? turnedAt + span.to - Math.max(turnedAt, span.from) : turnedAt,
    );
  }

  /** Moves every event time: the clock that they were taken from was corrected. */
  shift(byMs: number): void {
    this.since += byMs;
    this.#move((turnedAt) => turnedAt + byMs);
  }

  /** One byte at rest; otherwise 11, and 8 for each level that is contradicted. */
  write(writer: SnapshotWriter): void {
    writer.count(statusStates.indexOf(this.state) + statusStates.length * (this.level + 1));
    if (this.state === "ok") return;
    writer.count(this.judged + 1);
    writer.number(this.since);
    // Only what says something: how long the list has grown is no part of the state.
    const levels = 1 + (this.#upperTurnedAt?.length ?? 0);
    let contradicted = 0;
    for (let level = 0; level < levels; level += 1) {
      if (!Number.isNaN(this.turnedAt(level))) contradicted += 2 ** level;
    }
    writer.count(contradicted);
    for (let level = 0; level < levels; level += 1) {
      const turnedAt = this.turnedAt(level);
      if (!Number.isNaN(turnedAt)) writer.number(turnedAt);
    }
  }

  read(reader: SnapshotReader): void {
    const code = reader.count();
    this.rest();
    this.state = statusStates[code % statusStates.length]!;
    this.level = Math.floor(code / statusStates.length) - 1;
    if (this.state === "ok") return;
    this.judged = reader.count() - 1;
    this.since = reader.number();
    const contradicted = reader.count();
    for (let level = 0; 2 ** level <= contradicted; level += 1) {
      if (Math.floor(contradicted / 2 ** level) % 2 === 1) this.#turn(level, reader.number());
    }
  }

  #turn(level: number, at: EpochMs): void {
    if (level === 0) {
      this.#lowestTurnedAt = at;
      return;
    }
    if (this.#upperTurnedAt === undefined) {
      if (Number.isNaN(at)) return;
      this.#upperTurnedAt = [Number.NaN];
    }
    while (this.#upperTurnedAt.length < level) this.#upperTurnedAt.push(Number.NaN);
    this.#upperTurnedAt[level - 1] = at;
  }

  #move(moved: (turnedAt: EpochMs) => EpochMs): void {
    this.#lowestTurnedAt = moved(this.#lowestTurnedAt);
    this.#upperTurnedAt = this.#upperTurnedAt?.map(moved);
  }
}
