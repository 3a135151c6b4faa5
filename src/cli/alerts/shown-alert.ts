/** What the commands use of an alert that a gateway, maybe of another version, shows. */

/** An alert as the gateway answers with it. */
export interface ShownAlert {
  readonly id: string;
  readonly rule: string;
  readonly key: Readonly<Record<string, string>>;
  readonly state: string;
  readonly severity: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly acknowledged: boolean;
  readonly acknowledgedBy: string | undefined;
  /** Epoch milliseconds. */
  readonly shelvedUntil: number | undefined;
  readonly inhibitedBy: string | undefined;
  readonly shadow: boolean;
  /** Event times `[from, to)` of the raw samples around the firing that the rule marks, in epoch milliseconds. */
  readonly capture: { readonly from: number; readonly to: number } | undefined;
  /** All of it, as it was answered. */
  readonly answered: unknown;
}

/** @returns Nothing when it is no alert. */
export function shownAlertOf(answered: unknown): ShownAlert | undefined {
  if (!isObject(answered)) return undefined;
  const { id, rule, key, state, severity, since, values } = answered;
  if (typeof id !== "string" || typeof rule !== "string" || typeof state !== "string") return undefined;
  if (typeof severity !== "string" || typeof since !== "number" || !isObject(key) || !isObject(values)) {
    return undefined;
  }
  const { acknowledgedBy, shelvedUntil, inhibitedBy } = answered;
  return {
    id,
    rule,
    key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, String(value)])),
    state,
    severity,
    since,
    values,
    acknowledged: answered["acknowledged"] === true,
    acknowledgedBy: typeof acknowledgedBy === "string" ? acknowledgedBy : undefined,
    shelvedUntil: typeof shelvedUntil === "number" ? shelvedUntil : undefined,
    inhibitedBy: typeof inhibitedBy === "string" ? inhibitedBy : undefined,
    shadow: answered["shadow"] === true,
    capture: captureOf(answered["capture"]),
    answered,
  };
}

function captureOf(answered: unknown): ShownAlert["capture"] {
  if (!isObject(answered)) return undefined;
  const { from, to } = answered;
  return typeof from === "number" && typeof to === "number" ? { from, to } : undefined;
}

/** Whether it calls for nobody and is on no shelf. */
export function isAtRest({ state, shelvedUntil }: ShownAlert): boolean {
  return shelvedUntil === undefined && (state === "ok" || state === "resolved");
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
