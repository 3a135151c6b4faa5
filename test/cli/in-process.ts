/** Runs a command line in this process, as the program does but for starting one. */
import type { Output } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import { systemClock } from "../../src/ops/clock.ts";

/** What a command gave. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `holdfast …` in a directory, without environment variables and signals. */
export async function holdfastInProcess(
  words: readonly string[],
  workingDirectory: string,
): Promise<Outcome> {
  const [out, err] = [new Collected(), new Collected()];
  const code = await runCommandLine(words, {
    out,
    err,
    environment: {},
    workingDirectory,
    clock: systemClock,
    random: () => 0.5,
    onSignal: () => () => undefined,
    exitNow(exitCode) {
      throw new Error(`ended at once with ${exitCode}`);
    },
  });
  return { code, out: out.text, err: err.text };
}

/** Output that nobody looks at as it comes. */
class Collected implements Output {
  readonly isTerminal = false;
  readonly colour = false;
  text = "";

  write(text: string): void {
    this.text += text;
  }
}
