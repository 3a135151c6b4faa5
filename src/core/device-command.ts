/** What people say about one device while the gateway runs, beside what the configuration says. */

/** Names a device and gives it tags. */
export interface DescribeDevice {
  readonly kind: "describe-device";
  /** As its samples name it. */
  readonly device: string;
  /** What people call it; `null` takes the name back. */
  readonly label?: string | null;
  /** Tags to be set, above those of the configuration; `null` takes one back. */
  readonly tags?: Readonly<Record<string, string | null>>;
  /** Who says it. */
  readonly by: string;
}

/**
 * Forgets a device: its place in the registry, its series and what rules hold of them. Its samples stay in the log.
 * When it sends again it is new.
 */
export interface RemoveDevice {
  readonly kind: "remove-device";
  readonly device: string;
  readonly by: string;
}

export type DeviceCommand = DescribeDevice | RemoveDevice;

/** Tags that people may give one device. */
export const deviceTagsMax = 32;
