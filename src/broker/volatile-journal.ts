/** The journal of a broker that remembers nothing beyond its own run. */
import type { SessionJournal } from "../core/session-journal.ts";

export const volatileJournal: SessionJournal = {
  position: 0,
  durablePosition: 0,
  put: () => undefined,
  grow: () => undefined,
  remove: () => undefined,
  flush: async () => undefined,
};
