import { expect, test } from "vitest";
import { ruuviPlan } from "../../src/codecs/ruuvi.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const tag = "CB:B8:33:4C:88:4F";
const topic = `ruuvi/AA:BB:CC:DD:EE:FF/${tag}`;

/** A message of the gateway about an advertisement with this data, from the byte of the format on. */
function heard(data: string): string {
  return `{"gw_mac":"AA:BB:CC:DD:EE:FF","rssi":-70,"aoa":[],"gwts":"1762000001","ts":"1762000000","data":"0201061BFF9904${data}","coords":""}`;
}

/** The rows of a measurement, in the order of the format. */
function measured(values: readonly (number | null)[]): FamilyRow[] {
  const names: readonly (readonly [metric: string, unit?: string])[] = [
    ["temperature", "°C"],
    ["humidity", "%"],
    ["pressure", "Pa"],
    ["acceleration_x", "mG"],
    ["acceleration_y", "mG"],
    ["acceleration_z", "mG"],
    ["battery_voltage", "mV"],
    ["tx_power", "dBm"],
    ["movement_counter"],
    ["sequence"],
  ];
  const rows = names.map(([metric, unit], index): FamilyRow => {
    const value = values[index]!;
    return unit === undefined ? [tag, metric, value] : [tag, metric, value, unit];
  });
  return [...rows, [tag, "rssi", -70, "dBm"]];
}

test.each([
  [
    "a valid measurement",
    "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F",
    [24.3, 53.49, 100_044, 4, -4, 1036, 2977, 4, 66, 205],
  ],
  [
    "the largest values",
    "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F",
    [163.835, 163.835, 115_534, 32_767, 32_767, 32_767, 3646, 20, 254, 65_534],
  ],
  [
    "the smallest values",
    "058001000000008001800180010000000000CBB8334C884F",
    [-163.835, 0, 50_000, -32_767, -32_767, -32_767, 1600, -40, 0, 0],
  ],
  [
    "nothing available",
    "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF",
    [null, null, null, null, null, null, null, null, null, null],
  ],
])("the published vector with %s gives its values", (_, data, values) => {
  expect(decoded(ruuviPlan, topic, heard(data))).toStrictEqual({
    rows: measured(values),
    stampAt: 1_762_000_000_000,
    unreadable: false,
  });
});

test("small letters are hexadecimal too, and bytes may follow", () => {
  const data = "0512fc5394c37c0004fffc040cac364200cdcbb8334c884f0000";
  expect(decoded(ruuviPlan, topic, heard(data)).rows[0]).toStrictEqual([tag, "temperature", 24.3, "°C"]);
});

test("the status of the gateway is no reading", () => {
  expect(decoded(ruuviPlan, "ruuvi/AA:BB:CC:DD:EE:FF/gw_status", '{"state":"online"}').rows).toStrictEqual(
    [],
  );
});

test.each([
  ["format 3", heard("03291A1ECE1EFC18F94202CA0B53"), "unsupported"],
  ["format 6", heard("06170C5668C79E007000C90501D9FFCD004C884F"), "unsupported"],
  [
    "format E1",
    heard("E1170C5668C79E0065007004BD11CA00C90A0213E0AC000000DECDEE100000000000CBB8334C884F"),
    "unsupported",
  ],
  ["data that is cut off", heard("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C88"), "malformed"],
  ["data without a format", heard(""), "malformed"],
  ["another maker's advertisement", '{"ts":"1762000000","data":"0201061AFF4C000215"}', "unsupported"],
  ["half a byte", '{"data":"0201061"}', "malformed"],
  ["data that is not hexadecimal", '{"data":"xyz0"}', "malformed"],
  ["no data", '{"rssi":-70}', "unsupported"],
  ["an object that is cut off", heard("").slice(0, 40), "malformed"],
])("Ruuvi: refused is %s", (_, payload, cause) => {
  expect(decoded(ruuviPlan, topic, payload).cause).toBe(cause);
});

test("a topic that ends in no address is refused", () => {
  expect(decoded(ruuviPlan, "ruuvi/gateway/kitchen", heard("")).cause).toBe("unsupported");
});
