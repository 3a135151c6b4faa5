/**
 * The line in front of the password check, which is expensive on purpose.
 *
 * Addresses take turns, so that one that guesses a thousand times a second holds up others for one check at most.
 * Behind one address users take turns, and those go first whose password was not wrong the last time: guesses at some
 * of them hold up the others for one check each, once.
 */
import { passwordChecksMax, passwordWaitingMax, passwordWaitingTotalMax } from "../core/limits.ts";

interface Waiting {
  readonly start: () => Promise<void>;
  /** Gives its place up. */
  readonly giveUp: () => void;
}

/** Who waits. */
export interface Applicant {
  readonly address: string;
  readonly user: string;
  /** Its password was wrong the last time. */
  readonly hasFailed: boolean;
}

/** Lines by user, the one whose turn it is first. */
type Lines = Map<string, Waiting[]>;

/** Of so many turns of an address one is for those who have failed, whoever else waits. */
const failedEvery = 4;

/** Those of one address. */
class AddressLine {
  length = 0;
  readonly #fresh: Lines = new Map();
  readonly #failed: Lines = new Map();
  #turns = 0;

  add({ user, hasFailed }: Applicant, waiting: Waiting): void {
    const lines = hasFailed ? this.#failed : this.#fresh;
    const line = lines.get(user) ?? [];
    line.push(waiting);
    lines.set(user, line);
    this.length += 1;
  }

  /** Takes out whoever is next. */
  next(): Waiting | undefined {
    this.#turns += 1;
    const failedFirst = this.#fresh.size === 0 || (this.#failed.size > 0 && this.#turns % failedEvery === 0);
    const lines = failedFirst ? this.#failed : this.#fresh;
    const [turn] = lines;
    if (turn === undefined) return undefined;
    const [user, line] = turn;
    const first = line.shift();
    lines.delete(user);
    if (line.length > 0) lines.set(user, line);
    this.length -= 1;
    return first;
  }

  /** Takes out the last of somebody who has failed, or of who has more waiting than this one would have. */
  takeFor({ user, hasFailed }: Applicant): Waiting | undefined {
    const own = (hasFailed ? this.#failed : this.#fresh).get(user)?.length ?? 0;
    const displaced = takeLast(this.#failed, hasFailed ? own + 2 : 1) ?? takeLast(this.#fresh, own + 2);
    if (displaced !== undefined) this.length -= 1;
    return displaced;
  }
}

/** Takes the last out of the longest line, where it is not shorter than this. */
function takeLast(lines: Lines, lengthMin: number): Waiting | undefined {
  let longest: readonly [string, Waiting[]] | undefined;
  for (const entry of lines) if (entry[1].length > (longest?.[1].length ?? 0)) longest = entry;
  if (longest === undefined || longest[1].length < lengthMin) return undefined;
  const [user, line] = longest;
  const last = line.pop();
  if (line.length === 0) lines.delete(user);
  return last;
}

export class PasswordQueue {
  /** The address whose turn it is comes first. */
  readonly #lines = new Map<string, AddressLine>();
  #running = 0;
  #waiting = 0;

  /**
   * Does the work when it is the turn of the applicant.
   *
   * @returns What the work gives; `"busy"` when too many wait already.
   */
  run<T>(applicant: Applicant, work: () => Promise<T>): Promise<T | "busy"> {
    const { address } = applicant;
    const line = this.#lines.get(address) ?? new AddressLine();
    if (this.#waiting >= passwordWaitingTotalMax) return Promise.resolve("busy");
    if (line.length >= passwordWaitingMax) {
      const displaced = line.takeFor(applicant);
      if (displaced === undefined) return Promise.resolve("busy");
      this.#waiting -= 1;
      displaced.giveUp();
    }
    return new Promise((resolve, reject) => {
      line.add(applicant, { start: () => work().then(resolve, reject), giveUp: () => resolve("busy") });
      this.#lines.set(address, line);
      this.#waiting += 1;
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= passwordChecksMax) return;
    const [turn] = this.#lines;
    if (turn === undefined) return;
    const [address, line] = turn;
    const first = line.next();
    this.#lines.delete(address);
    if (line.length > 0) this.#lines.set(address, line);
    this.#waiting -= 1;
    this.#running += 1;
    void first?.start().finally(() => {
      this.#running -= 1;
      this.#next();
    });
  }
}
