/** Topics: levels, filters, and names made safe for a topic level. Source: MQTT 3.1.1 and 5.0, § 4.7. */

import { topicBytesMax, topicLevelsMax } from "./limits.ts";

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

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
const control = /[\u0000-\u001f\u007f]/;

/** Tells whether a text is an MQTT topic filter. Source: MQTT 3.1.1 and 5.0, § 4.7.1. */
export function isTopicFilter(written: string): boolean {
  const levels = written.split("/");
  if (written === "" || levels.length > topicLevelsMax || written.length > topicBytesMax) return false;
  if (control.test(written)) return false;
  return levels.every(
    (level, index) => level === "+" || (level === "#" && index === levels.length - 1) || !/[+#]/.test(level),
  );
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
