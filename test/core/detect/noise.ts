/** Random numbers that are the same at every run, for the tests of detectors. */

/**
 * A source of evenly distributed numbers in `[0, 1)`.
 *
 * Source: splitmix32, after G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014, with the finaliser of MurmurHash3.
 */
export function evenNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed numbers with mean 0 and deviation 1. Source: G. E. P. Box, M. E. Muller, 1958. */
export function normalNumbers(seed: number): () => number {
  const even = evenNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - even())) * Math.cos(2 * Math.PI * even());
}
