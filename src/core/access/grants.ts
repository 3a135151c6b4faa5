/** What one client may do: the roles of its user, with the user and the client id put into their patterns. */
import type { RoleDefinition, RoleLimits } from "./definition.ts";
import { roleLimitNames } from "./definition.ts";
import { FilterSet } from "./filter-set.ts";
import { bindPattern, type PatternSubject } from "./topic-pattern.ts";

/**
 * Permissions of one client; whatever is not granted is denied.
 *
 * Topics of the gateway itself and of the broker are nobody's to write: that is looked at before, and no grant
 * changes it.
 */
export interface Grants {
  mayPublish(topic: string): boolean;
  /** A filter with wildcards must be covered: nothing that it matches is beyond the grant. */
  maySubscribe(filter: string): boolean;
  /** Looked at for each message. */
  mayReceive(topic: string): boolean;
  readonly limits: RoleLimits;
}

class BoundGrants implements Grants {
  readonly limits: RoleLimits;
  readonly #publish: FilterSet;
  readonly #subscribe: FilterSet;
  readonly #receive: FilterSet;

  constructor(roles: readonly RoleDefinition[], subject: PatternSubject) {
    const bound = (patternsOf: (role: RoleDefinition) => readonly string[]): FilterSet =>
      new FilterSet(
        roles.flatMap(patternsOf).flatMap((pattern) => {
          const filter = bindPattern(pattern, subject);
          return filter === undefined ? [] : [filter];
        }),
      );
    this.#publish = bound((role) => role.publish);
    this.#subscribe = bound((role) => role.subscribe);
    this.#receive = bound((role) => role.receive ?? role.subscribe);
    this.limits = widestLimits(roles);
  }

  mayPublish(topic: string): boolean {
    return this.#publish.matches(topic);
  }

  maySubscribe(filter: string): boolean {
    // Shared subscriptions do not exist here; taken as a topic, the name would mean something else.
    return !filter.startsWith("$share/") && this.#subscribe.covers(filter);
  }

  mayReceive(topic: string): boolean {
    return this.#receive.matches(topic);
  }
}

/** Of several roles the one that allows more counts; one that says nothing about a limit does not lift it. */
function widestLimits(roles: readonly RoleDefinition[]): RoleLimits {
  return Object.fromEntries(
    roleLimitNames.flatMap((name) => {
      const numbers = roles.flatMap(({ limits }) => limits[name] ?? []);
      return numbers.length === 0 ? [] : [[name, Math.max(...numbers)]];
    }),
  );
}

/** Makes what a subject with these roles may do. */
export function bindGrants(roles: readonly RoleDefinition[], subject: PatternSubject): Grants {
  return new BoundGrants(roles, subject);
}

/** Nothing. */
export const noGrants: Grants = bindGrants([], { user: "", clientId: "" });

/** To subscribe to one topic, on which nothing that is published is delivered: who asked is answered there. */
export function replyGrants(topic: string): Grants {
  return {
    limits: {},
    mayPublish: () => false,
    maySubscribe: (filter) => filter === topic,
    mayReceive: () => false,
  };
}

/** Everything but topics that begin with `$`: where nobody has said who may do what. */
export const allGrants: Grants = bindGrants([{ name: "", publish: ["#"], subscribe: ["#"], limits: {} }], {
  user: "",
  clientId: "",
});
