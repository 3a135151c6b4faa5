/** An alert as one line for a person. */
import { alertStates } from "../../core/streams.ts";
import type { Output } from "../context.ts";
import { printable, type Style, styled } from "../style.ts";

const styles: Readonly<Record<string, Style>> = {
  pending: "yellow",
  firing: "red",
  resolved: "green",
  ok: "green",
  "no-data": "dim",
};

const stateWidth = Math.max(...alertStates.map((state) => state.length));
const ruleWidth = 14;

/**
 * Makes a line of an alert's JSON payload.
 *
 * @returns Nothing when the payload is not an alert: a retained topic that was cleared.
 */
export function alertLine(output: Output, payload: string): string | undefined {
  const alert = parseAlert(payload);
  if (alert === undefined) return undefined;
  const time = new Date(alert.at).toISOString().slice(11, 19);
  const state = styled(output, styles[alert.state] ?? "dim", alert.state.toUpperCase().padEnd(stateWidth));
  const group = Object.values(alert.key).join(" ");
  const summary = alert.summary === "" ? group : alert.summary;
  return `${styled(output, "dim", time)}  ${state}  ${printable(alert.rule).padEnd(ruleWidth)}  ${printable(summary)}\n`;
}

interface ShownAlert {
  readonly at: number;
  readonly state: string;
  readonly rule: string;
  readonly key: Readonly<Record<string, string>>;
  readonly summary: string;
}

function parseAlert(payload: string): ShownAlert | undefined {
  if (payload === "") return undefined;
  const value: unknown = JSON.parse(payload);
  if (!isObject(value) || typeof value["at"] !== "number" || !isObject(value["annotations"]))
    return undefined;
  const { at, state, rule, key, annotations } = value;
  const texts = Object.entries(isObject(key) ? key : {}).map(([name, text]) => [name, String(text)]);
  return {
    at,
    state: String(state),
    rule: String(rule),
    key: Object.fromEntries(texts),
    summary: typeof annotations["summary"] === "string" ? annotations["summary"] : "",
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
