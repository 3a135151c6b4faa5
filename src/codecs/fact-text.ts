/**
 * What may stand in a fact, of what a message says. Whoever may publish may say anything: texts become keys and
 * stand on pages.
 */
import { expectedMsMax, factTextCharactersMax, topicBytesMax, topicLevelsMax } from "../core/limits.ts";

/**
 * A text as a fact takes it: trimmed, in NFC, at most `limits.factTextCharactersMax` characters.
 *
 * @returns Nothing where there is no text or number, or where it holds control characters, half of a surrogate
 *   pair, or what markup is made of (`<`, `>`).
 */
export function factText(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return undefined;
  const text = value
    .trim()
    .slice(0, 4 * factTextCharactersMax)
    .normalize("NFC");
  const isLong = text.length > factTextCharactersMax;
  // Not between the halves of a surrogate pair.
  const cut = isLong ? text.slice(0, factTextCharactersMax).replace(/[\ud800-\udbff]$/, "") : text;
  return cut === "" || /[\p{Cc}<>]/u.test(cut) || !cut.isWellFormed() ? undefined : cut;
}

/** Several texts as members of a fact; those that are none have no member. */
export function factTexts<Name extends string>(
  texts: Readonly<Partial<Record<Name, unknown>>>,
): Partial<Record<Name, string>> {
  const taken: Partial<Record<Name, string>> = {};
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are those of the argument
  for (const name of Object.keys(texts) as Name[]) {
    const text = factText(texts[name]);
    if (text !== undefined) taken[name] = text;
  }
  return taken;
}

/** A topic to which messages can be published, or nothing. */
export function factTopic(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "" || value.length > topicBytesMax) return undefined;
  if (/[\p{Cc}+#]/u.test(value) || !value.isWellFormed()) return undefined;
  return Buffer.byteLength(value) > topicBytesMax || value.split("/").length > topicLevelsMax
    ? undefined
    : value;
}

/** A longest silence, from seconds; nothing for what is no time, or more than `limits.expectedMsMax`. */
export function expectedMsOf(seconds: unknown): number | undefined {
  const written = typeof seconds === "string" && seconds.trim() !== "" ? Number(seconds) : seconds;
  if (typeof written !== "number" || !(written > 0)) return undefined;
  const milliseconds = Math.round(written * 1_000);
  return milliseconds > 0 && milliseconds <= expectedMsMax ? milliseconds : undefined;
}
