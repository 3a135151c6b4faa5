/**
 * The calendar of a time zone, as a clock that only goes forward.
 *
 * Local time is the wall clock's, counted in milliseconds from Monday 1970-01-05 00:00, so that every
 * multiple of a day is a local midnight and every multiple of a week a Monday. Where the wall clock is set
 * back, local time stands still one millisecond short of what it had reached, until the wall clock gets
 * there again; where the wall clock leaps, so does local time. A day is therefore one stretch of 23, 24 or
 * 25 hours, and a repeated hour belongs to the stretch that held it first.
 *
 * Offsets are those of the runtime's own time zone data.
 */
import type { EpochMs } from "../sample.ts";
import { alignedStart } from "./pane.ts";

const dayMs = 86_400_000;

/** The Monday from which local time counts, in milliseconds of a wall clock. */
const mondayMs = 4 * dayMs;

/** The furthest instant from 1970 that the runtime knows a calendar of. Source: ECMA-262, section 21.4.1.1. */
const instantMax = 8.64e15;

/** Days whose offsets are remembered; all are forgotten when there are more. */
const daysMax = 512;

/** Stretches within which a zone's offset is constant, and local time is `max(at + shift, floor)`. */
interface Segment {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly shift: number;
  readonly floor: number;
}

/** When a zone's offset changes within a day, and what it was until then. */
interface Transition {
  readonly at: EpochMs;
  readonly offsetBefore: number;
}

const noSegment: Segment = { from: Number.POSITIVE_INFINITY, to: 0, shift: -mondayMs, floor: 0 };

export class LocalCalendar {
  readonly #format: Intl.DateTimeFormat;
  /** By start of the UTC day; a day with a transition has two segments. */
  readonly #days = new Map<EpochMs, readonly Segment[]>();
  #current: Segment = noSegment;

  /**
   * @param timezone - IANA name.
   * @throws RangeError when the runtime does not know it.
   */
  constructor(timezone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" });
  }

  /** Local time at an instant; never less at a later one. */
  localOf(at: EpochMs): number {
    if (!Number.isFinite(at)) return at;
    if (at < this.#current.from || at >= this.#current.to) this.#current = this.#segmentOf(at);
    const { shift, floor } = this.#current;
    return Math.max(at + shift, floor);
  }

  /** The first instant at which local time has reached this. */
  instantOf(local: number): EpochMs {
    if (!Number.isFinite(local)) return local;
    const guess = local - this.#segmentOf(local - this.#current.shift).shift;
    if (this.localOf(guess) === local && this.localOf(guess - 1) < local) return guess;
    // No zone is further than a day from UTC.
    let before = local + mondayMs - 2 * dayMs;
    let reached = local + mondayMs + 2 * dayMs;
    while (reached - before > 1) {
      const middle = Math.floor((before + reached) / 2);
      if (this.localOf(middle) >= local) reached = middle;
      else before = middle;
    }
    return reached;
  }

  #segmentOf(at: EpochMs): Segment {
    const start = alignedStart(at, dayMs);
    let segments = this.#days.get(start);
    if (segments === undefined) {
      if (this.#days.size >= daysMax) this.#days.clear();
      segments = this.#segmentsOf(start);
      this.#days.set(start, segments);
    }
    const last = segments[segments.length - 1]!;
    return at >= last.from ? last : segments[0]!;
  }

  /** The segments of a UTC day. No zone changes its offset twice in two days, nor back by more than a day. */
  #segmentsOf(start: EpochMs): readonly Segment[] {
    const end = start + dayMs;
    const offset = this.#offsetOf(end - 1);
    const own = this.#transition(start, end - 1);
    const earlier = this.#transition(start - dayMs, start);
    if (own === undefined) return [segment(start, end, offset, earlier)];
    return [segment(start, own.at, own.offsetBefore, earlier), segment(own.at, end, offset, own)];
  }

  /** The transition in `(from, to]`, to the millisecond. */
  #transition(from: EpochMs, to: EpochMs): Transition | undefined {
    const offsetBefore = this.#offsetOf(from);
    if (this.#offsetOf(to) === offsetBefore) return undefined;
    let before = from;
    let after = to;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.#offsetOf(middle) === offsetBefore) before = middle;
      else after = middle;
    }
    return { at: after, offsetBefore };
  }

  /** Of the wall clock from UTC, in milliseconds. */
  #offsetOf(at: EpochMs): number {
    const clamped = Math.max(-instantMax, Math.min(instantMax, at));
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(this.#format.format(clamped));
    if (match?.[1] === undefined) return 0;
    const seconds = Number(match[2]) * 3_600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === "-" ? -seconds : seconds) * 1_000;
  }
}

/** @param earlier - The last transition before it. */
function segment(from: EpochMs, to: EpochMs, offset: number, earlier: Transition | undefined): Segment {
  return {
    from,
    to,
    shift: offset - mondayMs,
    floor:
      earlier !== undefined && earlier.offsetBefore > offset
        ? earlier.at + earlier.offsetBefore - mondayMs - 1
        : Number.NEGATIVE_INFINITY,
  };
}

const calendars = new Map<string, LocalCalendar>();

/** The calendar of a zone; what it has learned of its offsets is shared by all that ask for it. */
export function calendarOf(timezone: string): LocalCalendar {
  let calendar = calendars.get(timezone);
  if (calendar === undefined) {
    calendar = new LocalCalendar(timezone);
    calendars.set(timezone, calendar);
  }
  return calendar;
}
