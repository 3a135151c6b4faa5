#!/usr/bin/env -S MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=262144 UV_THREADPOOL_SIZE=2 node
/** The process: arguments, signals, standard streams and the exit code; everything else is elsewhere. */
import { isatty } from "node:tty";
import type { CommandContext, Output } from "./cli/context.ts";
import { runCommandLine } from "./cli/program.ts";
import { readSecretFrom } from "./cli/secret-input.ts";
import { systemClock } from "./ops/clock.ts";
import { boundMemory } from "./ops/memory.ts";

boundMemory();

function outputTo(stream: NodeJS.WriteStream & { readonly fd: number }): Output {
  // The reader of a pipe may leave early (`holdfast … | head`); that is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const isTerminal = isatty(stream.fd);
  const refused = (process.env["NO_COLOR"] ?? "") !== "" || process.env["TERM"] === "dumb";
  return { write: (text) => void stream.write(text), isTerminal, colour: isTerminal && !refused };
}

const context: CommandContext = {
  out: outputTo(process.stdout),
  err: outputTo(process.stderr),
  environment: process.env,
  workingDirectory: process.cwd(),
  clock: systemClock,
  random: Math.random,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
  readSecret: (prompt) =>
    readSecretFrom(process.stdin, { prompt, write: (text) => void process.stderr.write(text) }),
  exitNow: (code) => process.exit(code),
};

/** Resolves when everything was handed to the system, or nobody reads it any more: an exit would cut a pipe short. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}

const code = await runCommandLine(process.argv.slice(2), context);
await Promise.all([written(process.stdout), written(process.stderr)]);
process.exit(code);
