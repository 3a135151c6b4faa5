/** Globs over names: `*` any characters, `/` included, `?` exactly one. Everything else stands for itself. */

/**
 * Compiles a list of names and globs to one test that is true when any of them matches the whole name.
 *
 * Its cost is linear in the length of the name times the number of stars, whatever the pattern is.
 */
export function compileGlobs(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.includes("*")) return () => true;
  const exact = new Set(patterns.filter((pattern) => !isGlob(pattern)));
  const globs = patterns.filter(isGlob);
  return (name) => exact.has(name) || globs.some((glob) => globMatches(glob, name));
}

/** Tells whether a pattern has a wildcard. */
export function isGlob(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes("?");
}

/**
 * Matches greedily with one step back to the last star, which is enough: a later star makes all earlier
 * ones final.
 */
function globMatches(glob: string, name: string): boolean {
  let at = 0;
  let index = 0;
  let star = -1;
  let resume = 0;
  while (index < name.length) {
    if (glob[at] === "*") {
      star = at;
      resume = index;
      at += 1;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}
