/** What the gateway publishes on its own broker: topics and payloads of the public contract. */
import type { LocalMessage } from "./ports.ts";
import type { DeadLetter } from "./record.ts";
import type { AlertRecord, SummaryRecord } from "./streams.ts";
import { mountOf, tenantOf, tenantOfAlert, withinTenant } from "./tenant.ts";
import { topicLevelOf } from "./topic.ts";

/** Bytes of a refused payload that are shown. */
const shownBytesMax = 256;

/** What stands for the key of a rule that does not group. */
const wholeGateway = "all";

/**
 * `<prefix>alerts/<rule>/<key>`, in the topics of the tenant whose rule it is, retained: the newest transition. Values
 * of a longer key are joined by commas.
 */
export function alertMessage(prefix: string, record: AlertRecord): LocalMessage {
  const tenant = tenantOfAlert(record);
  const key = Object.values(record.key)
    .map((value) => topicLevelOf(value).replaceAll(",", "%2C"))
    .join(",");
  return {
    topic: `${tenant === undefined ? "" : mountOf(tenant)}${prefix}alerts/${topicLevelOf(record.rule)}/${key === "" ? wholeGateway : key}`,
    payload: JSON.stringify(record),
    qos: 1,
    retain: true,
  };
}

/** `<prefix>summaries/<resolution>/<device>/<metric>`, in the topics of the tenant whose device it is. */
export function summaryMessage(prefix: string, record: SummaryRecord): LocalMessage {
  const { resolution, metric } = record;
  const device = withinTenant(record.device);
  return {
    topic: `${spaceOf(record.device)}${prefix}summaries/${resolution}/${topicLevelOf(device)}/${topicLevelOf(metric)}`,
    payload: JSON.stringify({ ...record, device }),
    qos: 0,
    retain: false,
  };
}

/** `<prefix>dead-letters`, in the topics of the tenant whose payload it was; `bytes` is the beginning of the payload in hexadecimal. */
export function deadLetterMessage(prefix: string, letter: DeadLetter): LocalMessage {
  const { topic, cause, detail } = letter;
  const bytes = Array.from(letter.bytes.subarray(0, shownBytesMax), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return {
    topic: `${spaceOf(topic)}${prefix}dead-letters`,
    payload: JSON.stringify({ topic: withinTenant(topic), cause, detail, bytes }),
    qos: 0,
    retain: false,
  };
}

/** `<prefix>status`, retained. */
export function statusMessage(prefix: string, status: Readonly<Record<string, unknown>>): LocalMessage {
  return { topic: `${prefix}status`, payload: JSON.stringify(status), qos: 1, retain: true };
}

/** What stands in front of the topics of whoever a name belongs to. */
function spaceOf(name: string): string {
  const tenant = tenantOf(name);
  return tenant === undefined ? "" : mountOf(tenant);
}
