/**
 * What tells devices of one model apart: a level of the topic, or something that the payload says.
 *
 * This is the one place that decides under which topic, and as which client, a simulated device publishes.
 */
import type { DeviceProfile } from "../../../core/profile.ts";
import type { TrialSample } from "../../../ingest/profile-trial.ts";
import { nameOfDevice } from "./device-names.ts";
import type { PayloadTemplate } from "./payload-template.ts";

/** An example as it is looked at here. */
export interface NamedExample {
  readonly topic: string;
  /** The filter of the profile that matches it. */
  readonly filter: string;
  readonly template: PayloadTemplate;
}

/** Where a device publishes. */
export interface DevicePlace {
  readonly topic: string;
  /** Number of its connection, from 0: devices share them when there are more. */
  readonly client: number;
}

/** A client id under which the profile takes messages, with a text in place of its wildcards. */
export function clientIdOf({ clients }: Pick<DeviceProfile, "clients">, text: string): string {
  return clients?.[0]?.replace(/[*?]/g, text) ?? text;
}

/** Decodes an example under another topic and with other texts; nothing where it is refused or not matched. */
export type DecodeAs = (
  topic: string,
  texts: ReadonlyMap<number, string>,
) => readonly TrialSample[] | undefined;

/** Texts of one letter or two stand for too much else to be looked for in payloads. */
const searchedLettersMin = 3;
const addressDigits = /^[0-9a-f]{12,}$/i;

/**
 * The text that stands for the device in an example.
 *
 * Levels of the topic that the filter leaves open are tried first, from behind, then what the payload says.
 *
 * @returns Nothing where no change of one text gives another device with the same metrics.
 */
export function identityOf(example: NamedExample, decodeAs: DecodeAs): string | undefined {
  const { topic, template } = example;
  const base = decodeAs(topic, new Map()) ?? [];
  if (base.length === 0) return undefined;
  const levels = openLevels(example).map(({ text }) => text);
  const said = template.slots.filter(({ kind }) => kind !== "boolean").map(({ text }) => text);
  const candidates = new Set([...levels.toReversed(), ...said].filter((text) => text !== ""));
  return candidates.values().find((text) => {
    const [one, other] = probeNumbers.map((number) => {
      const name = nameOfDevice(text, number);
      return decodeAs(placed(example, text, name), renamed(template, text, name));
    });
    return (
      one !== undefined &&
      other !== undefined &&
      isOtherDevice(base, one) &&
      isOtherDevice(base, other) &&
      isOtherDevice(one, other)
    );
  });
}

/** Devices that no example is. */
const probeNumbers = [1_000_001, 1_000_002];

/** Whether all the same metrics came, and all of another device. */
function isOtherDevice(base: readonly TrialSample[], other: readonly TrialSample[]): boolean {
  return (
    base.length === other.length &&
    base.every(({ device, metric }, row) => other[row]!.metric === metric && other[row]!.device !== device)
  );
}

/** Topic and connection of a device whose name stands where `text` stands in the example. */
export function placeOf(
  example: NamedExample,
  device: { readonly text: string | undefined; readonly name: string; readonly number: number },
  connections: number,
): DevicePlace {
  const topic = device.text === undefined ? example.topic : placed(example, device.text, device.name);
  return { topic, client: (device.number - 1) % connections };
}

/** The topic with a name in place of a text, in the levels that the filter leaves open. */
function placed(example: NamedExample, text: string, name: string): string {
  const levels = example.topic.split("/");
  for (const level of openLevels(example)) if (level.text === text) levels[level.index] = name;
  return levels.join("/");
}

function openLevels({ topic, filter }: NamedExample): { readonly index: number; readonly text: string }[] {
  const pattern = filter.split("/");
  const rest = pattern.at(-1) === "#" ? pattern.length - 1 : Number.POSITIVE_INFINITY;
  return topic
    .split("/")
    .map((text, index) => ({ index, text }))
    .filter(({ index }) => index >= rest || pattern[index] === "+");
}

/** Texts of slots that name the device, with another name in them. */
export function renamed(template: PayloadTemplate, text: string, name: string): Map<number, string> {
  const texts = new Map<number, string>();
  for (const [index, slot] of template.slots.entries()) {
    if (slot.kind === "boolean") continue;
    if (slot.kind === "number") {
      if (slot.text === text && slot.low === undefined && isInteger(text))
        texts.set(index, String(Number(name)));
      continue;
    }
    const next = renamedText(slot.text, text, name);
    if (next !== slot.text) texts.set(index, next);
  }
  return texts;
}

function isInteger(text: string): boolean {
  return /^\d{3,15}$/.test(text);
}

/** An address is found as well where it is written without colons, in small letters or large ones. */
function renamedText(whole: string, text: string, name: string): string {
  if (whole === text) return name;
  if (text.length < searchedLettersMin) return whole;
  const words = whole.replaceAll(new RegExp(`(?<!\\w)${RegExp.escape(text)}(?!\\w)`, "g"), () => name);
  const digits = text.replaceAll(/[:-]/g, "");
  if (!addressDigits.test(digits)) return words;
  const others = name.replaceAll(/[:-]/g, "");
  return words.replaceAll(new RegExp(digits, "gi"), (found) =>
    /[A-F]/.test(found) ? others.toUpperCase() : others.toLowerCase(),
  );
}
