/**
 * How each topic in use is decoded: one plan per topic, made when the topic is first seen; where profiles ask
 * something of clients or payloads, one for each of them that is in use there.
 */
import type { CodecName, DecodePlan, PlanSpec } from "../core/decode.ts";
import type { AvailabilityFact, DeviceFact } from "../core/fact.ts";
import type { FieldReader } from "../core/fingerprint.ts";
import { decodePlansMax } from "../core/limits.ts";
import { tenantOf, withinTenant } from "../core/tenant.ts";
import type { TopicView } from "../core/read-model.ts";
import { type Addressed, ContestedTopic } from "./contested-topic.ts";
import type { NamedTopics } from "./named-topics.ts";
import { profilePlan } from "./profile-plan.ts";
import type { RouteTable } from "./routes.ts";
import { tenantlessPlan, tenantPlan } from "./tenant-plan.ts";

/** Makes plans, by the name of the codec; the composition root passes what `codecs/` offers. */
export type PlanMakers = Readonly<Record<CodecName, (spec: PlanSpec) => DecodePlan>>;

/** What `codecs/` offers. */
export interface Decoders {
  /** One for every codec that the routes can name, `auto` included. */
  readonly makers: PlanMakers;
  /** Looks into payloads for fingerprints. */
  readonly readFields: FieldReader;
}

/** How topics are decoded that facts name; only those that no route does. */
export interface NamedTopicPlans {
  readonly topics: NamedTopics;
  /** Makes the plan of such a topic; `factsOf` gives another list when what is said has changed. */
  readonly make: (factsOf: () => readonly AvailabilityFact[], otherwise: DecodePlan) => DecodePlan;
}

/**
 * The plans of all topics, at most `limits.decodePlansMax`.
 *
 * When there are more, those of the topic that was met first leave. It may be one in use; making them again
 * costs some microseconds and what they had learnt, and in return finding a plan is one look into a map
 * that nothing else is written to.
 */
export class DecodePlans {
  readonly #decoders: Decoders;
  readonly #plansMax: number;
  readonly #named: NamedTopicPlans | undefined;
  readonly #plans = new Map<string, DecodePlan>();
  /** Topics on which the topic alone does not decide. */
  readonly #contested = new Map<string, ContestedTopic>();
  /** What those hold, in plans. */
  #contestedSize = 0;
  #routes: RouteTable;

  constructor(
    routes: RouteTable,
    decoders: Decoders,
    plansMax: number = decodePlansMax,
    named?: NamedTopicPlans,
  ) {
    this.#routes = routes;
    this.#decoders = decoders;
    this.#plansMax = plansMax;
    this.#named = named;
  }

  /**
   * The plan by which a message is decoded, to be used before the next one is asked for. Where topics alone
   * decide it is the same object for all messages of the topic, and client and payload are not looked at.
   */
  planOf(message: Addressed): DecodePlan {
    return this.#plans.get(message.topic) ?? this.#find(message);
  }

  /** A plan for a message that is not kept: series it has asked for mean nothing to anybody else. */
  trialPlanOf(message: Addressed): DecodePlan {
    const { topic } = message;
    const specs = this.#routes.specsOf(withinTenant(topic));
    return specs.length > 1 ? this.#contest(specs, topic).planOf(message) : this.#make(specs[0]!, topic);
  }

  /** The codec of a topic in use: `auto` until detection has settled, nothing where no plan is held. */
  codecOf(topic: string): string | undefined {
    return this.#plans.get(topic)?.codec ?? this.#contested.get(topic)?.plans[0]?.codec;
  }

  /** Topics in use with their codecs, in the order in which they appeared; contested ones behind the others. */
  codecs(): TopicView[] {
    const views = Array.from(this.#plans, ([topic, plan]) => viewOf(topic, plan));
    for (const [topic, { plans }] of this.#contested) {
      views.push(...Array.from(plans, (plan) => viewOf(topic, plan)));
    }
    return views;
  }

  /** Plans held; what is remembered of clients on contested topics counts as an eighth of one. */
  get size(): number {
    return this.#plans.size + this.#contestedSize;
  }

  /**
   * Forgets every plan. To be called when series get new numbers, since plans hold the old ones; what
   * was learnt and detected is learnt and detected again.
   */
  clear(): void {
    this.#plans.clear();
    this.#contested.clear();
    this.#contestedSize = 0;
    this.#named?.topics.clear();
  }

  /** Takes what a message says about devices: a topic that it names is decoded otherwise from now on. */
  noted(fact: DeviceFact): void {
    const named = this.#named;
    if (named === undefined) return;
    const isNew = fact.kind === "availability" && named.topics.of(fact.topic).length === 0;
    named.topics.noted(fact);
    if (isNew) this.#plans.delete(fact.topic);
  }

  /** Puts other routes in force; every topic is looked at afresh. */
  replaceRoutes(routes: RouteTable): void {
    this.#routes = routes;
    this.clear();
  }

  #find(message: Addressed): DecodePlan {
    const { topic } = message;
    const known = this.#contested.get(topic);
    if (known !== undefined) return this.#ask(known, message);
    // Routes, presets and profiles hold for tenants as they do for everybody.
    const specs = this.#routes.specsOf(withinTenant(topic));
    if (specs.length > 1) {
      const contested = this.#contest(specs, topic);
      this.#contested.set(topic, contested);
      return this.#ask(contested, message);
    }
    const plan = this.#make(specs[0]!, topic);
    this.#plans.set(topic, plan);
    this.#trim();
    return plan;
  }

  #contest(specs: readonly PlanSpec[], topic: string): ContestedTopic {
    return new ContestedTopic(specs, (spec) => this.#make(spec, topic), this.#decoders.readFields);
  }

  #ask(contested: ContestedTopic, message: Addressed): DecodePlan {
    const before = contested.size;
    const plan = contested.planOf(message);
    const grownBy = contested.size - before;
    if (grownBy !== 0) {
      this.#contestedSize += grownBy;
      this.#trim();
    }
    return plan;
  }

  /** Lets topics go until the rest is within the bound; those of the kind that has more than its half first. */
  #trim(): void {
    while (this.size > this.#plansMax) {
      if (this.#contestedSize > this.#plansMax / 2) this.#forgetContested();
      else this.#forgetPlan();
    }
  }

  #forgetPlan(): void {
    for (const oldest of this.#plans.keys()) {
      this.#plans.delete(oldest);
      return;
    }
  }

  #forgetContested(): void {
    for (const [oldest, contested] of this.#contested) {
      this.#contested.delete(oldest);
      this.#contestedSize -= contested.size;
      return;
    }
  }

  /** @param topic - By its whole name; that of the spec is as a tenant calls it. */
  #make(spec: PlanSpec, topic: string): DecodePlan {
    const tenant = tenantOf(topic);
    if (tenant !== undefined && spec.codec === "sparkplug") return tenantlessPlan(spec.codec);
    const inner = this.#decoders.makers[spec.codec](spec);
    const plan =
      spec.profile === undefined ? this.#withFacts(topic, inner) : profilePlan(spec.profile, inner);
    return tenant === undefined ? plan : tenantPlan(tenant, plan);
  }

  /** The plan of a topic that facts name and no route does. */
  #withFacts(topic: string, otherwise: DecodePlan): DecodePlan {
    const named = this.#named;
    const isNamed = named !== undefined && named.topics.of(topic).length > 0;
    if (!isNamed || this.#routes.names(withinTenant(topic))) {
      return otherwise;
    }
    let facts: readonly AvailabilityFact[] = [];
    let revision = Number.NaN;
    const factsOf = (): readonly AvailabilityFact[] => {
      if (named.topics.revision !== revision) {
        revision = named.topics.revision;
        facts = named.topics.of(topic).map((fact) => this.#calledAsRouted(fact));
      }
      return facts;
    };
    return named.make(factsOf, otherwise);
  }

  /** Where a route says how the device is called, it is that for its availability, too. */
  #calledAsRouted(fact: AvailabilityFact): AvailabilityFact {
    const { device = withinTenant(fact.device) } = this.#routes.specsOf(withinTenant(fact.readings))[0]!;
    return { ...fact, device };
  }
}

function viewOf(topic: string, { codec, profile }: DecodePlan): TopicView {
  return { topic, codec, ...(profile === undefined ? {} : { profile }) };
}
