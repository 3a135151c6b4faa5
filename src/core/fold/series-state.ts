/** What the fold keeps of one series, and of the device that it belongs to. */
import { type Device, type ReportPolicy, reportOf } from "../device.ts";
import type { DescribeDevice } from "../device-command.ts";
import type { SeriesDefinition } from "../sample.ts";
import { DeviceClock } from "../time/device-clock.ts";
import { DeadBand } from "./dead-band.ts";
import { StampWindow } from "./duplicates.ts";
import type { GroupSide } from "./group-side.ts";
import { Presence, type Role, roleOf } from "./presence.ts";
import type { SeriesRollup } from "./rollup.ts";

/** What people have said about a device while the gateway ran. */
export interface DeviceWords {
  readonly label?: string;
  readonly tags: Readonly<Record<string, string>>;
}

const noWords: DeviceWords = { tags: {} };

export class DeviceState {
  /** What is said about it now, by the settings and by people. */
  description: Device;
  /** The profile by which its series are decoded; nothing without one. */
  decodedBy: string | undefined = undefined;
  words: DeviceWords = noWords;
  readonly presence: Presence = new Presence();
  #clock: DeviceClock | undefined = undefined;

  constructor(description: Device) {
    this.description = description;
  }

  /** What is remembered of its clock; nothing while nobody has asked. */
  get knownClock(): DeviceClock | undefined {
    return this.#clock;
  }

  /** Made for devices whose stamps are not simply trusted: it takes half a kilobyte. */
  get clock(): DeviceClock {
    this.#clock ??= new DeviceClock();
    return this.#clock;
  }

  /** Takes the settings' description; what people have said stands above it. */
  describe(description: Device): void {
    const { tags } = this.words;
    const isPlain = Object.keys(tags).length === 0;
    this.description = isPlain ? description : { ...description, tags: { ...description.tags, ...tags } };
  }

  /** Takes what people say; {@link DeviceState.describe} is to follow. */
  say({ label = this.words.label, tags = {} }: Pick<DescribeDevice, "label" | "tags">): void {
    const kept = Object.entries({ ...this.words.tags, ...tags }).filter(
      (tag): tag is [string, string] => tag[1] !== null,
    );
    this.words = {
      ...(label === undefined || label === null ? {} : { label }),
      tags: Object.fromEntries(kept),
    };
  }
}

export class SeriesState {
  readonly definition: SeriesDefinition;
  readonly device: DeviceState;
  readonly stamps: StampWindow = new StampWindow();
  readonly role: Role;
  /** Its name means another series by now, or none: what still comes under its number is only stored. */
  readonly retired: boolean;
  /** The sides of groups that its samples belong to, in the order of the rules. */
  sides: readonly GroupSide[] = [];
  /** Made with the first numeric sample: a series of texts has no summaries. */
  rollup: SeriesRollup | undefined;
  /** Boot in which it last had a sample that the gateway's own clock stamped; 0 when it never had. */
  receiptBoot = 0;
  #deadBand: DeadBand | undefined = undefined;
  #report: ReportPolicy | undefined = undefined;
  /** What the report policy was taken from. */
  #reportSaidBy: Device | undefined = undefined;

  constructor(definition: SeriesDefinition, device: DeviceState, retired = false) {
    this.definition = definition;
    this.device = device;
    this.role = roleOf(definition.metric);
    this.retired = retired;
  }

  /** Which of its samples are kept; nothing where all are. */
  get report(): ReportPolicy | undefined {
    const { description } = this.device;
    if (description !== this.#reportSaidBy) {
      this.#reportSaidBy = description;
      this.#report = reportOf(description, this.definition.metric);
    }
    return this.#report;
  }

  /** The last sample kept, where it is remembered. */
  get knownDeadBand(): DeadBand | undefined {
    return this.#deadBand;
  }

  /** Made for series that report by exception. */
  get deadBand(): DeadBand {
    this.#deadBand ??= new DeadBand();
    return this.#deadBand;
  }
}
