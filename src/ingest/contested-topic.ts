/**
 * A topic on which the client or the payload decides which profile decodes.
 *
 * A message goes to the first profile, narrower ones before wider ones, whose `clients` its client meets and whose
 * fingerprint its payload carries; to the next route otherwise.
 *
 * What a client has told by one payload holds for its later ones that say nothing about it, as a device may name its
 * model only when it starts. That is kept for each client by itself, so that two clients on one topic are never
 * decoded by each other's profile. A payload that contradicts is never decoded by that profile, and where a client
 * tells of several models, only payloads that tell belong to any, until one model was told three times in a row.
 * After three payloads in a row that the profile's codec refuses, the client is looked at afresh.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import { type FieldReader, verdictOn } from "../core/fingerprint.ts";
import { topicClientsMax } from "../core/limits.ts";
import type { Publication } from "../core/ports.ts";
import type { DeadLetter } from "../core/record.ts";
import { compileGlobs } from "../core/rule/glob.ts";
import { withinTenant } from "../core/tenant.ts";

/** Refusals in a row after which a client is looked at afresh, and tellings in a row that settle it anew. */
const turnsMax = 3;

/** Share of a plan that the memory of one client weighs: some 150 bytes against a plan's 300 and its shapes. */
const clientWeight = 1 / 8;

/** What of a message decides how it is decoded; valid as long as the message is. */
export type Addressed = Pick<Publication, "topic" | "clientId" | "bytes" | "start" | "end">;

/** A kept dead letter as the message that it was; it holds all of its payload. */
export function addressOf({
  topic,
  clientId,
  bytes,
}: Pick<DeadLetter, "topic" | "clientId" | "bytes">): Addressed {
  return { topic, clientId, bytes, start: 0, end: bytes.length };
}

/** What is known of one client on the topic. */
interface ClientChoice {
  /** Indexes of the specs that are open to it; only the last one asks for no fingerprint. */
  readonly open: readonly number[];
  /** Who gets payloads that say nothing; -1 for the next route. */
  settled: number;
  /** Who was told last, and how often in a row. */
  told: number;
  toldCount: number;
  /** Refusals in a row of the one that is settled. */
  refusals: number;
}

/** See the head of this file. */
export class ContestedTopic {
  readonly #specs: readonly PlanSpec[];
  readonly #make: (spec: PlanSpec) => DecodePlan;
  readonly #readFields: FieldReader;
  readonly #meetsClients: readonly ((clientId: string) => boolean)[];
  readonly #plans = new Map<number, WatchedPlan>();
  readonly #choices = new Map<string, ClientChoice>();

  /** @param specs - As `RouteTable.specsOf` gives them. */
  constructor(specs: readonly PlanSpec[], make: (spec: PlanSpec) => DecodePlan, readFields: FieldReader) {
    this.#specs = specs;
    this.#make = make;
    this.#readFields = readFields;
    this.#meetsClients = specs.map(({ profile }) => compileGlobs(profile?.clients ?? ["*"]));
  }

  /** What it holds, in plans. */
  get size(): number {
    return this.#plans.size + this.#choices.size * clientWeight;
  }

  /** The plans in use. */
  get plans(): readonly DecodePlan[] {
    return [...this.#plans.values()];
  }

  /** The plan of one message, for that message only: its outcome counts for its client. */
  planOf(message: Addressed): DecodePlan {
    const choice = this.#choices.get(message.clientId) ?? this.#meet(message.clientId);
    const index = choice.open.length === 1 ? choice.open[0]! : this.#choose(choice, message);
    const plan = this.#plans.get(index) ?? this.#planAt(index);
    plan.watch = index === choice.settled ? choice : undefined;
    return plan;
  }

  #choose(choice: ClientChoice, { bytes, start, end }: Addressed): number {
    const { open, settled } = choice;
    const next = open.at(-1)!;
    const fields = this.#readFields(bytes, start, end);
    if (fields === undefined) return settled < 0 ? next : settled;
    let isSilent = false;
    for (const index of open) {
      const fingerprint = this.#specs[index]!.profile?.fingerprint;
      if (fingerprint === undefined) break;
      const verdict = verdictOn(fingerprint, fields);
      if (verdict === "carried") {
        tell(choice, index);
        return index;
      }
      if (verdict === "silent" && index === settled) isSilent = true;
    }
    return isSilent ? settled : next;
  }

  #meet(clientId: string): ClientChoice {
    const open: number[] = [];
    for (const [index, { profile }] of this.#specs.entries()) {
      if (!this.#meetsClients[index]!(withinTenant(clientId))) continue;
      open.push(index);
      if (profile?.fingerprint === undefined) break;
    }
    if (this.#choices.size >= topicClientsMax) {
      for (const oldest of this.#choices.keys()) {
        this.#choices.delete(oldest);
        break;
      }
    }
    const choice: ClientChoice = { open, settled: -1, told: -1, toldCount: 0, refusals: 0 };
    this.#choices.set(clientId, choice);
    return choice;
  }

  #planAt(index: number): WatchedPlan {
    const plan = new WatchedPlan(this.#make(this.#specs[index]!));
    this.#plans.set(index, plan);
    return plan;
  }
}

function tell(choice: ClientChoice, index: number): void {
  choice.toldCount = index === choice.told ? choice.toldCount + 1 : 1;
  const isFirst = choice.told < 0;
  choice.told = index;
  if (index === choice.settled) return;
  choice.settled = isFirst || choice.toldCount >= turnsMax ? index : -1;
  choice.refusals = 0;
}

/** A plan whose refusals are counted for the client that it was chosen for by what that client told. */
class WatchedPlan implements DecodePlan {
  readonly profile?: string;
  watch: ClientChoice | undefined;
  readonly #inner: DecodePlan;

  constructor(inner: DecodePlan) {
    this.#inner = inner;
    if (inner.profile !== undefined) this.profile = inner.profile;
  }

  get codec(): string {
    return this.#inner.codec;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const rejection = this.#inner.decode(bytes, start, end, target);
    if (this.watch !== undefined) count(this.watch, rejection);
    return rejection;
  }
}

function count(choice: ClientChoice, rejection: Rejection | undefined): void {
  // That the gateway is full says nothing about the device.
  if (rejection?.cause === "series-limit") return;
  choice.refusals = rejection === undefined ? 0 : choice.refusals + 1;
  if (choice.refusals < turnsMax) return;
  choice.settled = -1;
  choice.told = -1;
  choice.refusals = 0;
}
