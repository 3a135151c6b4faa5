/**
 * What a device profile claims, beside topics: the clients that it is about, and the payloads.
 *
 * Of two claims the one that asks more of the client and the payload is narrower, whatever their topics are: what a
 * device says of itself tells more than where it publishes. Claims that ask the same, or different things, lie to
 * each other as their topics do.
 */
import { filterCovers, filtersOverlap } from "./filter-overlap.ts";
import { type Fingerprint, fingerprintCovers, fingerprintsOverlap } from "./fingerprint.ts";
import { globCovers, globsOverlap } from "./rule/glob.ts";

/** A claim for one topic filter. */
export interface Claim {
  readonly filter: string;
  /** Names or globs of MQTT client ids; any may match. Nothing: every client. */
  readonly clients?: readonly string[] | undefined;
  readonly fingerprint?: Fingerprint | undefined;
}

/** Whether some message could be claimed by both. */
export function claimsOverlap(left: Claim, right: Claim): boolean {
  return (
    filtersOverlap(left.filter, right.filter) &&
    clientsOf(left).some((one) => clientsOf(right).some((other) => globsOverlap(one, other))) &&
    fingerprintsOverlap(left.fingerprint, right.fingerprint)
  );
}

/** Whether one of two claims that overlap goes before the other. */
export function isNarrowerClaim(narrow: Claim, wide: Claim): boolean {
  const asksMore = asksAtLeast(narrow, wide);
  const asksLess = asksAtLeast(wide, narrow);
  if (asksMore !== asksLess) return asksMore;
  return filterCovers(wide.filter, narrow.filter) && !filterCovers(narrow.filter, wide.filter);
}

/** Whether what one claim asks of clients and payloads fulfils what another one asks. */
function asksAtLeast(narrow: Claim, wide: Claim): boolean {
  const wides = clientsOf(wide);
  const clientsCovered = clientsOf(narrow).every((one) => wides.some((other) => globCovers(other, one)));
  return clientsCovered && fingerprintCovers(wide.fingerprint, narrow.fingerprint);
}

function clientsOf({ clients = ["*"] }: Claim): readonly string[] {
  return clients;
}
