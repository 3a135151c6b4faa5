import type { Logger } from "../../src/core/ports.ts";

/** Says nothing: for tests that look at effects, not at what is logged. */
export const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
