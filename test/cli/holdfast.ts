/** Runs the program as users do, and gives what it printed. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A program that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/** A program that runs. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  out = "";
  err = "";

  constructor(words: readonly string[], directory: string, environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [main, ...words], {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "", HOME: directory, TMPDIR: directory, ...environment },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve({ code, signal, out: this.out, err: this.err }));
    });
  }
}

/** Runs to the end. */
export function holdfast(
  words: readonly string[],
  directory: string,
  environment: Record<string, string> = {},
): Promise<Ended> {
  return new Running(words, directory, environment).ended;
}
