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

/**
 * Whether some name is matched by both globs. Costs the product of their lengths.
 */
export function globsOverlap(left: string, right: string): boolean {
  return compare(left, right, (one, other) => one === "?" || other === "?" || one === other, true);
}

/**
 * Whether every name that `narrow` matches is matched by `wide`, as far as it shows sign by sign: `true` is certain,
 * and of globs that are written differently for the same names (`?*` and `*?`) none covers the other.
 */
export function globCovers(wide: string, narrow: string): boolean {
  return compare(
    wide,
    narrow,
    (one, other) => other !== "*" && (one === "?" || (other !== "?" && one === other)),
    false,
  );
}

/**
 * Whether two globs can be laid beside each other from end to end. A star of the first takes any signs of the second,
 * and where `both` is set also the other way round.
 */
function compare(
  left: string,
  right: string,
  pairs: (one: string, other: string) => boolean,
  both: boolean,
): boolean {
  // `reached[j]`: the signs of `left` so far can lie beside the first j of `right`.
  let reached = Array.from({ length: right.length + 1 }, (_, index) =>
    index === 0 ? true : both && /^\**$/.test(right.slice(0, index)),
  );
  for (const one of left) {
    const next: boolean[] = [one === "*" && reached[0] === true];
    for (let index = 1; index <= right.length; index += 1) {
      const other = right.charAt(index - 1);
      const paired = reached[index - 1] === true && pairs(one, other);
      const byFirst = one === "*" && (reached[index] === true || next[index - 1] === true);
      const bySecond = both && other === "*" && (reached[index] === true || next[index - 1] === true);
      next.push(paired || byFirst || bySecond);
    }
    reached = next;
  }
  return reached[right.length] === true;
}
