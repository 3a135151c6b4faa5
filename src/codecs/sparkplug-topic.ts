/** Topics of Sparkplug B. */

/** What a topic of an edge node or device says. */
export interface SparkplugTopic {
  readonly verb: "BIRTH" | "DEATH" | "DATA" | "CMD";
  /** `<group>/<edge node>`. */
  readonly node: string;
  /** Nothing for the node itself. */
  readonly device: string | undefined;
  /** Where commands to the node are published. */
  readonly commandTopic: string;
}

const namespace = "spBv1.0";
const verbs = /^([ND])(BIRTH|DEATH|DATA|CMD)$/;

/**
 * Reads a topic `spBv1.0/<group>/<verb>/<edge node>[/<device>]`. Under a prefix of the operator's, that level may
 * be missing.
 *
 * Source: Sparkplug 3.0.0, § 4.2.
 *
 * @returns `"STATE"` for the state of a host, nothing for a topic that Sparkplug does not have.
 */
export function sparkplugTopic(topic: string): SparkplugTopic | "STATE" | undefined {
  const levels = topic.split("/");
  const root = levels.indexOf(namespace);
  if (levels.length >= 2 && (root < 0 ? levels.at(-2) : levels[root + 1]) === "STATE") return "STATE";
  const at = root < 0 ? levels.findIndex((level, index) => index > 0 && verbs.test(level)) : root + 2;
  const [, of, verb] = verbs.exec(levels[at] ?? "") ?? [];
  const group = levels[at - 1];
  const node = levels[at + 1];
  const device = levels[at + 2];
  if (of === undefined || group === undefined || node === undefined || group === "" || node === "")
    return undefined;
  if (levels.length !== at + (of === "N" ? 2 : 3) || device === "") return undefined;
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of those in the expression above
    verb: verb as SparkplugTopic["verb"],
    node: `${group}/${node}`,
    device,
    commandTopic: [...levels.slice(0, at), "NCMD", node].join("/"),
  };
}
