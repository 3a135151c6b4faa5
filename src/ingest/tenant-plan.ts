/**
 * How the payloads of a tenant's topics are decoded: like those of anybody else, by the topic without the tenant's
 * level; and whatever comes of them, devices, topics and facts, is the tenant's.
 */
import type { DecodePlan, DecodeTarget, Rejection, SeriesResolver } from "../core/decode.ts";
import type { DeviceFact, MetricFact } from "../core/fact.ts";
import type { EpochMs, SampleColumns } from "../core/sample.ts";
import { mountOf } from "../core/tenant.ts";

/** Makes the plan of a tenant of one that knows of no tenants. */
export function tenantPlan(tenant: string, inner: DecodePlan): DecodePlan {
  const target = new TenantTarget(tenant);
  return {
    get codec() {
      return inner.codec;
    },
    ...(inner.profile === undefined ? {} : { profile: inner.profile }),
    decode(bytes, start, end, outer) {
      target.outer = outer;
      return inner.decode(bytes, start, end, target);
    },
  };
}

/** A plan for payloads whose senders are told apart by names that all tenants share. */
export function tenantlessPlan(codec: string): DecodePlan {
  const rejection: Rejection = {
    cause: "unsupported",
    detail: "Sparkplug is not read from tenants by this version: their nodes could not be told apart.",
  };
  return { codec, decode: () => rejection };
}

/** Stands between a codec and the intake. */
class TenantTarget implements DecodeTarget {
  outer!: DecodeTarget;
  readonly #mount: string;
  readonly series: SeriesResolver;

  constructor(tenant: string) {
    this.#mount = mountOf(tenant);
    this.series = (device, metric, unit) => this.outer.series(this.#mount + device, metric, unit);
  }

  get rows(): SampleColumns {
    return this.outer.rows;
  }

  get receivedAt(): EpochMs {
    return this.outer.receivedAt;
  }

  get clientId(): string {
    return this.outer.clientId ?? "";
  }

  get replayed(): boolean {
    return this.outer.replayed === true;
  }

  get stampAt(): EpochMs {
    return this.outer.stampAt;
  }

  set stampAt(at: EpochMs) {
    this.outer.stampAt = at;
  }

  get stampUnreadable(): boolean {
    return this.outer.stampUnreadable;
  }

  set stampUnreadable(isUnreadable: boolean) {
    this.outer.stampUnreadable = isUnreadable;
  }

  get ownStamps(): boolean {
    return this.outer.ownStamps;
  }

  set ownStamps(areOwn: boolean) {
    this.outer.ownStamps = areOwn;
  }

  note(fact: DeviceFact): void {
    this.outer.note(mountedFact(this.#mount, fact));
  }
}

/** A fact about what is the tenant's: devices and topics by their whole names. */
function mountedFact(mount: string, fact: DeviceFact): DeviceFact {
  if (fact.kind === "withdrawn") return { ...fact, under: mount + fact.under };
  if (fact.kind === "birth") return { ...fact, node: mount + fact.node };
  const under = fact.under === undefined ? {} : { under: mount + fact.under };
  if (fact.kind === "metric") return { ...fact, of: mountedSubject(mount, fact.of), ...under };
  const via = "via" in fact && fact.via !== undefined ? { via: mount + fact.via } : {};
  const device = mount + fact.device;
  if (fact.kind === "identity") return { ...fact, device, ...via, ...under };
  return { ...fact, device, topic: mount + fact.topic, readings: mount + fact.readings, ...under };
}

function mountedSubject(mount: string, of: MetricFact["of"]): MetricFact["of"] {
  return "device" in of ? { ...of, device: mount + of.device } : { ...of, topic: mount + of.topic };
}
