/** What went wrong on an MQTT connection, in the words of the operator. */
import { AppError, messageOf } from "../core/errors.ts";

/** A failure, and whether the server says that it has too much to do. */
export interface MqttFailure {
  readonly error: AppError;
  readonly crowded: boolean;
}

/** CONNACK codes for "I do not speak this version": MQTT 3.1.1 § 3.2.2.3 and 5.0 § 3.2.2.2. */
const unsupportedVersion = new Set([0x01, 0x84]);
/** Bad user name or password, not authorized, banned, bad authentication method; in 3.1.1: 4 and 5. */
const notAuthorized = new Set([0x04, 0x05, 0x86, 0x87, 0x8a, 0x8c]);
/** Server unavailable, busy, quota exceeded, connection rate exceeded; in 3.1.1: 3. */
const crowded = new Set([0x03, 0x88, 0x89, 0x97, 0x9f]);

/** Tells whether a CONNACK refused the version of the protocol, and nothing else. */
export function refusesVersion(error: unknown): boolean {
  return unsupportedVersion.has(reasonCodeOf(error) ?? 0);
}

/** Names a failure of an attempt or a connection by its reason code, or by the socket's error. */
export function mqttFailure(cause: unknown): MqttFailure {
  const reason = reasonCodeOf(cause);
  const message = messageOf(cause) || "the connection failed";
  if (reason === undefined) return lost(message, cause);
  if (notAuthorized.has(reason)) {
    const hint = "check the user name, password or client certificate, and what they may publish";
    return {
      error: new AppError("UPSTREAM_NOT_AUTHORIZED", "operator", message, { hint, cause }),
      crowded: false,
    };
  }
  if (crowded.has(reason)) {
    return { error: new AppError("UPSTREAM_BUSY", "transient", message, { cause }), crowded: true };
  }
  return { error: new AppError("UPSTREAM_REFUSED", "transient", message, { cause }), crowded: false };
}

/** Names the end of a connection that gave no reason. */
export function lost(message: string, cause?: unknown): MqttFailure {
  return { error: new AppError("UPSTREAM_LOST", "transient", message, { cause }), crowded: false };
}

/** The reason code of MQTT, where the failure has one; socket errors have a word in its place. */
export function reasonCodeOf(error: unknown): number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}
