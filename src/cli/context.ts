/** What a command may touch of the process it runs in; `main.ts` fills it from the real one. */
import type { GatewayClock } from "../core/ports.ts";

/** Where text goes. */
export interface Output {
  write(text: string): void;
  /** A person looks at it as it comes: progress may be shown. */
  readonly isTerminal: boolean;
  /** Colours may be used. Never when `NO_COLOR` is set. */
  readonly colour: boolean;
}

/** Signals that commands react to. */
export type CommandSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** The world of a command. Data goes to `out`, everything else to `err`. */
export interface CommandContext {
  readonly out: Output;
  readonly err: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly workingDirectory: string;
  readonly clock: GatewayClock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Calls back for each such signal from now on, instead of ending the process. Returns the way to stop that. */
  onSignal(signal: CommandSignal, listener: () => void): () => void;
  /** Asks a person for a secret without showing it, or reads it from a pipe. Missing where nobody can be asked. */
  readonly readSecret?: (prompt: string) => Promise<string | undefined>;
  /** Ends the process at once, whatever is under way. */
  exitNow(code: number): void;
}
