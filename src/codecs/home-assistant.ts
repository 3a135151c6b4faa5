/**
 * Home Assistant's discovery messages: what the readings on other topics mean.
 *
 * `{prefix}/{component}/[{node}/]{object}/config` describes one entity,
 * `{prefix}/device/[{node}/]{object}/config` all entities of a device: those in `components`, to which what stands
 * beside it applies too. Every name may be short. `~` at either end of a topic stands for the member `~`. An empty
 * payload takes back what the topic has said, as does leaving a component out.
 *
 * An entity gives the unit, class and expected silence of a leaf of its state topic, by its value template where
 * that is no more than a path (`value-template.ts`), and the topics on which its device says that it is there. All
 * of a device's topics stand for it alike, whatever `availability_mode` says: the last word counts.
 *
 * Other topics below the prefix (`status`, commands) carry no readings.
 *
 * Source: Home Assistant documentation, "MQTT", "MQTT discovery" and "MQTT availability".
 */
import type { DecodePlan, PlanSpec, Rejection } from "../core/decode.ts";
import type { MetricFact } from "../core/fact.ts";
import { factTextCharactersMax, metadataStringBytesMax } from "../core/limits.ts";
import { expectedMsOf, factText, factTexts, factTopic } from "./fact-text.ts";
import { deviceMembers, entityMembers } from "./home-assistant-names.ts";
import { type FactList, isJsonObject, type JsonObject, metadataPlan } from "./metadata-plan.ts";
import { nameProblem, scalarNaming } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { silentPlan } from "./small-plans.ts";
import { pathOfTemplate } from "./value-template.ts";

const codec = "home-assistant";

/** Makes the plan for a topic below the prefix of discovery. */
export function homeAssistantPlan(spec: PlanSpec): DecodePlan {
  const { topic } = spec;
  if (!topic.endsWith("/config")) return silentPlan(codec);
  return metadataPlan(codec, topic, (value, facts) => addMessage(topic, value, facts));
}

type Members = ReadonlyMap<string, unknown>;

/** An entity, or one of its availability topics: what it lacks stands beside it in the message. */
class Entity {
  readonly #own: Members;
  readonly #shared: Members | undefined;

  constructor(own: Members, shared?: Members) {
    this.#own = own;
    this.#shared = shared;
  }

  get(name: string): unknown {
    return this.#own.has(name) ? this.#own.get(name) : this.#shared?.get(name);
  }

  /** A topic, with the base topic in the place of `~` at its beginning or its end. */
  topic(name: string, base: unknown = this.get("~")): string | undefined {
    const written = this.get(name);
    if (typeof written !== "string" || typeof base !== "string") return factTopic(written);
    const begun = written.startsWith("~") ? base + written.slice(1) : written;
    return factTopic(begun.endsWith("~") ? begun.slice(0, -1) + base : begun);
  }

  /** A word that a payload is compared with, to the letter. */
  word(name: string, usual: string): string | undefined {
    const written = this.get(name) ?? usual;
    // What a template makes of them; Home Assistant compares with that.
    if (typeof written === "boolean") return written ? "True" : "False";
    if (typeof written === "number") return String(written);
    const isWord =
      typeof written === "string" && written.length <= factTextCharactersMax && written.isWellFormed();
    return isWord ? written : undefined;
  }

  /** The path in the template under a name; nothing where there is more to it. */
  path(...names: readonly string[]): string | undefined {
    const template = names.map((name) => this.get(name)).find((one) => one !== undefined && one !== null);
    if (template === undefined) return "";
    if (typeof template !== "string" || template.length > metadataStringBytesMax) return undefined;
    return pathOfTemplate(template);
  }
}

function addMessage(topic: string, value: unknown, facts: FactList): Rejection | undefined {
  if (!isJsonObject(value)) return rejected("unsupported", "The payload is JSON, but not an object.");
  const members = entityMembers(value);
  const components = members.get("components");
  if (components === undefined) {
    addEntity(topic, new Entity(members), identityOf(members.get("device")), facts);
    return undefined;
  }
  if (!isJsonObject(components)) return rejected("malformed", "The components are not an object.");
  const identity = identityOf(members.get("device"));
  for (const key of Object.keys(components)) {
    if (facts.full) break;
    const component = components[key];
    // One that has nothing but its platform is removed.
    if (!isJsonObject(component) || Object.keys(component).length < 2) continue;
    addEntity(topic, new Entity(entityMembers(component), members), identity, facts);
  }
  return undefined;
}

type Identity = MetricFact["identity"];

function identityOf(device: unknown): Identity {
  if (!isJsonObject(device)) return undefined;
  const members = deviceMembers(device);
  const identity = factTexts({
    label: members.get("name"),
    vendor: members.get("manufacturer"),
    model: members.get("model") ?? members.get("model_id"),
    firmware: members.get("sw_version"),
    via: members.get("via_device"),
  });
  return Object.keys(identity).length === 0 ? undefined : identity;
}

function addEntity(under: string, entity: Entity, identity: Identity, facts: FactList): void {
  const topic = entity.topic("state_topic");
  if (topic === undefined) return;
  // Lights with this schema have no template: their state is an object.
  const path =
    entity.get("schema") === "json" ? undefined : entity.path("value_template", "state_value_template");
  const expectedMs = expectedMsOf(entity.get("expire_after"));
  facts.add({
    kind: "metric",
    source: "discovery",
    of: path === undefined ? { topic } : { topic, path },
    under,
    ...factTexts({
      label: entity.get("name"),
      unit: entity.get("unit_of_measurement"),
      class: entity.get("device_class"),
      stateClass: entity.get("state_class"),
    }),
    ...(expectedMs === undefined ? {} : { expectedMs }),
    ...(identity === undefined ? {} : { identity }),
  });
  const device = path === "" ? scalarNaming({ topic, codec: "scalar" }).device : topic.normalize("NFC");
  if (nameProblem("device", device) !== undefined) return;
  const add = (one: Entity, base: unknown, topicName: string, templateName: string): void => {
    addAvailability({ under, device, readings: topic }, one, { base, topicName, templateName }, facts);
  };
  const list = entity.get("availability");
  if (!Array.isArray(list)) {
    add(entity, entity.get("~"), "availability_topic", "availability_template");
    return;
  }
  const entries: readonly unknown[] = list;
  for (const one of entries) {
    if (facts.full) return;
    if (isJsonObject(one)) add(availabilityEntry(one), entity.get("~"), "topic", "value_template");
  }
}

function availabilityEntry(object: JsonObject): Entity {
  return new Entity(entityMembers(object));
}

interface AvailabilityNames {
  readonly base: unknown;
  readonly topicName: string;
  readonly templateName: string;
}

function addAvailability(
  about: { readonly under: string; readonly device: string; readonly readings: string },
  entity: Entity,
  { base, topicName, templateName }: AvailabilityNames,
  facts: FactList,
): void {
  const topic = entity.topic(topicName, base);
  const available = entity.word("payload_available", "online");
  const unavailable = entity.word("payload_not_available", "offline");
  const path = entity.path(templateName);
  if (topic === undefined || available === undefined || unavailable === undefined || path === undefined)
    return;
  if (factText(available) === undefined || factText(unavailable) === undefined) return;
  facts.add({
    kind: "availability",
    source: "discovery",
    topic,
    ...about,
    available,
    unavailable,
    ...(path === "" ? {} : { path }),
  });
}
