/** Secrets from a person or a pipe: never from arguments, which everybody on the machine can read. */
import { isatty } from "node:tty";

/** Characters of a secret that is typed or sent. */
const secretCharactersMax = 1_024;

/**
 * Reads a secret without showing it; from a pipe, its first line.
 *
 * @returns Nothing when the person gives up (Ctrl-C), or the pipe is empty.
 */
export async function readSecretFrom(
  input: NodeJS.ReadStream & { readonly fd: number },
  { prompt, write }: { readonly prompt: string; readonly write: (text: string) => void },
): Promise<string | undefined> {
  const isTerminal = isatty(input.fd);
  if (isTerminal) {
    write(prompt);
    input.setRawMode(true);
  }
  try {
    return await firstLineOf(input.setEncoding("utf8"), isTerminal);
  } finally {
    if (isTerminal) {
      input.setRawMode(false);
      write("\n");
    }
    input.pause();
  }
}

async function firstLineOf(input: AsyncIterable<string>, isTerminal: boolean): Promise<string | undefined> {
  let line = "";
  for await (const text of input) {
    for (const character of text) {
      if (character === "\r" || character === "\n") return line;
      if (!isTerminal) line += character;
      else if (character === "\u0003" || character === "\u0004") return undefined;
      else if (character === "\u007f" || character === "\b") line = line.slice(0, -1);
      else if (character >= " ") line += character;
      if (line.length > secretCharactersMax) return undefined;
    }
  }
  return line === "" ? undefined : line;
}
