/** Reads the members of a body, and collects everything that is wrong with them. */
import { durationHint, parseDuration } from "../core/time/duration.ts";
import type { MemberError } from "./problem.ts";
import type { RouteOutcome } from "./route.ts";

/** The members of one body. Ask for each, then look at {@link refusal} before using any. */
export class Members {
  readonly #body: ReadonlyMap<string, unknown>;
  readonly #errors: MemberError[] = [];

  /**
   * @param body - No body counts as `{}`.
   * @param known - The members that the body may have.
   */
  constructor(body: unknown, known: readonly string[]) {
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    this.#body = new Map(isObject ? Object.entries(body) : []);
    if (!isObject && body !== undefined) {
      this.#errors.push({ pointer: "#", detail: "The body is not a JSON object." });
    }
    for (const name of this.#body.keys()) {
      if (!known.includes(name)) this.wrong(name, `is not known here; the members are ${known.join(", ")}`);
    }
  }

  /** The problem with all that is wrong; nothing when nothing is. */
  get refusal(): RouteOutcome | undefined {
    if (this.#errors.length === 0) return undefined;
    const detail = this.#errors.map((error) => error.detail).join(" ");
    return { problem: { status: 400, title: "The body is not valid.", detail, errors: this.#errors } };
  }

  /** @param what - Goes on after the name of the member. */
  wrong(name: string, what: string): void {
    this.#errors.push({
      pointer: `#/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      detail: `${JSON.stringify(name)} ${what}.`,
    });
  }

  has(name: string): boolean {
    return this.#body.has(name);
  }

  /** A text that is not blank; nothing when it is missing or wrong. */
  text(name: string, charactersMax: number): string | undefined {
    if (!this.has(name)) return undefined;
    const text = textOf(this.#body.get(name), charactersMax);
    if (text === undefined) this.wrong(name, `is not a text of 1 to ${charactersMax} characters`);
    return text;
  }

  /** A text that has to be there; empty when it is missing or wrong, which is said. */
  requiredText(name: string, charactersMax: number): string {
    if (!this.has(name)) this.wrong(name, "is missing");
    return this.text(name, charactersMax) ?? "";
  }

  /** A text, or `null`; nothing when it is missing or wrong. */
  textOrNull(name: string, charactersMax: number): string | null | undefined {
    return this.#body.get(name) === null ? null : this.text(name, charactersMax);
  }

  /** An object of texts and `null`s, by names that can be tags; nothing when it is missing or wrong. */
  textsOrNull(
    name: string,
    { namesMax, charactersMax }: { readonly namesMax: number; readonly charactersMax: number },
  ): Readonly<Record<string, string | null>> | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#body.get(name);
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    const texts = entries.flatMap(([inner, written]): [string, string | null][] => {
      const text = written === null ? null : textOf(written, charactersMax);
      return text === undefined || !tagName.test(inner) ? [] : [[inner, text]];
    });
    if (texts.length > 0 && texts.length === entries.length && texts.length <= namesMax) {
      return Object.fromEntries(texts);
    }
    this.wrong(
      name,
      `is not an object of 1 to ${namesMax} tags: names of letters, digits and _ . -, with texts`,
    );
    return undefined;
  }

  flag(name: string): boolean {
    const value = this.has(name) ? this.#body.get(name) : false;
    if (typeof value !== "boolean") this.wrong(name, "is neither true nor false");
    return value === true;
  }

  /** Milliseconds; 0 when it is missing or wrong, which is said. */
  durationMs(
    name: string,
    { leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number },
  ): number {
    const value = this.#body.get(name);
    const durationMs = typeof value === "string" ? parseDuration(value) : undefined;
    if (durationMs === undefined) {
      this.wrong(name, this.has(name) ? `is not a duration: ${durationHint(value)}` : 'is missing: "2h"');
      return 0;
    }
    if (durationMs >= leastMs && durationMs <= mostMs) return durationMs;
    this.wrong(name, `is not between ${leastMs / 1_000} s and ${mostMs / 86_400_000} days`);
    return 0;
  }

  /** An object of texts with exactly these names; empty when it is missing or wrong, which is said. */
  texts(name: string, names: readonly string[], charactersMax: number): Readonly<Record<string, string>> {
    const value = this.#body.get(name) ?? {};
    const entries = typeof value === "object" ? Object.entries(value) : [];
    const texts = entries.flatMap(([inner, written]): [string, string][] => {
      const text = textOf(written, charactersMax);
      return text === undefined || !names.includes(inner) ? [] : [[inner, text]];
    });
    if (texts.length === names.length && entries.length === names.length) return Object.fromEntries(texts);
    const wanted = names.length === 0 ? "{}" : `an object of texts with ${names.join(", ")}`;
    this.wrong(name, `is not ${wanted}`);
    return {};
  }
}

/** As in the configuration. */
const tagName = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Half a surrogate pair is no text: it would come back from the log as another one. */
function textOf(value: unknown, charactersMax: number): string | undefined {
  if (typeof value !== "string" || value.trim() === "" || !value.isWellFormed()) return undefined;
  return Array.from(value).length <= charactersMax ? value : undefined;
}
