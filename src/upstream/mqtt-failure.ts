/** What went wrong on an MQTT connection, in the words of the operator. */
import { AppError, messageOf } from "../core/errors.ts";
import { refusalOf } from "../core/mqtt-refusal.ts";

/** A failure, and whether the server says that it has too much to do. */
export interface MqttFailure {
  readonly error: AppError;
  readonly crowded: boolean;
}

/** Tells whether a CONNACK refused the version of the protocol, and nothing else. */
export function refusesVersion(error: unknown): boolean {
  return refusalOf(reasonCodeOf(error) ?? 0) === "version";
}

/** Names a failure of an attempt or a connection by its reason code, or by the socket's error. */
export function mqttFailure(cause: unknown): MqttFailure {
  const reason = reasonCodeOf(cause);
  const message = messageOf(cause) || "the connection failed";
  if (reason === undefined) return lost(message, cause);
  const refusal = refusalOf(reason);
  if (refusal === "not-authorized") {
    const hint = "check the user name, password or client certificate, and what they may publish";
    return {
      error: new AppError("UPSTREAM_NOT_AUTHORIZED", "operator", message, { hint, cause }),
      crowded: false,
    };
  }
  if (refusal === "crowded") {
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
