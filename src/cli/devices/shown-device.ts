/** What the commands use of a device that a gateway, maybe of another version, shows. */
import { isObject } from "../alerts/shown-alert.ts";

/** A device as the gateway answers with it. */
export interface ShownDevice {
  readonly device: string;
  readonly label: string;
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly firmware: string | undefined;
  readonly via: string | undefined;
  readonly profile: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly firstSeen: number | undefined;
  readonly lastSeen: number | undefined;
  readonly online: boolean | undefined;
  readonly battery: number | undefined;
  readonly link: number | undefined;
  readonly intervalMs: number | undefined;
  readonly metrics: readonly {
    readonly metric: string;
    readonly unit: string | undefined;
    readonly label: string | undefined;
  }[];
  /** All of it, as it was answered. */
  readonly answered: unknown;
}

/** @returns Nothing when it is no device. */
export function shownDeviceOf(answered: unknown): ShownDevice | undefined {
  if (!isObject(answered)) return undefined;
  const { device, metrics, tags, online } = answered;
  if (typeof device !== "string" || !Array.isArray(metrics)) return undefined;
  return {
    device,
    label: textOf(answered["label"]) ?? device,
    vendor: textOf(answered["vendor"]),
    model: textOf(answered["model"]),
    firmware: textOf(answered["firmware"]),
    via: textOf(answered["via"]),
    profile: textOf(answered["profile"]),
    tags: Object.fromEntries(
      Object.entries(isObject(tags) ? tags : {}).map(([name, value]) => [name, String(value)]),
    ),
    firstSeen: numberOf(answered["firstSeen"]),
    lastSeen: numberOf(answered["lastSeen"]),
    online: typeof online === "boolean" ? online : undefined,
    battery: numberOf(answered["battery"]),
    link: numberOf(answered["link"]),
    intervalMs: numberOf(answered["intervalMs"]),
    metrics: metrics.filter(isObject).map((one) => ({
      metric: String(one["metric"]),
      unit: textOf(one["unit"]),
      label: textOf(one["label"]),
    })),
    answered,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
