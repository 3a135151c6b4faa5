/** One realistic message or more of every device family, for tests about all of them. */
import type { CodecName } from "../../src/core/decode.ts";

export interface FamilySample {
  readonly codec: CodecName;
  readonly topic: string;
  readonly payload: string;
}

export const familySamples: readonly FamilySample[] = [
  sample("homie", "homie/greenhouse/air/temperature", "21.5"),
  sample("homie", "homie/5/greenhouse/$state", "ready"),
  sample(
    "tasmota",
    "tele/cellar/SENSOR",
    '{"Time":"2025-11-01T12:26:40+01:00","DS18B20-1":{"Id":"3C01F096E3A0","Temperature":41.2},"ENERGY":{"Total":812.4,"Power":[120,80,0]},"BME280":{"Pressure":1002.1},"PressureUnit":"hPa","TempUnit":"C"}',
  ),
  sample(
    "tasmota",
    "tele/plug/STATE",
    '{"Time":"2025-11-01T12:26:40","POWER":"ON","Wifi":{"RSSI":44,"Signal":-78}}',
  ),
  sample("tasmota", "tele/cellar/LWT", "Online"),
  sample("shelly-gen1", "shellies/shelly1pm-a1/relay/0/power", "23.4"),
  sample("shelly-gen1", "shellies/shellydimmer-g7/light/0/status", '{"ison":true,"brightness":40}'),
  sample(
    "shelly-gen2",
    "shellyplus1pm-a1/events/rpc",
    '{"src":"shellyplus1pm-a1","method":"NotifyStatus","params":{"ts":1762000000.25,"switch:0":{"id":0,"output":true,"apower":44.4,"aenergy":{"total":900.5,"by_minute":[1,2,3]},"temperature":{"tC":54.0,"tF":129.3}}}}',
  ),
  sample(
    "shelly-gen2",
    "shellyplus1-b2/events/rpc",
    '{"method":"NotifyEvent","params":{"ts":1762000000.25,"events":[{"component":"input:0","event":"single_push"}]}}',
  ),
  sample("shelly-gen2-status", "shellyhtg3-c3/status/temperature:0", '{"id":0,"tC":19.8,"tF":67.6}'),
  sample(
    "zigbee2mqtt",
    "zigbee2mqtt/hall/plug",
    '{"state":"ON","power":12.5,"voltage":231,"last_seen":"2025-11-01T12:26:40Z","update":{"state":"idle"},"color":{"x":0.4}}',
  ),
  sample("zigbee2mqtt", "zigbee2mqtt/lamp/availability", '{"state":"online"}'),
  sample("esphome", "boiler/sensor/flow_temperature/state", "61.25"),
  sample("esphome", "desk/light/lamp/state", '{"state":"ON","brightness":128,"color":{"r":255}}'),
  sample(
    "the-things-stack",
    "v3/silos@acme/devices/silo-3/up",
    '{"end_device_ids":{"device_id":"silo-3"},"received_at":"2025-11-01T12:26:40.123456789Z","uplink_message":{"f_cnt":1834,"frm_payload":"ASs=","normalized_payload":[{"time":"2025-11-01T12:20:00Z","air":{"temperature":11.5}}],"rx_metadata":[{"rssi":-101,"snr":-3.5},{"rssi":-68,"snr":9.2}]}}',
  ),
  sample(
    "the-things-stack",
    "v3/silos/devices/silo-3/up",
    '{"end_device_ids":{"device_id":"silo-3"},"uplink_message":{"f_cnt":1834,"frm_payload":"ASs=","decoded_payload":{"level":2.31,"probe":{"t":4}},"rx_metadata":[{"rssi":-101,"snr":-3.5}]}}',
  ),
  sample(
    "chirpstack",
    "application/17c82e96/device/0101010101010101/event/up",
    '{"time":"2025-11-01T12:26:40.123456789+00:00","deviceInfo":{"devEui":"0101010101010101"},"fCnt":7,"data":"qg==","object":{"level":2.31,"on":true},"rxInfo":[{"rssi":-36,"snr":10.5}]}',
  ),
  sample(
    "chirpstack",
    "application/17c82e96/device/0101010101010101/event/status",
    '{"margin":10,"batteryLevel":88.3}',
  ),
  sample(
    "ruuvi",
    "ruuvi/AA:BB:CC:DD:EE:FF/CB:B8:33:4C:88:4F",
    '{"rssi":-70,"ts":"1762000000","data":"0201061BFF99040512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"}',
  ),
  sample(
    "rtl433",
    "rtl_433/shed/events",
    '{"time":"2025-11-01T13:26:40+0100","model":"Nexus-TH","id":177,"channel":1,"battery_ok":1,"temperature_C":21.4,"humidity":47}',
  ),
  sample(
    "rtl433",
    "home/OMG_ESP32/BTtoMQTT/A4C138010203",
    '{"id":"A4:C1:38:01:02:03","rssi":-74,"tempc":21.4,"tempf":70.5,"hum":55}',
  ),
  sample("rtl433", "rtl_433/shed/availability", "online"),
  sample(
    "aws-shadow",
    "$aws/things/press-7/shadow/update",
    '{"state":{"desired":{"speed":9},"reported":{"ts":1762000000,"speed":7,"drive":{"amps":4.5}}}}',
  ),
  sample("aws-shadow", "dt/plant/hall4/press-7/telemetry", '{"ts":1762000000,"speed":7}'),
  sample(
    "azure-iot",
    "devices/press-7/messages/events/$.ct=application%2Fjson&$.ctime=2025-11-01T12%3A26%3A40Z",
    '{"speed":7}',
  ),
  sample("azure-iot", "devices/press-7/messages/events/", '{"speed":7,"drive":{"amps":4.5}}'),
];

function sample(codec: CodecName, topic: string, payload: string): FamilySample {
  return { codec, topic, payload };
}
