/** What people say to alerts, as data: it stands in the log, and its effects follow from it alone. */
import type { AlertRecord } from "../streams.ts";

/** One episode of an alert by its id, or an alert whatever its episode is. */
export type AlertAddress =
  | { readonly alert: string }
  | { readonly rule: string; readonly key: Readonly<Record<string, string>> };

interface Said {
  readonly target: AlertAddress;
  /** Who says it, and why. */
  readonly by: string;
  readonly reason: string;
}

export type AlertCommand = Said &
  (
    | { readonly kind: "acknowledge" }
    | { readonly kind: "unacknowledge" }
    /**
     * For a time, not until one: whoever takes "until five o'clock" from a person makes a duration of it with
     * the clock of that person, because the clock of the gateway may not know what day it is.
     */
    | { readonly kind: "shelve"; readonly forMs: number }
    | { readonly kind: "unshelve" }
  );

/** Longest shelf, 30 days: what is forgotten on a shelf comes back. A longer one is to be refused, not cut. */
export const shelfMsMax: number = 30 * 24 * 3_600_000;

/**
 * What became of a command: `unchanged` when it was so already, `nothing-to-acknowledge` when the alert does not
 * call for anybody.
 */
export type CommandOutcome = "applied" | "unchanged" | "nothing-to-acknowledge";

/** Whether an address means the alert; an id means it only during the episode that has the id. */
export function isAddressed(target: AlertAddress, alert: Pick<AlertRecord, "id" | "rule" | "key">): boolean {
  if ("alert" in target) return target.alert === alert.id;
  if (target.rule !== alert.rule) return false;
  const names = Object.keys(alert.key);
  return (
    Object.keys(target.key).length === names.length &&
    names.every((name) => Object.hasOwn(target.key, name) && target.key[name] === alert.key[name])
  );
}
