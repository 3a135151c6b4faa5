/**
 * Decodes kept dead letters again, with the plans that are in force now: a profile, a route or a codec may have
 * been put right since they came.
 *
 * What comes of a letter is written in the same commit that takes the letter out of the ring. So wherever that
 * ends, a letter is kept or stored, never both and never neither.
 */
import { type RefusedLetter, refusedExamplesMax, type ReplayReport } from "../core/dead-letter-replay.ts";
import type { Rejection } from "../core/decode.ts";
import { AppError } from "../core/errors.ts";
import type { Receipt } from "../core/ports.ts";
import type { NumberedDeadLetter } from "../core/record.ts";

/**
 * Payload that is decoded before the first of it has to be durable: 256 KiB are 43,000 samples at most, of the
 * shortest members of an object, and so 2 MB of rows.
 */
const groupBytes: number = 256 * 1024;

/** What the replay works with. */
export interface DeadLetterReplayOptions {
  /** Every letter that is kept, newest first. */
  readonly letters: () => Promise<readonly NumberedDeadLetter[]>;
  /** Decodes a letter and hands over what comes of it; see `Intake.replay`. */
  readonly replay: (letter: NumberedDeadLetter, receipt: Receipt) => Rejection | undefined;
  /** Decodes a letter without any effect. */
  readonly attempt: (letter: NumberedDeadLetter) => Rejection | undefined;
}

/** Which letters, and whether anything is to happen. */
export interface LetterChoice {
  readonly wants: (letter: NumberedDeadLetter) => boolean;
  readonly dryRun: boolean;
}

export class DeadLetterReplay {
  readonly #options: DeadLetterReplayOptions;
  #before: Promise<unknown> = Promise.resolve();

  constructor(options: DeadLetterReplayOptions) {
    this.#options = options;
  }

  /**
   * Decodes the chosen letters again, oldest first; resolves when what was recovered is durable.
   *
   * Calls wait for each other, or a letter whose commit is under way would be decoded twice.
   *
   * @throws AppError `STORE_FAILED` when the store could not write; what is not durable is still kept.
   */
  run(choice: LetterChoice): Promise<ReplayReport> {
    const run = this.#before.then(() => this.#run(choice));
    this.#before = run.catch(() => undefined);
    return run;
  }

  async #run({ wants, dryRun }: LetterChoice): Promise<ReplayReport> {
    const letters = (await this.#options.letters()).filter(wants).toReversed();
    const whole = letters.filter((letter) => letter.bytes.length === letter.length);
    const refused: Refused = new Map();
    let recovered = 0;
    for (const group of groupsOf(whole)) {
      recovered += dryRun ? this.#attempt(group, refused) : await this.#replay(group, refused);
    }
    return {
      dryRun,
      examined: letters.length,
      recovered,
      cut: letters.length - whole.length,
      refused: Object.fromEntries(refused),
    };
  }

  /** @returns How many would be recovered. */
  #attempt(letters: readonly NumberedDeadLetter[], refused: Refused): number {
    let decoded = 0;
    for (const letter of letters) {
      const rejection = this.#options.attempt(letter);
      if (rejection === undefined) decoded += 1;
      else keepRefused(refused, letter, rejection);
    }
    return decoded;
  }

  /** @returns How many were recovered, once that is durable. */
  async #replay(letters: readonly NumberedDeadLetter[], refused: Refused): Promise<number> {
    const commits: Promise<boolean>[] = [];
    for (const letter of letters) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const receipt = { committed: () => resolve(true), refused: () => resolve(false) };
      const rejection = this.#options.replay(letter, receipt);
      if (rejection === undefined) commits.push(promise);
      else keepRefused(refused, letter, rejection);
    }
    const outcomes = await Promise.all(commits);
    if (outcomes.includes(false)) {
      const hint = "What was not written is still kept: replay it again when the gateway is ready.";
      throw new AppError("STORE_FAILED", "transient", "the store could not write what was decoded", { hint });
    }
    return outcomes.length;
  }
}

type Refused = Map<string, { count: number; readonly examples: RefusedLetter[] }>;

function keepRefused(refused: Refused, { number, topic }: NumberedDeadLetter, rejection: Rejection): void {
  const { cause, detail } = rejection;
  const known = refused.get(cause) ?? { count: 0, examples: [] };
  known.count += 1;
  if (known.examples.length < refusedExamplesMax) known.examples.push({ number, topic, detail });
  refused.set(cause, known);
}

function* groupsOf(letters: readonly NumberedDeadLetter[]): Generator<readonly NumberedDeadLetter[]> {
  let group: NumberedDeadLetter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    group.push(letter);
    bytes += letter.bytes.length;
    if (bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
