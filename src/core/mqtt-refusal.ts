/** What an MQTT server means by a code with which it refuses or ends a connection. */

/** The refusals that differ in what is done about them. */
export type MqttRefusal = "version" | "not-authorized" | "crowded" | "other";

/** "I do not speak this version": MQTT 3.1.1 § 3.2.2.3 and 5.0 § 3.2.2.2. */
const unsupportedVersion = new Set([0x01, 0x84]);
/** Bad user name or password, not authorized, banned, bad authentication method; in 3.1.1: 4 and 5. */
const notAuthorized = new Set([0x04, 0x05, 0x86, 0x87, 0x8a, 0x8c]);
/** Server unavailable, busy, quota exceeded, connection rate exceeded; in 3.1.1: 3. */
const crowded = new Set([0x03, 0x88, 0x89, 0x97, 0x9f]);

/** Classifies the code of a CONNACK, of either version, or the reason of a DISCONNECT. */
export function refusalOf(code: number): MqttRefusal {
  if (unsupportedVersion.has(code)) return "version";
  if (notAuthorized.has(code)) return "not-authorized";
  return crowded.has(code) ? "crowded" : "other";
}
