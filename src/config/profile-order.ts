/**
 * Profiles that could claim the same message: the narrower claim comes first, and where neither is narrower the
 * later of the two is refused, since nobody could tell which of them decodes it. What narrower is, and that clients
 * and fingerprints count before topics, stands in `core/claim.ts`.
 */
import { type Claim, claimsOverlap, isNarrowerClaim } from "../core/claim.ts";
import type { Problem } from "../core/errors.ts";
import type { DeviceProfile } from "../core/profile.ts";
import { quoted } from "./problems.ts";
import type { ProfileFile } from "./profiles.ts";
import type { RelatedRule } from "./rule-relations.ts";

/** Profiles in the order in which topics are to be looked up. */
export interface OrderedProfiles {
  /** No message is claimed by two of them, unless the narrower claim belongs to the earlier one. */
  readonly files: readonly ProfileFile[];
  /** One for each profile that cannot stand beside an earlier one. */
  readonly problems: readonly Problem[];
}

/** @param candidates - Right by themselves; of two that cannot stand together the first one stays. */
export function orderProfiles(candidates: readonly ProfileFile[]): OrderedProfiles {
  const accepted: ProfileFile[] = [];
  /** For each accepted profile, those that have to come before it. */
  const before = new Map<ProfileFile, ProfileFile[]>();
  const problems: Problem[] = [];
  for (const candidate of candidates) {
    const problem = problemAmong(accepted, candidate);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const earlier = accepted.filter((other) => hasNarrower(other.profile, candidate.profile));
    const later = accepted.filter((other) => hasNarrower(candidate.profile, other.profile));
    const reached = behind(candidate, later, before);
    const circle = earlier.find((other) => reached.has(other));
    if (circle !== undefined) {
      problems.push(circleProblem(candidate, circle));
      continue;
    }
    accepted.push(candidate);
    before.set(candidate, earlier);
    for (const other of later) before.get(other)?.push(candidate);
  }
  return { files: sorted(accepted, before), problems };
}

function problemAmong(accepted: readonly ProfileFile[], candidate: ProfileFile): Problem | undefined {
  for (const other of accepted) {
    if (other.profile.id === candidate.profile.id) return idProblem(candidate, other);
    const rule = candidate.related.find(({ id }) => other.related.some((one) => one.id === id));
    if (rule !== undefined) return ruleProblem(candidate, other, rule);
    for (const [index, claim] of claimsOf(candidate.profile).entries()) {
      const rival = claimsOf(other.profile).find((one) => isAmbiguous(claim, one));
      if (rival !== undefined) return overlapProblem(candidate, `/match/${index}`, { claim, other, rival });
    }
  }
  return undefined;
}

function claimsOf({ match, clients, fingerprint }: DeviceProfile): Claim[] {
  return match.map((filter) => ({ filter, clients, fingerprint }));
}

function isAmbiguous(claim: Claim, other: Claim): boolean {
  return claimsOverlap(claim, other) && !isNarrowerClaim(claim, other) && !isNarrowerClaim(other, claim);
}

function hasNarrower(one: DeviceProfile, other: DeviceProfile): boolean {
  const others = claimsOf(other);
  return claimsOf(one).some((claim) =>
    others.some((wide) => claimsOverlap(claim, wide) && isNarrowerClaim(claim, wide)),
  );
}

/** Everything that would have to come behind a profile. */
function behind(
  candidate: ProfileFile,
  later: readonly ProfileFile[],
  before: ReadonlyMap<ProfileFile, readonly ProfileFile[]>,
): ReadonlySet<ProfileFile> {
  const reached = new Set<ProfileFile>([candidate]);
  const waiting = [...later];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [other, earlier] of before) if (earlier.includes(file)) waiting.push(other);
  }
  return reached;
}

/** Each behind those that come before it, otherwise in the order given. */
function sorted(
  files: readonly ProfileFile[],
  before: ReadonlyMap<ProfileFile, readonly ProfileFile[]>,
): readonly ProfileFile[] {
  const placed = new Set<ProfileFile>();
  const place = (file: ProfileFile): void => {
    if (placed.has(file)) return;
    for (const earlier of before.get(file) ?? []) place(earlier);
    placed.add(file);
  };
  for (const file of files) place(file);
  return [...placed];
}

function idProblem(file: ProfileFile, other: ProfileFile): Problem {
  const message = `The profile ${file.profile.id} already stands in ${other.file}.`;
  const hint = "keep one of the two: a directory that is named first goes before the others";
  return { code: "PROFILE_ID_TWICE", message, pointer: "", hint, ...file.placeOf("") };
}

/** `a-b/c` and `a/b-c` give their rules the same beginning. */
function ruleProblem(file: ProfileFile, other: ProfileFile, { id, pointer: root }: RelatedRule): Problem {
  const pointer = `${root}/id`;
  const message = `The rule ${quoted(id)} already comes with ${other.profile.id}.`;
  const hint = "give it another id";
  return { code: "PROFILE_RULE_TWICE", message, pointer, hint, ...file.placeOf(pointer) };
}

function overlapProblem(
  file: ProfileFile,
  pointer: string,
  { claim, other, rival }: { readonly claim: Claim; readonly other: ProfileFile; readonly rival: Claim },
): Problem {
  const { id } = other.profile;
  const message =
    claim.filter === rival.filter
      ? `Topics of ${quoted(claim.filter)} already belong to ${id}.`
      : `Some topics match ${quoted(claim.filter)} and ${quoted(rival.filter)} of ${id}.`;
  const hint =
    'write a filter that matches only this sensor\'s topics, or tell them apart by "clients" or "fingerprint"; a filter within another one is allowed';
  return { code: "PROFILE_MATCH_SHARED", message, pointer, hint, ...file.placeOf(pointer) };
}

function circleProblem(file: ProfileFile, other: ProfileFile): Problem {
  const message = `In one place this is narrower than ${other.profile.id} or what goes behind it, and in another one wider.`;
  const hint = "make all filters narrower than its filters, or all of them wider";
  return { code: "PROFILE_MATCH_CROSSED", message, pointer: "/match", hint, ...file.placeOf("/match") };
}
