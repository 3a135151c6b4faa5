/** The device registry as people see it: what was seen, joined with what is said about it. */
import { type FactSource, factSources, type IdentityFact, type MetricFact } from "./fact.ts";
import type { Catalogue } from "./fold/catalogue.ts";
import type { DeviceState, SeriesState } from "./fold/series-state.ts";
import type { EpochMs, SeriesDefinition } from "./sample.ts";
import { unitSymbol } from "./unit.ts";

/** One metric of a device. */
export interface DeviceMetric {
  readonly metric: string;
  readonly unit?: string;
  readonly label?: string;
  /** What is measured, in the words of the source. */
  readonly class?: string;
  readonly stateClass?: string;
  /** The longest silence to be expected. */
  readonly expectedMs?: number;
  /** Other units that were said, by who said it: shown, and not taken. */
  readonly conflicts?: readonly { readonly source: FactSource; readonly unit: string }[];
}

/** One device. Missing where it is not known: vendor, model, firmware, via, battery, link, interval. */
export interface DeviceView {
  /** As its samples name it. */
  readonly device: string;
  /** What people call it; its name where nobody has said. */
  readonly label: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly firmware?: string;
  /** Through which device it is reached. */
  readonly via?: string;
  /** The profile by which it is decoded. */
  readonly profile?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** By the gateway's clock; `null` while only old data came of it. */
  readonly firstSeen: EpochMs | null;
  readonly lastSeen: EpochMs | null;
  /** `null` while that is not known. */
  readonly online: boolean | null;
  /** `said` by the device or who watches it; `interval`: by how often it sends. */
  readonly onlineBy: "said" | "interval" | null;
  /** How often it sends: as configured, else as learned. */
  readonly intervalMs?: number;
  /** Charge in per cent. */
  readonly battery?: number;
  /** How well it is heard, in the unit of its series. */
  readonly link?: number;
  readonly metrics: readonly DeviceMetric[];
}

/** What the registry is made from. */
export interface DeviceSources {
  /** Series that are in use, in the order of their numbers. */
  readonly series: Iterable<SeriesState>;
  readonly catalogue: Pick<Catalogue, "all" | "unitOf">;
  /** Only the device of this name. */
  readonly only?: string;
  /** How long the gateway has been running now, in milliseconds. */
  readonly runningMs: number;
  readonly profileOf: (id: string) => { readonly vendor: string; readonly model: string } | undefined;
}

/** Every device, in the order in which it first came. */
export function deviceViews({
  series,
  catalogue,
  only,
  runningMs,
  profileOf,
}: DeviceSources): readonly DeviceView[] {
  const said = new SaidOfDevices(catalogue);
  const devices = new Map<string, { readonly state: DeviceState; readonly metrics: SeriesDefinition[] }>();
  for (const { definition, device: state } of series) {
    if (only !== undefined && definition.device !== only) continue;
    const known = devices.get(definition.device);
    if (known === undefined) devices.set(definition.device, { state, metrics: [definition] });
    else known.metrics.push(definition);
  }
  return Array.from(devices, ([device, { state, metrics }]): DeviceView => {
    const { words, description, presence, decodedBy } = state;
    const profile = decodedBy === undefined ? undefined : profileOf(decodedBy);
    const identity = said.identityOf(device, metrics);
    const intervalMs = description.intervalMs ?? presence.intervalMs;
    const { online, by } = presence.standing(runningMs, intervalMs);
    return {
      device,
      label: words.label ?? identity.label ?? device,
      ...present({
        vendor: profile?.vendor ?? identity.vendor,
        model: profile?.model ?? identity.model,
        firmware: identity.firmware,
        via: identity.via,
        profile: decodedBy,
      }),
      tags: description.tags,
      firstSeen: numberOrNull(presence.firstSeenAt),
      lastSeen: numberOrNull(presence.lastSeenAt),
      online,
      onlineBy: by,
      ...numbers({ intervalMs, battery: presence.battery, link: presence.link }),
      metrics: metrics.map((definition) => said.metricOf(definition)),
    };
  });
}

type Identity = Pick<IdentityFact, "label" | "vendor" | "model" | "firmware" | "via">;

/** In place of a path that is not known: what is said is of the topic as a whole. */
const anyPath = "\u0001";

/** Facts, found by what they are about; of several the one whose source is believed most. */
class SaidOfDevices {
  readonly #identities: Map<string, IdentityFact[]> = new Map();
  readonly #metrics: Map<string, MetricFact[]> = new Map();

  readonly #unitOf: (definition: SeriesDefinition) => string | undefined;

  constructor(catalogue: DeviceSources["catalogue"]) {
    this.#unitOf = (definition) => catalogue.unitOf(definition);
    for (const fact of catalogue.all()) {
      if (fact.kind === "identity") put(this.#identities, fact.device, fact);
      else if (fact.kind === "metric") put(this.#metrics, keyOf(...namesOf(fact.of)), fact);
    }
  }

  identityOf(device: string, metrics: readonly SeriesDefinition[]): Identity {
    const own: readonly { readonly source: FactSource; readonly identity: Identity }[] = (
      this.#identities.get(device) ?? []
    ).map((fact) => ({ source: fact.source, identity: fact }));
    const ofMetrics = metrics.flatMap((definition) =>
      this.#factsOf(definition, anyPath).flatMap(({ source, identity }) =>
        identity === undefined ? [] : [{ source, identity }],
      ),
    );
    const all = [...own, ...ofMetrics].toSorted(byBelief);
    const first = (key: keyof Identity): string | undefined =>
      all.find(({ identity }) => identity[key] !== undefined)?.identity[key];
    return present({
      label: first("label"),
      vendor: first("vendor"),
      model: first("model"),
      firmware: first("firmware"),
      via: first("via"),
    });
  }

  metricOf(definition: SeriesDefinition): DeviceMetric {
    const facts = this.#factsOf(definition);
    const unit = definition.unit ?? this.#unitOf(definition);
    const conflicts = facts.flatMap(({ source, unit: other }) =>
      other === undefined || unitSymbol(other) === unit ? [] : [{ source, unit: other }],
    );
    const first = <K extends keyof MetricFact>(key: K): MetricFact[K] | undefined =>
      facts.find((fact) => fact[key] !== undefined)?.[key];
    return {
      metric: definition.metric,
      ...present({ unit, label: first("label"), class: first("class"), stateClass: first("stateClass") }),
      ...numbers({ expectedMs: first("expectedMs") }),
      ...(conflicts.length === 0 ? {} : { conflicts }),
    };
  }

  /** The most believed first. */
  #factsOf({ device, metric, topic }: SeriesDefinition, ...more: readonly string[]): readonly MetricFact[] {
    const named = this.#metrics.get(keyOf("device", device, metric)) ?? [];
    if (topic === undefined) return named.toSorted(byBelief);
    // Of a topic with a plain value the path is empty.
    const ofTopic = ["", metric, ...more].flatMap(
      (path) => this.#metrics.get(keyOf("topic", topic, path)) ?? [],
    );
    return [...named, ...ofTopic].toSorted(byBelief);
  }
}

function namesOf(of: MetricFact["of"]): [string, string, string] {
  return "topic" in of ? ["topic", of.topic, of.path ?? anyPath] : ["device", of.device, of.metric];
}

function keyOf(...names: readonly [string, string, string]): string {
  return names.join("\u0000");
}

function byBelief(one: { readonly source: FactSource }, other: { readonly source: FactSource }): number {
  return factSources.indexOf(one.source) - factSources.indexOf(other.source);
}

function put<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

/** The members that have a value. */
function present<K extends string>(
  members: Readonly<Record<K, string | undefined>>,
): Partial<Record<K, string>> {
  const kept: Partial<Record<K, string>> = {};
  for (const key in members) if (members[key] !== undefined) kept[key] = members[key];
  return kept;
}

function numbers<K extends string>(
  members: Readonly<Record<K, number | undefined>>,
): Partial<Record<K, number>> {
  const kept: Partial<Record<K, number>> = {};
  for (const key in members) {
    const value = members[key];
    if (value !== undefined && Number.isFinite(value)) kept[key] = value;
  }
  return kept;
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
