/**
 * Lets a run of the tests be repeated: with `HOLDFAST_PROPERTY_SEED` every property is tried on the same values
 * again. The gate sets it, so that it says of one commit the same thing twice; everybody else explores.
 */
import fc from "fast-check";

const seed = process.env["HOLDFAST_PROPERTY_SEED"];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
