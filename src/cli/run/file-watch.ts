/**
 * Notices that files changed, by looking at them.
 *
 * Looking once a second costs a few system calls and sees every way in which files are replaced:
 * editors that rename, mounted volumes that swap a link, a directory that appears later. Change events
 * from the kernel miss some of these.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const lookEveryMs = 1_000;

/** A watch that can be ended. */
export interface FileWatch {
  /** Resolves when the state to compare with is known: changes from then on are noticed. */
  readonly ready: Promise<void>;
  close(): void;
}

/** What is watched. */
export interface Watched {
  /** Files, and directories with the files directly in them. */
  readonly paths: readonly (string | undefined)[];
  /** Directories with every `.json` file below them. */
  readonly trees?: readonly string[];
}

/**
 * Calls back when something that is watched has changed and then stayed as it is for one look: a file that is
 * being written is not read half-way.
 */
export function watchFiles(
  { paths, trees = [] }: Watched,
  onChange: () => void,
  everyMs: number = lookEveryMs,
): FileWatch {
  const watched = paths.filter((path) => path !== undefined);
  let known: string | undefined;
  let last: string | undefined;
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const signatures = [...watched.map((path) => signatureOf(path)), ...trees.map(signatureOfTree)];
    const seen = (await Promise.all(signatures)).join("\n");
    looking = false;
    known ??= seen;
    if (seen === last && seen !== known) {
      known = seen;
      onChange();
    }
    last = seen;
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return { ready: look(), close: () => clearInterval(timer) };
}

/** What changes when the files change. What is not there, or cannot be read, has a signature too. */
async function signatureOf(path: string): Promise<string> {
  const own = await statSignature(path);
  const names = await readdir(path).catch(() => []);
  const members = await Promise.all(names.map((name) => statSignature(join(path, name))));
  return [own, ...members].join("\n");
}

async function signatureOfTree(path: string): Promise<string> {
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json"));
  const members = await Promise.all(files.map((name) => statSignature(join(path, name))));
  return [await statSignature(path), ...members].join("\n");
}

async function statSignature(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? `${path} -` : `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
}
