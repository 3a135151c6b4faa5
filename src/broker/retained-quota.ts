/** Under how many topics one user has messages retained. Counted since the start of the process. */
import type { Admission } from "../core/access/principal.ts";
import { principalKey } from "../core/access/principal.ts";
import type { EnginePacket } from "./engine.ts";

export class RetainedQuota {
  /** Whose the retained message of a topic is: of whoever retained one first. */
  readonly #owners = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** Whether a message may be retained; it then counts. Of users without a quota nothing is remembered. */
  takes({ topic, payload }: EnginePacket, admission: Admission | undefined): boolean {
    const owner = this.#owners.get(topic);
    if (payload.length === 0) {
      if (owner !== undefined) this.#release(topic, owner);
      return true;
    }
    const quota = admission?.limits.retained;
    if (owner !== undefined || quota === undefined || admission === undefined) return true;
    const key = principalKey(admission.principal);
    const count = this.#counts.get(key) ?? 0;
    if (count >= quota) return false;
    this.#owners.set(topic, key);
    this.#counts.set(key, count + 1);
    return true;
  }

  #release(topic: string, owner: string): void {
    this.#owners.delete(topic);
    const count = (this.#counts.get(owner) ?? 0) - 1;
    if (count > 0) this.#counts.set(owner, count);
    else this.#counts.delete(owner);
  }
}
