/** How long a message is good for, and what of that is left. Source: MQTT 5.0 § 3.3.2.3.3. */
import type { EnginePacket } from "./engine.ts";
import type { RunningTime } from "./running-time.ts";
import type { Instant } from "./session-values.ts";

export interface Expiry {
  /** As its publisher said. */
  readonly seconds: number;
  /** When it was received. */
  readonly since: Instant;
}

/** Notes when a message was received that is to expire. */
export function stamped(packet: EnginePacket, time: RunningTime): EnginePacket {
  const seconds = packet.properties?.["messageExpiryInterval"];
  return typeof seconds === "number" ? { ...packet, messageExpiry: { seconds, since: time.now() } } : packet;
}

/**
 * The message as it may be sent now: with what is left of its lifetime. The engine is not shown when it expires, since
 * it would go by the wall clock.
 *
 * @param isBegun - It has been sent before, and so does not expire any more. Source: MQTT 5.0 § 4.3.3.
 * @returns Nothing when its time is over. One of 0 seconds lasts for less than one.
 */
export function unexpired(
  packet: EnginePacket,
  time: RunningTime,
  isBegun = false,
): EnginePacket | undefined {
  if (packet.messageExpiry === undefined) return packet;
  const { messageExpiry, ...rest } = packet;
  const { seconds, since } = messageExpiry;
  const left = seconds - Math.floor(time.elapsedMs(since) / 1000);
  if (!isBegun && left <= 0 && (seconds > 0 || left < 0)) return undefined;
  return { ...rest, properties: { ...packet.properties, messageExpiryInterval: Math.max(0, left) } };
}
