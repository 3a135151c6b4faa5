import { expect, test } from "vitest";
import { rtl433DevicesPlan, rtl433Plan } from "../../src/codecs/rtl433.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const events = "rtl_433/shed/events";

const tables: readonly [law: string, topic: string, payload: string, rows: readonly FamilyRow[]][] = [
  [
    "a sensor with a channel",
    events,
    '{"time":"2025-11-01 12:26:40","model":"Nexus-TH","id":177,"channel":1,"battery_ok":1,"temperature_C":21.4,"humidity":47,"mod":"ASK","freq":433.93,"rssi":-0.12,"snr":21.3,"noise":-21.4}',
    [
      ["Nexus-TH/1/177", "battery_ok", 1],
      ["Nexus-TH/1/177", "temperature_C", 21.4, "°C"],
      ["Nexus-TH/1/177", "humidity", 47, "%"],
      ["Nexus-TH/1/177", "rssi", -0.12, "dB"],
      ["Nexus-TH/1/177", "snr", 21.3, "dB"],
      ["Nexus-TH/1/177", "noise", -21.4, "dB"],
    ],
  ],
  [
    "a weather station without a channel",
    events,
    '{"model":"Fineoffset-WS90","id":"a1f","wind_avg_m_s":2.5,"wind_dir_deg":270,"rain_mm":3.4,"rain_rate_mm_h":0.2,"light_lux":812,"battery_mV":2940,"pressure_hPa":1002.5,"storm_pos":4,"mic":"CRC"}',
    [
      ["Fineoffset-WS90/a1f", "wind_avg_m_s", 2.5, "m/s"],
      ["Fineoffset-WS90/a1f", "wind_dir_deg", 270, "°"],
      ["Fineoffset-WS90/a1f", "rain_mm", 3.4, "mm"],
      ["Fineoffset-WS90/a1f", "rain_rate_mm_h", 0.2, "mm/h"],
      ["Fineoffset-WS90/a1f", "light_lux", 812, "lx"],
      ["Fineoffset-WS90/a1f", "battery_mV", 2940, "mV"],
      ["Fineoffset-WS90/a1f", "pressure_hPa", 1002.5, "hPa"],
      ["Fineoffset-WS90/a1f", "storm_pos", 4],
    ],
  ],
  [
    "several probes, and wind in customary units",
    events,
    '{"model":"X-1","id":0,"temperature_1_C":60.5,"temperature_2_F":140,"wind_max_km_h":31,"wind_avg_mi_h":7,"power_W":12}',
    [
      ["X-1/0", "temperature_1_C", 60.5, "°C"],
      ["X-1/0", "temperature_2_F", 140, "°F"],
      ["X-1/0", "wind_max_km_h", 31, "km/h"],
      ["X-1/0", "wind_avg_mi_h", 7, "mph"],
      ["X-1/0", "power_W", 12, "W"],
    ],
  ],
  [
    "what OpenMQTTGateway hears in the same way",
    "home/OMG_LILYGO/RTL_433toMQTT/Nexus-TH/1/177",
    '{"model":"Nexus-TH","id":177,"channel":1,"temperature_C":21.4,"protocol":"Nexus","duration":1100,"rssi":-88}',
    [
      ["Nexus-TH/1/177", "temperature_C", 21.4, "°C"],
      ["Nexus-TH/1/177", "rssi", -88, "dBm"],
    ],
  ],
  [
    "a Bluetooth sensor",
    "home/OMG_ESP32/BTtoMQTT/A4C138010203",
    '{"id":"A4:C1:38:01:02:03","mac_type":0,"name":"LYWSD03MMC","rssi":-74,"brand":"Xiaomi","model":"TH Sensor","model_id":"LYWSD03MMC_PVVX","type":"THB","tempc":21.4,"tempf":70.52,"hum":55.1,"batt":80,"volt":2.9}',
    [
      ["A4:C1:38:01:02:03", "rssi", -74, "dBm"],
      ["A4:C1:38:01:02:03", "tempc", 21.4, "°C"],
      ["A4:C1:38:01:02:03", "hum", 55.1, "%"],
      ["A4:C1:38:01:02:03", "batt", 80, "%"],
      ["A4:C1:38:01:02:03", "volt", 2.9, "V"],
    ],
  ],
  [
    "a Bluetooth thermometer with probes",
    "home/OMG_ESP32/BTtoMQTT/A4C138010204",
    '{"tempc1":60.5,"tempf1":140.9,"tempc2":61,"pm25":7}',
    [
      ["A4C138010204", "tempc1", 60.5, "°C"],
      ["A4C138010204", "tempc2", 61, "°C"],
      ["A4C138010204", "pm25", 7, "µg/m³"],
    ],
  ],
  [
    "what nothing has decoded, but for its strength",
    "home/OMG_ESP32/BTtoMQTT/undecoded/A4C138010205",
    '{"id":"A4:C1:38:01:02:05","rssi":-90,"servicedata":"fe00"}',
    [["A4:C1:38:01:02:05", "rssi", -90, "dBm"]],
  ],
  ["a gateway that is there", "home/OMG_ESP32/LWT", "online", [["OMG_ESP32", "online", true]]],
  ["a receiver that is gone", "rtl_433/shed/availability", "offline", [["shed", "online", false]]],
  ["no state of the receiver", "rtl_433/shed/states", '{"sample_rate":250000}', []],
  ["no state of the gateway", "home/OMG_ESP32/SYStoMQTT", '{"uptime":12,"freemem":1}', []],
  ["not by device what events say", "rtl_433/shed/devices/Nexus-TH/1/177/temperature_C", "21.4", []],
];

test.each(tables)("rtl_433 gives %s", (_, topic, payload, rows) => {
  expect(decoded(rtl433Plan, topic, payload)).toMatchObject({ rows, stampAt: Number.NaN, unreadable: false });
});

test("the other codec takes the values by device, and not the events", () => {
  const device = "rtl_433/shed/devices/Nexus-TH/1/177";
  expect(decoded(rtl433DevicesPlan, `${device}/temperature_C`, "21.4").rows).toStrictEqual([
    ["Nexus-TH/1/177", "temperature_C", 21.4, "°C"],
  ]);
  expect(decoded(rtl433DevicesPlan, `${device}/time`, "2025-11-01 12:26:40").rows).toStrictEqual([]);
  expect(decoded(rtl433DevicesPlan, events, '{"model":"X","a":1}').rows).toStrictEqual([]);
});

test.each([
  ["local", '"2025-11-01 12:26:40"', Number.NaN],
  ["with Z", '"2025-11-01T12:26:40Z"', 1_762_000_000_000],
  ["with a zone as rtl_433 writes it", '"2025-11-01T13:26:40.5+0100"', 1_762_000_000_500],
  ["in seconds, as text", '"1762000000"', 1_762_000_000_000],
  ["in seconds with microseconds, as text", '"1762000000.123456"', 1_762_000_000_123],
  ["relative to the start", '"@1.234s"', Number.NaN],
])("the time of an event that is written %s", (_, time, stampAt) => {
  const payload = `{"time":${time},"model":"X-1","id":1,"rain_mm":1}`;
  expect(decoded(rtl433Plan, events, payload)).toMatchObject({ stampAt, unreadable: false });
});

test.each([
  ["an event without a model", events, '{"temperature_C":1}', "unsupported"],
  ["an event that is cut off", events, '{"model":"X","temp', "malformed"],
  ["an event that is no object", events, "1", "unsupported"],
  ["a topic of something else", "plant/press", "{}", "unsupported"],
  ["a will that says something else", "home/OMG_ESP32/LWT", "gone", "malformed"],
])("rtl_433: refused is %s", (_, topic, payload, cause) => {
  expect(decoded(rtl433Plan, topic, payload).cause).toBe(cause);
});
