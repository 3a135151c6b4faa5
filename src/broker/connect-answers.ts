/** CONNACKs that refuse a CONNECT before the engine sees it. Source: MQTT 3.1.1 § 3.2.2.3, MQTT 5.0 § 3.2.2.2. */
import { unknownLevel } from "./connect-packet.ts";
import { PacketType, Reason } from "./packets.ts";

/** `credentials` is answered as the engine answers a wrong password. */
export type ConnectRefusal = "busy" | "credentials";

/** Return code of MQTT 3, reason code of MQTT 5. */
const codes: Readonly<Record<ConnectRefusal, readonly [number, number]>> = {
  busy: [3, Reason.busy],
  credentials: [4, Reason.badCredentials],
};

const first = PacketType.connack << 4;

export function refusalAnswer(version: number, refusal: ConnectRefusal): Uint8Array {
  const [code, reason] = codes[refusal];
  return version === 5 ? Uint8Array.of(first, 3, 0, reason, 0) : Uint8Array.of(first, 2, 0, code);
}

/**
 * Answers a CONNECT that is not acceptable; nothing where its version has no answer to that.
 *
 * A level that is not known is answered in the form of MQTT 3.1.1 with return code 1, "unacceptable protocol level", and
 * a client id of 3.1 with 2, "identifier rejected". Source: MQTT 3.1.1 § 3.1.2.2; MQTT 3.1, CONNACK.
 *
 * @param reason - As MQTT 5 numbers it.
 */
export function faultAnswer(version: number, reason: number): Uint8Array | undefined {
  if (reason === unknownLevel) return Uint8Array.of(first, 2, 0, 1);
  if (version === 5) return Uint8Array.of(first, 3, 0, reason, 0);
  return version === 3 && reason === Reason.clientIdInvalid ? Uint8Array.of(first, 2, 0, 2) : undefined;
}
