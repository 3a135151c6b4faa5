/** What the host of Sparkplug edge nodes publishes: commands to nodes, and that it is there. */
import { PbfWriter } from "pbf";
import type { LocalMessage } from "../core/ports.ts";
import type { EpochMs } from "../core/sample.ts";
import { ValueField } from "./sparkplug-payload.ts";

/** Datatype of a boolean. */
const booleanType = 11;

/**
 * `NCMD` with `Node Control/Rebirth`: the node sends its birth certificates again.
 *
 * Source: Sparkplug 3.0.0, § 5.11 (commands).
 *
 * @param topic - `spBv1.0/<group>/NCMD/<node>`.
 */
export function rebirthCommand(topic: string, at: EpochMs): LocalMessage & { readonly payload: Uint8Array } {
  const writer = new PbfWriter();
  writer.writeVarintField(1, at);
  writer.writeMessage(
    2,
    (_, metric) => {
      metric.writeStringField(1, "Node Control/Rebirth");
      metric.writeVarintField(3, at);
      metric.writeVarintField(4, booleanType);
      metric.writeBooleanField(ValueField.boolean, true);
    },
    undefined,
  );
  return { topic, payload: writer.finish(), qos: 0, retain: false };
}

/**
 * `spBv1.0/STATE/<host>`, retained: nodes that are bound to a host wait for it.
 *
 * Source: Sparkplug 3.0.0, § 6.4.27 (STATE).
 */
export function hostStateMessage(hostId: string, online: boolean, at: EpochMs): LocalMessage {
  return {
    topic: `spBv1.0/STATE/${hostId}`,
    payload: JSON.stringify({ online, timestamp: at }),
    qos: 1,
    retain: true,
  };
}
