/** What the commands use of the samples that a gateway, maybe of another version, shows. */
import { isObject } from "./shown-alert.ts";

/** A sample as the gateway answers with it. */
export interface ShownSample {
  readonly metric: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly value: unknown;
  readonly unit: string;
  readonly quality: string;
}

/** An answer with samples, in the order of event time. */
export interface ShownSamples {
  readonly samples: readonly ShownSample[];
  readonly truncated: boolean;
  /** The samples as they were answered. */
  readonly answered: readonly unknown[];
}

/** @returns Nothing when these are no samples. */
export function shownSamplesOf(answered: unknown): ShownSamples | undefined {
  const list: unknown = isObject(answered) ? answered["samples"] : undefined;
  if (!isObject(answered) || !Array.isArray(list)) return undefined;
  const samples: ShownSample[] = [];
  for (const one of list) {
    if (!isObject(one)) return undefined;
    const { metric, at, value, unit, quality } = one;
    if (typeof metric !== "string" || typeof at !== "number") return undefined;
    samples.push({ metric, at, value, unit: textOf(unit), quality: textOf(quality) });
  }
  return { samples, truncated: answered["truncated"] === true, answered: list };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
