/** Topics: levels, filters, and names made safe for a topic level. Source: MQTT 3.1.1 and 5.0, § 4.7. */

/**
 * Tells whether a topic filter matches a topic name.
 *
 * `#` also matches the parent level, and neither wildcard matches a topic that begins with `$` at its
 * first level.
 */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && (filter.startsWith("#") || filter.startsWith("+"))) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (let index = 0; index < wanted.length; index += 1) {
    const level = wanted[index];
    if (level === "#") return true;
    if (index >= levels.length) return false;
    if (level !== "+" && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

/** Percent-encodes `/ + # %` and control characters, so that any name fits into one topic level. */
export function topicLevelOf(name: string): string {
  let level = "";
  for (const character of name) {
    const code = character.charCodeAt(0);
    const unsafe = "/+#%".includes(character) || code < 0x20 || code === 0x7f;
    level += unsafe ? `%${code.toString(16).toUpperCase().padStart(2, "0")}` : character;
  }
  return level;
}
