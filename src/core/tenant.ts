/**
 * Tenants: whose a topic, a device or a client id is, read off its name.
 *
 * What belongs to the tenant `north` is called `@north/…` inside the gateway: its topics, its devices, its client ids.
 * Its own clients never see that level: it is put in front of what they say and taken off what they are told, at the
 * edge. So nothing between the edges has to know of tenants, and what the log says needs no configuration to be read.
 */

const mark = "@";
const markCode = 64;

/** What stands in front of every name of a tenant. */
export function mountOf(tenant: string): string {
  return `${mark}${tenant}/`;
}

/** Names of tenants are of a-z, 0-9 and -; anything else behind the mark is a name like any other. */
const mounted = /^@([a-z0-9][a-z0-9-]{0,63})\//;

/** Whose a name is; nothing where it is the gateway's own. */
export function tenantOf(name: string): string | undefined {
  return name.charCodeAt(0) === markCode ? mounted.exec(name)?.[1] : undefined;
}

/** A name as its tenant calls it. */
export function withinTenant(name: string): string {
  const tenant = tenantOf(name);
  return tenant === undefined ? name : name.slice(mountOf(tenant).length);
}

/** The label by which alerts tell whose they are; nobody can write one of this name into a rule. */
const tenantLabel = "@tenant";

/** Labels of the alerts of a rule: its own, and whose they are. */
export function labelsWithTenant(
  labels: Readonly<Record<string, string>>,
  tenant: string | undefined,
): Readonly<Record<string, string>> {
  return tenant === undefined ? labels : { ...labels, [tenantLabel]: tenant };
}

/** Whose an alert is; nothing where its rule is of the gateway itself. */
export function tenantOfAlert({
  labels,
}: {
  readonly labels: Readonly<Record<string, string>>;
}): string | undefined {
  return Object.hasOwn(labels, tenantLabel) ? labels[tenantLabel] : undefined;
}

/** Tells whether a name is of a tenant, or of the gateway itself where none is given. */
export function isOfTenant(name: string, tenant: string | undefined): boolean {
  return tenant === undefined ? tenantOf(name) === undefined : name.startsWith(mountOf(tenant));
}

/**
 * Tells whether a topic belongs to the gateway or the broker, in whichever topic space: clients never publish there.
 *
 * @param ownTopicPrefix - What the gateway publishes under, `"holdfast/"`.
 */
export function isReservedTopic(topic: string, ownTopicPrefix: string): boolean {
  const plain = withinTenant(topic);
  return plain.startsWith("$") || plain.startsWith(ownTopicPrefix);
}
