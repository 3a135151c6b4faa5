/** Alerts as a table for people. */
import type { EpochMs } from "../../core/sample.ts";
import type { Output } from "../context.ts";
import { keyText } from "../rules/key-text.ts";
import { shortDuration } from "../rules/firing-table.ts";
import { printable, type Style, styled } from "../style.ts";
import type { ShownAlert } from "./shown-alert.ts";

/** Most urgent first. */
const states = ["firing", "flapping", "no-data", "pending", "resolved", "ok"];
const severities = ["critical", "warning", "info"];

const stateStyles: Readonly<Record<string, Style>> = {
  firing: "red",
  flapping: "red",
  "no-data": "yellow",
  pending: "yellow",
  resolved: "green",
  ok: "green",
};

const head = ["id", "state", "severity", "rule", "key", "since", "", "values", "flags"];
const stateColumn = head.indexOf("state");

/** Digits of an id that are shown, where they tell the alerts apart. */
const idDigits = 8;

/**
 * The table, one line an alert, the most urgent first; the first line names the columns.
 *
 * @param known - Every alert that the gateway knows: ids are as long as they have to be to tell them apart.
 * @param now - For how long ago something was.
 */
export function alertTable(
  out: Output,
  alerts: readonly ShownAlert[],
  { known, now }: { readonly known: readonly ShownAlert[]; readonly now: EpochMs },
): string[] {
  const digits = digitsOf(known);
  const rows = alerts.toSorted(byUrgency).map((alert) => cellsOf(alert, digits, now));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]!.length)),
  );
  const line = (cells: readonly string[], style: Style | undefined): string =>
    cells
      .map((cell, column) => {
        const padded = cell.padEnd(widths[column]!);
        return style !== undefined && column === stateColumn ? styled(out, style, padded) : padded;
      })
      .join("  ")
      .trimEnd();
  return [
    styled(out, "dim", line(head, undefined)),
    ...rows.map((cells) => line(cells, stateStyles[cells[stateColumn]!] ?? "bold")),
  ];
}

function cellsOf(alert: ShownAlert, digits: number, now: EpochMs): string[] {
  const { id, state, severity, rule, key, since } = alert;
  const cells = [id.slice(0, digits), state, severity, rule, keyText(key), localTime(since), ago(since, now)];
  return [...cells, valuesText(alert.values), flagsText(alert, now)].map(printable);
}

function flagsText(alert: ShownAlert, now: EpochMs): string {
  const { acknowledged, acknowledgedBy, shelvedUntil, inhibitedBy, shadow } = alert;
  const flags: string[] = [];
  if (acknowledged) flags.push(`acknowledged by ${acknowledgedBy ?? "somebody"}`);
  if (shelvedUntil !== undefined) flags.push(shelfText(shelvedUntil, now));
  if (inhibitedBy !== undefined) flags.push(`inhibited by ${inhibitedBy}`);
  if (shadow) flags.push("shadow");
  return flags.join(", ");
}

/** Until when an alert is shelved, and how long that still is. */
export function shelfText(shelvedUntil: EpochMs, now: EpochMs): string {
  const left = shelvedUntil > now ? ` (${shortDuration(shelvedUntil - now)} left)` : "";
  return `shelved until ${localTime(shelvedUntil)}${left}`;
}

/** Writes an instant in the time of this machine, to the second. */
export function localTime(at: EpochMs): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "?";
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":")}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

/** The clocks of the gateway and of this machine may differ: what has just been is not said to be to come. */
/** How long ago something was. */
export function ago(at: EpochMs, now: EpochMs): string {
  const passedMs = Math.floor((now - at) / 1_000) * 1_000;
  return passedMs > 0 ? `${shortDuration(passedMs)} ago` : "now";
}

function valuesText(values: ShownAlert["values"]): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(" ");
}

function valueText(value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

function digitsOf(alerts: readonly ShownAlert[]): number {
  const ids = new Set(alerts.map(({ id }) => id));
  let digits = idDigits;
  while (digits < 16 && new Set(Array.from(ids, (id) => id.slice(0, digits))).size < ids.size) digits += 1;
  return digits;
}

function byUrgency(one: ShownAlert, other: ShownAlert): number {
  return (
    rank(states, one.state) - rank(states, other.state) ||
    rank(severities, one.severity) - rank(severities, other.severity) ||
    other.since - one.since
  );
}

function rank(order: readonly string[], name: string): number {
  const index = order.indexOf(name);
  return index === -1 ? order.length : index;
}
