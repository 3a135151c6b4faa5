/**
 * What people have said about one alert: acknowledged, shelved. Orthogonal to its state.
 *
 * An acknowledgement says "I have seen this": it ends with the episode, and when a firing alert becomes more
 * severe, because that was not seen (re-alarm). It stands when the alert becomes less severe, loses its data and
 * gets it back. A shelf says "I do not want to see this": it stands through episodes and ends by itself.
 *
 * Source: acknowledge, re-alarm and shelve as in ISA-18.2 (IEC 62682).
 */
import type { SnapshotReader, SnapshotWriter } from "../fold/snapshot.ts";
import type { EpochMs } from "../sample.ts";
import type { AlertCommand, CommandOutcome } from "./command.ts";
import type { ToldChange } from "./flap.ts";
import { type GatewayTime, Shelf } from "./shelf.ts";

/** What is told of an alert when a command comes. */
export type ToldState = Pick<ToldChange, "state" | "since" | "level">;

interface Acknowledgement {
  readonly by: string;
  readonly reason: string;
  /** The episode that was seen, and its level. */
  since: EpochMs;
  level: number;
}

/** Only alerts that somebody said something about need one: make it at the first command, drop it when {@link empty}. */
export class AlertHandling {
  #acknowledgement: Acknowledgement | undefined = undefined;
  #shelf: Shelf | undefined = undefined;

  get acknowledgement(): { readonly by: string; readonly reason: string } | undefined {
    return this.#acknowledgement;
  }

  get shelf(): Pick<Shelf, "by" | "reason" | "endAt"> | undefined {
    return this.#shelf;
  }

  get empty(): boolean {
    return this.#acknowledgement === undefined && this.#shelf === undefined;
  }

  /**
   * Does what somebody commands; whether the command is meant for this alert is for the caller to know.
   *
   * An alert that is at rest or pending calls for nobody and cannot be acknowledged, so that it is never
   * silent from the start. Shelving again begins a new shelf; at rest it is how planned work is announced.
   *
   * @param told - What was told of the alert last; nothing when nothing ever was.
   */
  apply(command: AlertCommand, told: ToldState | undefined, now: GatewayTime): CommandOutcome {
    switch (command.kind) {
      case "acknowledge":
        if (told === undefined || !callsForPeople(told.state)) return "nothing-to-acknowledge";
        if (this.#acknowledgement !== undefined) return "unchanged";
        this.#acknowledgement = {
          by: command.by,
          reason: command.reason,
          since: told.since,
          level: told.level,
        };
        return "applied";
      case "unacknowledge":
        if (this.#acknowledgement === undefined) return "unchanged";
        this.#acknowledgement = undefined;
        return "applied";
      case "shelve":
        this.#shelf = Shelf.open(now, command.forMs, command);
        return "applied";
      case "unshelve":
        if (this.#shelf === undefined) return "unchanged";
        this.#shelf = undefined;
        return "applied";
    }
  }

  /**
   * Takes what is about to be told of the alert.
   *
   * @returns true when it ends the acknowledgement.
   */
  follow(told: ToldState): boolean {
    const seen = this.#acknowledgement;
    if (seen === undefined) return false;
    if (callsForPeople(told.state) && told.since === seen.since && told.level <= seen.level) {
      // Falling from critical to warning and rising again is a rise.
      seen.level = told.level;
      return false;
    }
    this.#acknowledgement = undefined;
    return true;
  }

  /** Lets time pass. @returns true when that ended the shelf. */
  expire(now: GatewayTime): boolean {
    if (this.#shelf === undefined || !this.#shelf.isOver(now)) return false;
    this.#shelf = undefined;
    return true;
  }

  /** When {@link expire} is to be called, in running time; `Infinity` without a shelf. It may become earlier when the clock is synchronised. */
  dueAt(now: GatewayTime): number {
    return this.#shelf?.dueAt(now) ?? Number.POSITIVE_INFINITY;
  }

  /** Moves the times that were taken from a clock that was corrected. */
  shift(byMs: number): void {
    if (this.#acknowledgement !== undefined) this.#acknowledgement.since += byMs;
    this.#shelf?.shift(byMs);
  }

  write(writer: SnapshotWriter): void {
    const seen = this.#acknowledgement;
    writer.count((seen === undefined ? 0 : 1) + (this.#shelf === undefined ? 0 : 2));
    if (seen !== undefined) {
      writer.number(seen.since);
      writer.count(seen.level);
      writer.text(seen.by);
      writer.text(seen.reason);
    }
    this.#shelf?.write(writer);
  }

  read(reader: SnapshotReader): void {
    const parts = reader.count();
    this.#acknowledgement =
      parts % 2 === 0
        ? undefined
        : { since: reader.number(), level: reader.count(), by: reader.text(), reason: reader.text() };
    this.#shelf = parts < 2 ? undefined : Shelf.read(reader);
  }
}

function callsForPeople(state: ToldState["state"]): boolean {
  return state === "firing" || state === "no-data" || state === "flapping";
}
