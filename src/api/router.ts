/** Which route a path means. */
import type { CommandRoute, Route } from "./route.ts";

/** A route that was found. */
export type FoundRoute =
  | { readonly method: "GET"; readonly route: Route }
  | {
      readonly method: "POST";
      readonly route: CommandRoute;
      /** What stands in the path for each name in braces. */
      readonly levels: Readonly<Record<string, string>>;
    };

/** Paths are compared level by level and never followed: no dots are resolved and nothing is decoded. */
export class Router {
  readonly #reads: ReadonlyMap<string, Route>;
  readonly #commands: readonly { readonly route: CommandRoute; readonly pattern: readonly string[] }[];

  constructor(reads: readonly Route[], commands: readonly CommandRoute[]) {
    this.#reads = new Map(reads.map((route) => [route.path, route]));
    this.#commands = commands.map((route) => ({ route, pattern: route.path.split("/") }));
  }

  find(path: string): FoundRoute | undefined {
    const read = this.#reads.get(path);
    if (read !== undefined) return { method: "GET", route: read };
    const written = path.split("/");
    for (const { route, pattern } of this.#commands) {
      const levels = levelsOf(pattern, written);
      if (levels !== undefined) return { method: "POST", route, levels };
    }
    return undefined;
  }
}

function levelsOf(
  pattern: readonly string[],
  written: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== written.length) return undefined;
  const levels: Record<string, string> = {};
  for (const [index, wanted] of pattern.entries()) {
    const level = written[index]!;
    if (wanted.startsWith("{") && level !== "") levels[wanted.slice(1, -1)] = level;
    else if (wanted !== level) return undefined;
  }
  return levels;
}
