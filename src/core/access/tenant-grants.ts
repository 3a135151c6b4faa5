/** Grants of a tenant's clients: what their roles say holds within the topics of the tenant, and nothing beyond. */
import { mountOf } from "../tenant.ts";
import type { RoleLimits } from "./definition.ts";
import type { Grants } from "./grants.ts";

/** Asked with topics as they are inside the gateway, while roles say how the clients call them. */
export class TenantGrants implements Grants {
  readonly #mount: string;
  readonly #inner: Grants;

  constructor(tenant: string, inner: Grants) {
    this.#mount = mountOf(tenant);
    this.#inner = inner;
  }

  get limits(): RoleLimits {
    return this.#inner.limits;
  }

  mayPublish(topic: string): boolean {
    return this.#isWithin(topic) && this.#inner.mayPublish(topic.slice(this.#mount.length));
  }

  maySubscribe(filter: string): boolean {
    return this.#isWithin(filter) && this.#inner.maySubscribe(filter.slice(this.#mount.length));
  }

  mayReceive(topic: string): boolean {
    return this.#isWithin(topic) && this.#inner.mayReceive(topic.slice(this.#mount.length));
  }

  /** Behind the tenant's level has to be something: a topic has at least one character. */
  #isWithin(name: string): boolean {
    return name.startsWith(this.#mount) && name.length > this.#mount.length;
  }
}
