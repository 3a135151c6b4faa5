import { expect, test } from "vitest";
import { tasmotaPlan } from "../../src/codecs/tasmota.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const tables: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  [
    "a sensor, with the units it names",
    "tele/cellar/SENSOR",
    '{"Time":"2025-11-01T12:26:40","SHT3X":{"Temperature":19.8,"Humidity":51.0,"DewPoint":9.4},"TempUnit":"C"}',
    [
      ["cellar", "SHT3X.Temperature", 19.8, "°C"],
      ["cellar", "SHT3X.Humidity", 51, "%"],
      ["cellar", "SHT3X.DewPoint", 9.4, "°C"],
    ],
  ],
  [
    "units that come after the values, and are others",
    "tele/cellar/SENSOR",
    '{"BME280":{"Temperature":67.6,"Pressure":752.1,"SeaPressure":760},"PressureUnit":"mmHg","TempUnit":"F"}',
    [
      ["cellar", "BME280.Temperature", 67.6, "°F"],
      ["cellar", "BME280.Pressure", 752.1, "mmHg"],
      ["cellar", "BME280.SeaPressure", 760, "mmHg"],
    ],
  ],
  [
    "several DS18B20, by their identity",
    "tele/tank/SENSOR",
    '{"DS18B20-1":{"Id":"3C01F096E3A0","Temperature":41.2},"DS18B20-2":{"Id":"3C01F096AAAA","Temperature":null},"TempUnit":"C"}',
    [
      ["tank", "DS18B20-3C01F096E3A0.Temperature", 41.2, "°C"],
      ["tank", "DS18B20-3C01F096AAAA.Temperature", null, "°C"],
    ],
  ],
  [
    "one DS18B20, so that it keeps its name when a second one is added",
    "tele/tank/SENSOR",
    '{"DS18B20":{"Id":"3C01F096E3A0","Temperature":41.2},"TempUnit":"C"}',
    [["tank", "DS18B20-3C01F096E3A0.Temperature", 41.2, "°C"]],
  ],
  [
    "a meter with three phases",
    "tele/main/SENSOR",
    '{"ENERGY":{"TotalStartTime":"2024-03-01T08:00:00","Total":812.4,"Power":[120,80,0],"Factor":[0.9,0.8,0],"Voltage":231,"Current":1.1}}',
    [
      ["main", "ENERGY.Total", 812.4, "kWh"],
      ["main", "ENERGY.Power.0", 120, "W"],
      ["main", "ENERGY.Power.1", 80, "W"],
      ["main", "ENERGY.Power.2", 0, "W"],
      ["main", "ENERGY.Factor.0", 0.9],
      ["main", "ENERGY.Factor.1", 0.8],
      ["main", "ENERGY.Factor.2", 0],
      ["main", "ENERGY.Voltage", 231, "V"],
      ["main", "ENERGY.Current", 1.1, "A"],
    ],
  ],
  [
    "switches and numbered inputs",
    "tele/door/SENSOR",
    '{"Time":"2025-11-01T12:26:40","Switch1":"ON","ANALOG":{"Illuminance2":312},"PM":{"PM2.5":8}}',
    [
      ["door", "Switch1", true],
      ["door", "ANALOG.Illuminance2", 312, "lx"],
      ["door", "PM.PM2.5", 8, "µg/m³"],
    ],
  ],
  [
    "of the state what is measured or switched",
    "tele/plug/STATE",
    '{"Time":"2025-11-01T12:26:40","Uptime":"0T00:10:11","UptimeSec":611,"Heap":24,"SleepMode":"Dynamic","Sleep":50,"LoadAvg":19,"MqttCount":1,"POWER":"OFF","Wifi":{"AP":1,"SSId":"Plant","RSSI":44,"Signal":-78}}',
    [
      ["plug", "UptimeSec", 611, "s"],
      ["plug", "Heap", 24, "kB"],
      ["plug", "LoadAvg", 19],
      ["plug", "MqttCount", 1],
      ["plug", "POWER", false],
      ["plug", "Wifi.RSSI", 44, "%"],
      ["plug", "Wifi.Signal", -78, "dBm"],
    ],
  ],
  ["a switch that answers", "stat/plug/RESULT", '{"POWER1":"ON"}', [["plug", "POWER1", true]]],
  ["no answers to other commands", "stat/plug/RESULT", '{"TelePeriod":300}', []],
  ["no second time what RESULT says", "stat/plug/POWER1", "ON", []],
  [
    "sensors on demand",
    "stat/cellar/STATUS10",
    '{"StatusSNS":{"Time":"2025-11-01T12:26:40","SI7021":{"Temperature":17.7},"TempUnit":"C"}}',
    [["cellar", "SI7021.Temperature", 17.7, "°C"]],
  ],
  ["a device that is there", "tele/cellar/LWT", "Online", [["cellar", "online", true]]],
  ["a device that is gone", "tele/cellar/LWT", "Offline", [["cellar", "online", false]]],
  ["no information", "tele/cellar/INFO1", '{"Info1":{"Module":"Generic"}}', []],
  ["no commands", "cmnd/plug/POWER", "TOGGLE", []],
  ["no discovery", "tasmota/discovery/A4CF12345678/config", '{"ip":"10.0.0.7"}', []],
  ["topics turned around", "hall/plug/tele/LWT", "Online", [["hall/plug", "online", true]]],
];

test.each(tables)("Tasmota gives %s", (_, topic, payload, rows) => {
  expect(decoded(tasmotaPlan, topic, payload)).toMatchObject({
    rows,
    stampAt: Number.NaN,
    unreadable: false,
  });
});

test("a time with a zone is the stamp", () => {
  const payload = '{"Time":"2025-11-01T13:26:40+01:00","SHT3X":{"Humidity":51}}';
  expect(decoded(tasmotaPlan, "tele/cellar/SENSOR", payload).stampAt).toBe(1_762_000_000_000);
});

test.each([
  ["a topic of something else", "plant/press", '{"a":1}', "unsupported"],
  ["a topic without a device", "tele/SENSOR", '{"a":1}', "unsupported"],
  ["a will that says something else", "tele/cellar/LWT", "gone", "malformed"],
  ["an empty will", "tele/cellar/LWT", "", "empty"],
  ["a sensor that is cut off", "tele/cellar/SENSOR", '{"SHT3X":{"Temper', "malformed"],
  ["a sensor that is a list", "tele/cellar/SENSOR", "[1]", "unsupported"],
  [
    "a name with a control character",
    "tele/cellar/SENSOR",
    String.raw`{"A\u0007":{"Temperature":1}}`,
    "invalid-text",
  ],
])("Tasmota refuses %s", (_, topic, payload, cause) => {
  expect(decoded(tasmotaPlan, topic, payload).cause).toBe(cause);
});
