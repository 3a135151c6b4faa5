/** How much of the gateway a tenant may take, as the users file says, and how often that was too little. */
import type { MetricFamily } from "../ports.ts";
import type { TenantDefinition, TenantLimits } from "./definition.ts";
import { tenantLimitNames } from "./definition.ts";

/** What can be used up. Closed: metrics are labelled with these names. */
export type TenantQuota = keyof TenantLimits;

/** Whoever keeps to a quota asks here, and says when it was reached. */
export interface TenantBounds {
  /** Nothing of it where the users file sets no bound. */
  limitsOf(tenant: string): TenantLimits;
  /** Something was refused, put off or let go since the quota is used up. */
  reached(tenant: string, quota: TenantQuota): void;
}

const unlimited: TenantLimits = {};

/** Quotas in force; replaced as a whole. Only tenants that have quotas are counted. */
export class TenantQuotas implements TenantBounds {
  #limits: ReadonlyMap<string, TenantLimits> = new Map();
  readonly #reached = new Map<string, Record<TenantQuota, number>>();

  constructor(tenants: readonly TenantDefinition[]) {
    this.replace(tenants);
  }

  replace(tenants: readonly TenantDefinition[]): void {
    this.#limits = new Map(tenants.map(({ name, limits }) => [name, limits]));
  }

  limitsOf(tenant: string): TenantLimits {
    return this.#limits.get(tenant) ?? unlimited;
  }

  reached(tenant: string, quota: TenantQuota): void {
    let counts = this.#reached.get(tenant);
    if (counts === undefined) {
      if (!this.#limits.has(tenant)) return;
      counts = noneReached();
      this.#reached.set(tenant, counts);
    }
    counts[quota] += 1;
  }

  get metrics(): readonly MetricFamily[] {
    return [
      {
        name: "holdfast_tenant_quota_reached_total",
        help: "Times that something of a tenant was refused, put off or let go for a quota.",
        type: "counter",
        read: () =>
          Array.from(this.#reached).flatMap(([tenant, counts]) =>
            tenantLimitNames.map((quota) => ({ labels: { tenant, quota }, value: counts[quota] })),
          ),
      },
    ];
  }
}

function noneReached(): Record<TenantQuota, number> {
  return {
    connections: 0,
    messagesPerSecond: 0,
    bytesPerSecond: 0,
    retained: 0,
    sessions: 0,
    queuedBytes: 0,
    series: 0,
  };
}

/** Where nobody has set bounds. */
export const noTenantBounds: TenantBounds = { limitsOf: () => unlimited, reached: () => undefined };
