/**
 * Topic patterns of roles: MQTT filters in which `%u` stands for the user and `%c` for the client id.
 *
 * Who chooses a client id must not be able to choose topics with it. So a value that would add levels or
 * wildcards (`/ + #`), that is empty, or that would turn the first level into one that begins with `$`,
 * makes the pattern match nothing at all.
 */
import { topicBytesMax, topicLevelsMax } from "../limits.ts";

/** What the placeholders stand for. An anonymous client has the user `""`. */
export interface PatternSubject {
  readonly user: string;
  readonly clientId: string;
}

/** Tells what is wrong with a pattern; nothing when it is right. */
export function patternFault(pattern: string): string | undefined {
  if (pattern === "") return "a topic has at least one character";
  if (pattern.length > topicBytesMax) return `a topic has at most ${topicBytesMax} characters`;
  const levels = pattern.split("/");
  if (levels.length > topicLevelsMax) return `a topic has at most ${topicLevelsMax} levels`;
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || index < levels.length - 1)) {
      return "# stands alone in the last level";
    }
    if (level.includes("+") && level !== "+") return "+ stands alone in its level";
    const unknown = /%(?![uc%]).?/u.exec(level)?.[0];
    if (unknown !== undefined) return `${unknown} stands for nothing: there are %u, %c, and %% for a %`;
  }
  return pattern.includes("\0") ? "a topic has no zero character" : undefined;
}

/**
 * Puts a subject into a pattern.
 *
 * @param pattern - One without a fault.
 * @returns An MQTT filter; nothing where the pattern matches nothing for this subject.
 */
export function bindPattern(pattern: string, subject: PatternSubject): string | undefined {
  if (!pattern.includes("%")) return pattern;
  let isSafe = true;
  const filter = pattern.replaceAll(/%([uc%])/g, (_placeholder, name: string) => {
    if (name === "%") return "%";
    const value = name === "u" ? subject.user : subject.clientId;
    if (value === "" || /[/+#\0]/.test(value)) isSafe = false;
    return value;
  });
  if (filter.startsWith("$") && !pattern.startsWith("$")) return undefined;
  return isSafe ? filter : undefined;
}
