/**
 * The three kinds of failure and how each one travels.
 *
 * Bad data (a payload, a rule, a configuration) is a `Result` with every problem at once. An operating
 * failure (disk, network, a full store) is an `AppError`. A bug is an `invariant`, which ends the
 * process: the supervisor restarts it and recovery is the tested path.
 */

/** One thing wrong with data that a person or a device gave us. */
export interface Problem {
  /** Stable for ever, `AREA_PROBLEM`. */
  readonly code: string;
  /** What is wrong, one sentence, with the value that is wrong. */
  readonly message: string;
  /** JSON pointer to the offending value, `""` for the whole document. */
  readonly pointer: string;
  /** What to write instead, where that is known. */
  readonly hint?: string;
  /** File and 1-based position, where the data came from a file. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** Either a value or every problem found while making it; never an empty list of problems. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Says who can do something about an operating failure. */
export type ErrorKind = "transient" | "operator" | "corrupt";

/**
 * An operating failure, with a code for machines, a message for people and a hint that says what to do.
 *
 * It is returned or thrown, never logged on the way: the one who decides what to do logs it.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(
    code: string,
    kind: ErrorKind,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.kind = kind;
    this.hint = options.hint;
  }
}

/**
 * States what must hold for the program to be right.
 *
 * @throws Error when it does not; nobody catches it.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes a successful result. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** Makes a failed result. */
export function failed<T>(problems: readonly Problem[]): Result<T> {
  return { ok: false, problems };
}
