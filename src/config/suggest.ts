/** Guesses what somebody meant to write. */

/**
 * Counts the single-character insertions, deletions, replacements and swaps of neighbours between two texts.
 *
 * Source: F. J. Damerau, "A technique for computer detection and correction of spelling errors",
 * Communications of the ACM 7(3), 1964; here in the restricted form, where no piece is edited twice.
 */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        distance = Math.min(distance, at(beforePrevious, column - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/**
 * Finds the candidate that was probably meant.
 *
 * @returns Nothing when none is near: at most a third of the characters may differ, and at least one may; or
 *   the word is how the candidate begins. Case does not count. Among equals one of the same length wins, then
 *   the first.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // Nobody misspells a name into hundreds of characters; the bound keeps hostile keys cheap.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 0.75;
  for (const candidate of candidates) {
    const [written, known] = [word.toLowerCase(), candidate.toLowerCase()];
    const begins = written.length >= 3 && known.startsWith(written);
    // Swapped and replaced characters are likelier than missing ones, so those count a little more.
    const distance = begins ? 1 : editDistance(written, known) + (written.length === known.length ? 0 : 0.5);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
