/** What is told of access: who came, who was refused, what changed. No payloads and no secrets. */
import { auditLinesPerSecond } from "../limits.ts";
import type { Clock, Logger } from "../ports.ts";

/** What happened. Closed. */
const sentences = {
  login: "A client was let in.",
  "login-refused": "A client was not let in.",
  "publish-denied": "A client may not publish there.",
  "subscribe-denied": "A client may not subscribe to that.",
  disconnected: "A client may not stay.",
  "subscription-dropped": "A client may not keep a subscription.",
  "rules-changed": "Other rules of access are in force.",
  enrolled: "A device was given credentials for its code.",
  "enrolment-refused": "A device was given no credentials.",
  "token-refused": "A request came without a token that allows it.",
  command: "A command came over HTTP.",
} as const;
export type AuditAction = keyof typeof sentences;

/** Characters of a text that are logged. */
const textCharactersMax = 256;

/** Writes log lines with `event` `audit`, so many in a second; how many were left out stands in the next one. */
export class AuditLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #second = -1;
  #lines = 0;
  #suppressed = 0;

  constructor(logger: Logger, clock: Pick<Clock, "monotonicMs">) {
    this.#logger = logger;
    this.#clock = clock;
  }

  write(action: AuditAction, fields: Readonly<Record<string, string | number | undefined>>): void {
    const second = Math.floor(this.#clock.monotonicMs() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines >= auditLinesPerSecond) {
      this.#suppressed += 1;
      return;
    }
    this.#lines += 1;
    const shown = Object.entries(fields).flatMap(([name, value]): [string, string | number][] => {
      if (value === undefined) return [];
      return [[name, typeof value === "string" ? value.slice(0, textCharactersMax) : value]];
    });
    const suppressed = this.#suppressed === 0 ? {} : { suppressed: this.#suppressed };
    this.#suppressed = 0;
    const line = { event: "audit", action, ...Object.fromEntries(shown), ...suppressed };
    this.#logger.info(line, sentences[action]);
  }
}
