/**
 * How each topic in use is decoded: one plan per topic, made when the topic is first seen.
 */
import type { CodecName, DecodePlan, PlanSpec } from "../core/decode.ts";
import { decodePlansMax } from "../core/limits.ts";
import type { TopicView } from "../core/read-model.ts";
import { profilePlan } from "./profile-plan.ts";
import type { RouteTable } from "./routes.ts";

/** Makes plans, by the name of the codec; the composition root passes what `codecs/` offers. */
export type PlanMakers = Readonly<Record<CodecName, (spec: PlanSpec) => DecodePlan>>;

/**
 * The plans of all topics, at most `limits.decodePlansMax`.
 *
 * When there are more topics, the plan that was made first leaves. It may be one in use; making it again
 * costs some microseconds and what it had learnt, and in return finding a plan is one look into a map
 * that nothing else is written to.
 */
export class DecodePlans {
  readonly #makers: PlanMakers;
  readonly #plansMax: number;
  readonly #plans = new Map<string, DecodePlan>();
  #routes: RouteTable;

  /** @param makers - One for every codec that the routes can name, `auto` included. */
  constructor(routes: RouteTable, makers: PlanMakers, plansMax: number = decodePlansMax) {
    this.#routes = routes;
    this.#makers = makers;
    this.#plansMax = plansMax;
  }

  /** The plan of a topic; the same object while it is held. */
  planOf(topic: string): DecodePlan {
    return this.#plans.get(topic) ?? this.#make(topic);
  }

  /** The codec of a topic in use: `auto` until detection has settled, nothing where no plan is held. */
  codecOf(topic: string): string | undefined {
    return this.#plans.get(topic)?.codec;
  }

  /** Topics in use with their codecs, in the order in which they appeared. */
  codecs(): TopicView[] {
    return Array.from(this.#plans, ([topic, { codec, profile }]) => ({
      topic,
      codec,
      ...(profile === undefined ? {} : { profile }),
    }));
  }

  /** Plans held. */
  get size(): number {
    return this.#plans.size;
  }

  /**
   * Forgets every plan. To be called when series get new numbers, since plans hold the old ones; what
   * was learnt and detected is learnt and detected again.
   */
  clear(): void {
    this.#plans.clear();
  }

  /** Puts other routes in force; every topic is looked at afresh. */
  replaceRoutes(routes: RouteTable): void {
    this.#routes = routes;
    this.clear();
  }

  #make(topic: string): DecodePlan {
    const spec = this.#routes.specOf(topic);
    if (this.#plans.size >= this.#plansMax) {
      for (const oldest of this.#plans.keys()) {
        this.#plans.delete(oldest);
        break;
      }
    }
    const inner = this.#makers[spec.codec](spec);
    const plan = spec.profile === undefined ? inner : profilePlan(spec.profile, inner);
    this.#plans.set(topic, plan);
    return plan;
  }
}
