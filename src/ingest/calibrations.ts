/**
 * Numbers put right as somebody has measured it for one device: applied once, when a message is decoded, after its
 * profile has made of it what the model says. What is stored is what comes of it.
 */
import { type Calibration, calibrationOf, type DeviceDescription, describeDevices } from "../core/device.ts";
import { RowFlag, type SampleColumns, type SeriesId, ValueKind } from "../core/sample.ts";
import type { SeriesOrigin } from "../core/series.ts";

export class Calibrations {
  #describe: ReturnType<typeof describeDevices>;
  /** Whether anything is calibrated: otherwise rows are not looked at. */
  #any: boolean;
  /** By the number of the series. */
  #bySeries: (Calibration | undefined)[] = [];

  constructor(devices: readonly DeviceDescription[]) {
    this.#describe = describeDevices(devices);
    this.#any = devices.some(({ calibration }) => calibration !== undefined);
  }

  /** Takes other descriptions into use. Whoever keeps numbers of series has to ask for them again. */
  replace(devices: readonly DeviceDescription[]): void {
    this.#describe = describeDevices(devices);
    this.#any = devices.some(({ calibration }) => calibration !== undefined);
    this.clear();
  }

  /** Forgets every series: they have other numbers now. */
  clear(): void {
    this.#bySeries = [];
  }

  /** Looks up how the numbers of a series are put right; to be called before the first of its rows comes. */
  know(id: SeriesId, device: string, metric: string, { profile }: SeriesOrigin): void {
    if (this.#any && id >= 0) this.#bySeries[id] = calibrationOf(this.#describe(device, profile), metric);
  }

  /** Puts the numbers of the rows from `firstRow` on right. One that leaves the range of numbers is flagged bad. */
  apply(rows: SampleColumns, firstRow: number): void {
    if (!this.#any) return;
    const { series, kind, value, flags } = rows;
    for (let row = firstRow; row < rows.count; row += 1) {
      const calibration = this.#bySeries[series[row]!];
      if (calibration === undefined || kind[row] !== ValueKind.number) continue;
      const put = value[row]! * calibration.scale + calibration.offset;
      value[row] = put;
      if (!Number.isFinite(put)) flags[row] = flags[row]! | RowFlag.bad;
    }
  }
}
