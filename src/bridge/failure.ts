/** What went wrong between a bridge and its far broker, in the words of the operator. */
import { AppError, messageOf } from "../core/errors.ts";
import { refusalOf } from "../core/mqtt-refusal.ts";

/** A failure of an attempt or a connection. */
export interface BridgeFailure {
  readonly error: AppError;
  /** The far broker says that it has too much to do. */
  readonly crowded: boolean;
  /** It may be that it does not speak this version of the protocol. */
  readonly versionDoubtful: boolean;
}

function failure(error: AppError, more: Partial<BridgeFailure> = {}): BridgeFailure {
  return { error, crowded: false, versionDoubtful: false, ...more };
}

/** The end of a connection that gave no reason, or one of the socket's. */
export function lost(message: string, cause?: unknown): BridgeFailure {
  return failure(new AppError("BRIDGE_LOST", "transient", message, { cause }));
}

/** The far broker hung up before it had answered: some do that to a version they do not know. */
export function hungUp(): BridgeFailure {
  const { error } = lost("the far broker closed the connection without an answer");
  return failure(error, { versionDoubtful: true });
}

/** Nothing came for longer than the keep-alive allows. */
export function silent(ms: number): BridgeFailure {
  return failure(new AppError("BRIDGE_SILENT", "transient", `the far broker says nothing for ${ms} ms`));
}

/** What came is not MQTT. */
export function notMqtt(message: string): BridgeFailure {
  return failure(
    new AppError("BRIDGE_PROTOCOL", "operator", `what the far broker sends is not MQTT: ${message}`),
  );
}

/** A message could not be stored, so it must come again. */
export function notStored(): BridgeFailure {
  const message = "the store cannot write, so the far broker has to send again";
  return failure(new AppError("BRIDGE_NOT_STORED", "transient", message));
}

/** The far broker is this gateway. */
export function loops(): BridgeFailure {
  const message = "this is the gateway's own broker, whose messages it has already";
  const hint = "name another broker, or remove this bridge";
  return failure(new AppError("BRIDGE_LOOP", "operator", message, { hint }));
}

/** Certificates, keys or the address are not usable. */
export function notSetUp(cause: unknown): BridgeFailure {
  const message = `the connection cannot be set up: ${messageOf(cause)}`;
  const hint = 'check the files that "ca", "cert" and "key" name';
  return failure(new AppError("BRIDGE_SETUP", "operator", message, { hint, cause }));
}

/** The code of a CONNACK or of a DISCONNECT, and what the far broker says to it. */
export function refused(code: number, said: string): BridgeFailure {
  const text = said === "" ? `code ${code}` : `${said}, code ${code}`;
  const message = `the far broker refuses: ${meanings[code] ?? "no meaning known"} (${text})`;
  switch (refusalOf(code)) {
    case "not-authorized": {
      const hint = "check the user name, password or client certificate, and what they may subscribe to";
      return failure(new AppError("BRIDGE_NOT_AUTHORIZED", "operator", message, { hint }));
    }
    case "version": {
      const hint = 'leave "protocol" away, or name the version that it speaks';
      const error = new AppError("BRIDGE_VERSION", "operator", message, { hint });
      return failure(error, { versionDoubtful: true });
    }
    case "crowded":
      return failure(new AppError("BRIDGE_BUSY", "transient", message), { crowded: true });
    case "other":
      return code === takenOver
        ? failure(new AppError("BRIDGE_TAKEN_OVER", "operator", message, { hint: takenOverHint }))
        : failure(new AppError("BRIDGE_REFUSED", "transient", message));
  }
}

const takenOver = 0x8e;
const takenOverHint = 'give this bridge a "clientId" of its own: two clients of one id throw each other out';

/** Source: MQTT 3.1.1 § 3.2.2.3 (below 0x80), MQTT 5.0 § 3.2.2.2 and § 3.14.2.1. */
const meanings: Readonly<Record<number, string>> = {
  0x01: "it does not speak this version of MQTT",
  0x02: "it does not take this client id",
  0x03: "it is not available",
  0x04: "wrong user name or password",
  0x05: "not authorized",
  0x84: "it does not speak this version of MQTT",
  0x85: "it does not take this client id",
  0x86: "wrong user name or password",
  0x87: "not authorized",
  0x88: "it is not available",
  0x89: "it is busy",
  0x8a: "this client is banned",
  0x8b: "it is shutting down",
  0x8d: "it has heard nothing for too long",
  0x8e: "another client has taken this session over",
  0x93: "too much at once",
  0x97: "quota exceeded",
  0x9c: "use another server",
  0x9d: "the server has moved",
  0x9f: "too many connections at once",
};

/** Names an error of the socket. */
export function socketFailed(cause: unknown): BridgeFailure {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  if (!/CERT|ISSUER|SIGNATURE|ALTNAME/.test(code))
    return lost(messageOf(cause) || "the connection failed", cause);
  const message = `the far broker's certificate is not accepted: ${messageOf(cause)}`;
  const hint = 'name its authority in "ca", and the host as its certificate does';
  return failure(new AppError("BRIDGE_CERTIFICATE", "operator", message, { hint, cause }));
}
