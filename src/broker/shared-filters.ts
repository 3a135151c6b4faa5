/**
 * Filters of shared subscriptions, `$share/<group>/<filter>`, and the names that they have inside the engine.
 *
 * The engine knows no groups. It is shown the name of a place in a group instead, which no topic matches and no
 * client can send: it begins with a control character. So it counts, stores, restores and ends such a subscription
 * like any other, and what is published goes to groups past it. Source: MQTT 5.0 § 4.8.2.
 */

const sharePrefix = "$share/";
const placePrefix = "\u0001";

/** A group, and the filter that its members share. */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/** A place of one client in a group. */
export interface Place extends SharedFilter {
  readonly clientId: string;
}

/** Tells whether a filter, as clients write it, asks for a shared subscription. */
export function isShared(filter: string): boolean {
  return filter.startsWith(sharePrefix);
}

/** Reads `$share/<group>/<filter>`. @returns Nothing where a part is missing or the group has a wildcard. */
export function readShared(written: string): SharedFilter | undefined {
  if (!isShared(written)) return undefined;
  const groupEnd = written.indexOf("/", sharePrefix.length);
  const group = written.slice(sharePrefix.length, groupEnd);
  const filter = written.slice(groupEnd + 1);
  if (groupEnd < 0 || group === "" || filter === "" || /[+#]/.test(group)) return undefined;
  return { group, filter };
}

/** The name inside the engine of a filter as a client wrote it; the filter itself unless it is a shared one. */
export function engineName(clientId: string, written: string): string {
  if (readShared(written) === undefined) return written;
  return `${placePrefix}${encodeURIComponent(clientId)}/${written.slice(sharePrefix.length)}`;
}

/** What a name inside the engine stands for; nothing where it is a filter like any other. */
export function placeOf(name: string): Place | undefined {
  if (!name.startsWith(placePrefix)) return undefined;
  const clientEnd = name.indexOf("/");
  const groupEnd = name.indexOf("/", clientEnd + 1);
  return {
    clientId: decodeURIComponent(name.slice(placePrefix.length, clientEnd)),
    group: name.slice(clientEnd + 1, groupEnd),
    filter: name.slice(groupEnd + 1),
  };
}

/** The filter as the client wrote it. */
export function writtenFilter(name: string): string {
  const place = placeOf(name);
  return place === undefined ? name : `${sharePrefix}${place.group}/${place.filter}`;
}

/** The filter that topics are held against. */
export function matchedFilter(name: string): string {
  return placeOf(name)?.filter ?? name;
}
