/** What the fold keeps of one series, and of the device that it belongs to. */
import type { Device } from "../device.ts";
import type { SeriesDefinition } from "../sample.ts";
import { DeviceClock } from "../time/device-clock.ts";
import { StampWindow } from "./duplicates.ts";
import type { GroupSide } from "./group-side.ts";
import type { SeriesRollup } from "./rollup.ts";

export class DeviceState {
  /** What the settings say about it now. */
  description: Device;
  /** The profile by which its series are decoded; nothing without one. */
  decodedBy: string | undefined = undefined;
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
}

export class SeriesState {
  readonly definition: SeriesDefinition;
  readonly device: DeviceState;
  readonly stamps: StampWindow = new StampWindow();
  /** The sides of groups that its samples belong to, in the order of the rules. */
  sides: readonly GroupSide[] = [];
  /** Made with the first numeric sample: a series of texts has no summaries. */
  rollup: SeriesRollup | undefined;
  /** Boot in which it last had a sample that the gateway's own clock stamped; 0 when it never had. */
  receiptBoot = 0;

  constructor(definition: SeriesDefinition, device: DeviceState) {
    this.definition = definition;
    this.device = device;
  }
}
