/** How topic filters lie to each other. Source: MQTT 3.1.1 and 5.0, § 4.7. */

/** Whether some topic is matched by both filters; the empty one counts, though nobody can publish to it. */
export function filtersOverlap(left: string, right: string): boolean {
  const lefts = left.split("/");
  const rights = right.split("/");
  if (isHiddenFrom(lefts, rights) || isHiddenFrom(rights, lefts)) return false;
  for (let index = 0; ; index += 1) {
    const one = lefts[index];
    const other = rights[index];
    // `#` takes whatever is left of the other, also nothing.
    if (one === "#" || other === "#") return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== "+" && other !== "+" && one !== other) return false;
  }
}

/** Whether every topic that `narrow` matches is matched by `wide`; so a filter covers itself. */
export function filterCovers(wide: string, narrow: string): boolean {
  const wides = levelsOf(wide);
  const narrows = levelsOf(narrow);
  if (isHiddenFrom(narrows, wides)) return false;
  for (let index = 0; ; index += 1) {
    const one = wides[index];
    const other = narrows[index];
    if (one === "#") return true;
    if (one === undefined || other === undefined) return one === other;
    if (other === "#" || (one !== "+" && one !== other)) return false;
  }
}

/** Whether `narrow` matches less than `wide`, and nothing else. */
export function isNarrower(narrow: string, wide: string): boolean {
  return filterCovers(wide, narrow) && !filterCovers(narrow, wide);
}

/** No topic has less than one level, so that `#` is `+/#`. */
function levelsOf(filter: string): string[] {
  return filter === "#" ? ["+", "#"] : filter.split("/");
}

/** Wildcards at the first level do not match topics that begin with `$`. */
function isHiddenFrom(hidden: readonly string[], from: readonly string[]): boolean {
  const [first = ""] = from;
  return hidden[0]!.startsWith("$") && (first === "+" || first === "#");
}
