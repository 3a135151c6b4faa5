/**
 * Measurements of a RuuviTag in data format 5 (RAWv2), as it is broadcast.
 *
 * Source: Ruuvi documentation, "Data format 5 (RAWv2)", with its test vectors.
 */
import type { Rejection } from "../core/decode.ts";
import type { Readings } from "./readings.ts";
import { rejected } from "./rejection.ts";

/** Length of the format, from the byte with its number on. */
const formatBytes = 24;

/** Type of the field in the advertisement and the company, Ruuvi Innovations, in little endian. */
const marker = Buffer.from([0xff, 0x99, 0x04]);

/**
 * Adds the readings of an advertisement. What the tag marks as not available is none.
 *
 * @returns A rejection where there is no Ruuvi data in it, it is cut off, or it has another format.
 */
export function addRuuvi(advertisement: Buffer, readings: Readings): Rejection | undefined {
  const found = advertisement.indexOf(marker);
  if (found < 0) return rejected("unsupported", "The advertisement is none of a Ruuvi device.");
  const data = advertisement.subarray(found + marker.length);
  const format = data[0];
  if (format === undefined) return rejected("malformed", "The Ruuvi data is cut off.");
  if (format !== 5) return rejected("unsupported", `Ruuvi data format ${format} is not supported.`);
  if (data.length < formatBytes) return rejected("malformed", "The Ruuvi data is cut off.");
  const power = data.readUInt16BE(13);
  // Divisions by whole numbers give the nearest double to the decimal that is meant; factors would not.
  add(readings, "temperature", known(data.readInt16BE(1), -0x8000) / 200, "°C");
  add(readings, "humidity", known(data.readUInt16BE(3), 0xffff) / 400, "%");
  add(readings, "pressure", known(data.readUInt16BE(5), 0xffff) + 50_000, "Pa");
  add(readings, "acceleration_x", known(data.readInt16BE(7), -0x8000), "mG");
  add(readings, "acceleration_y", known(data.readInt16BE(9), -0x8000), "mG");
  add(readings, "acceleration_z", known(data.readInt16BE(11), -0x8000), "mG");
  add(readings, "battery_voltage", known(power >>> 5, 2047) + 1600, "mV");
  add(readings, "tx_power", known(power & 31, 31) * 2 - 40, "dBm");
  add(readings, "movement_counter", known(data.readUInt8(15), 0xff));
  add(readings, "sequence", known(data.readUInt16BE(16), 0xffff));
  return undefined;
}

/** The raw value, or `NaN` where the tag marks it as not available. */
function known(raw: number, missing: number): number {
  return raw === missing ? Number.NaN : raw;
}

function add(readings: Readings, metric: string, value: number, unit?: string): void {
  if (Number.isNaN(value)) readings.none(metric, unit);
  else readings.number(metric, value, unit);
}
