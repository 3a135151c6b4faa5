/** Checks SUBSCRIBE and UNSUBSCRIBE before the protocol engine sees them. Source: MQTT 3.1.1 and 5.0, §§ 3.8, 3.10, 4.7. */
import { clientFiltersMax, topicBytesMax, topicLevelsMax } from "../core/limits.ts";
import { PacketType, Reason } from "./packets.ts";
import { makePropertyBlock, PropertyPlace, readProperties } from "./property-block.ts";
import { isShared, readShared } from "./shared-filters.ts";
import { isMqttText, readUint16, textOf } from "./utf8.ts";

const properties = makePropertyBlock();

/**
 * Tells whether a topic filter is well-formed, within bounds, and safe for the engine.
 *
 * `__proto__` is refused: in the engine's table of the filters of one packet it is not an entry but the
 * table's prototype, and the packet's answers no longer fit its questions (measured: the process ends).
 */
function isFilterAcceptable(filter: string): boolean {
  if (filter === "" || filter === "__proto__") return false;
  const levels = filter.split("/");
  if (levels.length > topicLevelsMax) return false;
  return levels.every((level, index) => {
    if (level === "#") return index === levels.length - 1;
    return level === "+" || !(level.includes("#") || level.includes("+"));
  });
}

/**
 * Checks the packet whose variable header begins at `start`.
 *
 * @returns The reason code to disconnect with, or nothing when the packet is acceptable.
 */
export function filtersFault(
  type: number,
  version: number,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
): number | undefined {
  let offset = range.start + 2;
  if (offset > range.end || readUint16(bytes, range.start) === 0) return Reason.malformed;
  if (version === 5) {
    const place = type === PacketType.subscribe ? PropertyPlace.subscribe : PropertyPlace.unsubscribe;
    const fault = readProperties(bytes, offset, range.end, place, properties);
    if (fault !== 0) return fault;
    offset = properties.end;
  }
  const trailer = type === PacketType.subscribe ? 1 : 0;
  let count = 0;
  while (offset < range.end) {
    if (offset + 2 > range.end) return Reason.malformed;
    const start = offset + 2;
    const end = start + readUint16(bytes, offset);
    if (end + trailer > range.end || !isMqttText(bytes, start, end)) return Reason.malformed;
    const filter = textOf(bytes, start, end);
    if (end - start > topicBytesMax || !isFilterAcceptable(filter)) return Reason.filterInvalid;
    if (trailer === 1 && !areOptions(bytes[end]!, version)) return Reason.malformed;
    if (
      version === 5 &&
      isShared(filter) &&
      (readShared(filter) === undefined || (trailer === 1 && (bytes[end]! & 4) !== 0))
    )
      return Reason.protocolError;
    offset = end + trailer;
    count += 1;
    if (count > clientFiltersMax) return Reason.quotaExceeded;
  }
  return count === 0 || offset !== range.end ? Reason.malformed : undefined;
}

/** Bits 0–1 are the quality, with MQTT 5 bits 2–3 two choices and 4–5 the retain handling; the rest is reserved. */
function areOptions(options: number, version: number): boolean {
  return version === 5 ? (options & 3) < 3 && options < 0x30 : options < 3;
}
