/** The names of series and their numbers, as the intake looks them up. */
import { noTenantBounds, type TenantBounds } from "./access/tenant-quotas.ts";
import { nameCharactersMax, seriesMax } from "./limits.ts";
import type { SeriesDefinition, SeriesId } from "./sample.ts";
import { tenantOf } from "./tenant.ts";

/** Where a series came from when it was first seen. */
export interface SeriesOrigin {
  readonly topic?: string | undefined;
  /** Id of a device profile. */
  readonly profile?: string | undefined;
}

/** What was said about a series when it was first seen; parts may be missing. */
interface SeriesParts extends SeriesOrigin {
  readonly id: SeriesId;
  readonly device: string;
  readonly metric: string;
  readonly unit: string | undefined;
}

/** The definition of a series from its parts; what is missing has no member. */
export function seriesDefinition({
  id,
  device,
  metric,
  unit,
  topic,
  profile,
}: SeriesParts): SeriesDefinition {
  return {
    id,
    device,
    metric,
    ...(unit === undefined ? {} : { unit }),
    ...(topic === undefined ? {} : { topic }),
    ...(profile === undefined ? {} : { profile }),
  };
}

/**
 * Gives every series a dense number, in the order of first appearance.
 *
 * It runs ahead of the log: new series are handed to the next record by {@link SeriesTable.takeNew}, and
 * the table is made anew from the state when a commit has failed.
 */
export class SeriesTable {
  readonly #byDevice: Map<string, Map<string, SeriesId>> = new Map();
  readonly #tenants: TenantBounds;
  /** Series of each tenant that are not retired. */
  readonly #ofTenants = new Map<string, number>();
  #count = 0;
  /** The number of the next new series: those of retired ones are not given again. */
  #nextId: SeriesId;
  #new: SeriesDefinition[] = [];

  /**
   * @param known - Series that are not retired.
   * @param nextId - The first number that was never given.
   * @param tenants - How many each tenant may have.
   */
  constructor(
    known: Iterable<SeriesDefinition> = [],
    nextId: SeriesId = 0,
    tenants: TenantBounds = noTenantBounds,
  ) {
    this.#nextId = nextId;
    this.#tenants = tenants;
    for (const { id, device, metric } of known) this.#name(device, metric, id);
  }

  /** Series that are not retired. */
  get count(): number {
    return this.#count;
  }

  /** Fulfils `SeriesResolver`; see there for the -1. */
  resolve(device: string, metric: string, unit?: string, origin: SeriesOrigin = {}): SeriesId {
    const known = this.#byDevice.get(device)?.get(metric);
    if (known !== undefined) return known;
    if (this.#count >= seriesMax || !isName(device) || !isName(metric)) return -1;
    if (!this.#hasRoomInTenant(device)) return -1;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#name(device, metric, id);
    this.#new.push(seriesDefinition({ id, device, metric, unit, ...origin }));
    return id;
  }

  /** Series that came since the last call, in order. */
  takeNew(): readonly SeriesDefinition[] {
    if (this.#new.length === 0) return this.#new;
    const definitions = this.#new;
    this.#new = [];
    return definitions;
  }

  /** Forgets the name of a series: the next time it comes it is a new one. */
  retire(device: string, metric: string): void {
    const metrics = this.#byDevice.get(device);
    if (metrics?.delete(metric) !== true) return;
    if (metrics.size === 0) this.#byDevice.delete(device);
    this.#count -= 1;
    this.#countInTenant(device, -1);
  }

  #hasRoomInTenant(device: string): boolean {
    const tenant = tenantOf(device);
    if (tenant === undefined) return true;
    const most = this.#tenants.limitsOf(tenant).series;
    if (most === undefined || (this.#ofTenants.get(tenant) ?? 0) < most) return true;
    this.#tenants.reached(tenant, "series");
    return false;
  }

  #countInTenant(device: string, by: 1 | -1): void {
    const tenant = tenantOf(device);
    if (tenant !== undefined) this.#ofTenants.set(tenant, (this.#ofTenants.get(tenant) ?? 0) + by);
  }

  #name(device: string, metric: string, id: SeriesId): void {
    let metrics = this.#byDevice.get(device);
    if (metrics === undefined) {
      metrics = new Map();
      this.#byDevice.set(device, metrics);
    }
    metrics.set(metric, id);
    this.#count += 1;
    this.#countInTenant(device, 1);
  }
}

/** Whether a name can become a key, a topic level and text on a page. */
function isName(name: string): boolean {
  if (name.length === 0 || name.length > nameCharactersMax) return false;
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index);
    if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) return false;
  }
  return name.isWellFormed();
}
