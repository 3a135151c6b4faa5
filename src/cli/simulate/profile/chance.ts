/** Chance as a function of what it is asked for, so that the same question always has the same answer. */
import { seededRandom } from "../seeded-random.ts";

/** Uniform in [0, 1), from a seed and whole numbers or names. */
export function chance(seed: number, ...about: readonly (number | string)[]): number {
  // Mixed in first: else seed 1 of device 2 would be seed 2 of device 1.
  let mixed = mix(0x2545f491, seed);
  for (const part of about) {
    if (typeof part === "number") mixed = mix(mixed, part);
    else for (let index = 0; index < part.length; index += 1) mixed = mix(mixed, part.charCodeAt(index));
  }
  return seededRandom(mixed)();
}

function mix(state: number, part: number): number {
  // The upper half of a large number, such as an instant, counts as well.
  const folded = Math.floor(part / 4_294_967_296) ^ (part >>> 0);
  const next = Math.imul(state ^ folded, 0x9e3779b1);
  return (next ^ (next >>> 15)) >>> 0;
}
