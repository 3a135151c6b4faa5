import { expect, test } from "vitest";
import { chirpstackPlan } from "../../src/codecs/chirpstack.ts";
import { theThingsStackPlan } from "../../src/codecs/the-things-stack.ts";
import { decoded, type FamilyRow } from "./family-decoding.ts";

const up = "v3/silos@acme/devices/silo-3/up";
const at = 1_762_000_000_123;

/** An uplink of The Things Stack, with what its decoders made of it. */
function uplink(payloads: string): string {
  return (
    '{"end_device_ids":{"device_id":"silo-3","application_ids":{"application_id":"silos"},"dev_eui":"70B3D57ED0050001"},' +
    '"received_at":"2025-11-01T12:26:40.123456789Z","uplink_message":{"f_port":2,"f_cnt":1834,"frm_payload":"ASsBKAAA",' +
    `${payloads}"rx_metadata":[{"gateway_ids":{"gateway_id":"roof"},"rssi":-101,"snr":-3.5},{"gateway_ids":{"gateway_id":"gate"},"rssi":-68,"snr":9.2}],` +
    '"settings":{"data_rate":{"lora":{"bandwidth":125000}}}}}'
  );
}

const radio: readonly FamilyRow[] = [
  ["silo-3", "f_cnt", 1834],
  ["silo-3", "rssi", -68, "dBm"],
  ["silo-3", "snr", 9.2, "dB"],
];

test("an uplink of The Things Stack gives what the decoder made, and the radio of the best gateway", () => {
  const payload = uplink('"decoded_payload":{"level":2.31,"full":false,"probe":{"temperature":11.5}},');
  expect(decoded(theThingsStackPlan, up, payload)).toStrictEqual({
    rows: [
      ["silo-3", "level", 2.31],
      ["silo-3", "full", false],
      ["silo-3", "probe.temperature", 11.5],
      ...radio,
    ],
    stampAt: at,
    unreadable: false,
  });
});

test("normalized payloads stand above decoded ones, have units, and keep their own times", () => {
  const payload = uplink(
    '"decoded_payload":{"t":11.5},"normalized_payload":[{"time":"2025-11-01T12:20:00Z","air":{"temperature":11.5,"relativeHumidity":70}},{"soil":{"moisture":33}}],',
  );
  const earlier = Date.UTC(2025, 10, 1, 12, 20);
  expect(decoded(theThingsStackPlan, up, payload)).toStrictEqual({
    rows: [
      ["silo-3", "air.temperature", 11.5, "°C"],
      ["silo-3", "air.relativeHumidity", 70, "%"],
      ["silo-3", "soil.moisture", 33, "%"],
      ...radio,
    ],
    stampAt: at,
    unreadable: false,
    ownStamps: [earlier, earlier, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  });
});

test("what a decoder calls rssi is not the gateway's", () => {
  const payload = uplink('"decoded_payload":{"rssi":-40},');
  expect(decoded(theThingsStackPlan, up, payload).rows).toStrictEqual([
    ["silo-3", "rssi", -40],
    ["silo-3", "f_cnt", 1834],
    ["silo-3", "snr", 9.2, "dB"],
  ]);
});

test("an uplink that nothing has decoded is refused, with what to do about it", () => {
  expect(decoded(theThingsStackPlan, up, uplink(""))).toMatchObject({
    cause: "unsupported",
    detail: expect.stringContaining("payload formatter"),
  });
});

test("an uplink without bytes only tells about the radio", () => {
  const payload = uplink("").replace('"frm_payload":"ASsBKAAA",', "");
  expect(decoded(theThingsStackPlan, up, payload).rows).toStrictEqual(radio);
});

test("the route's device stands above the one in the payload", () => {
  const payload = uplink('"decoded_payload":{"level":1},');
  expect(decoded(theThingsStackPlan, up, payload, { device: "tower" }).rows[0]).toStrictEqual([
    "tower",
    "level",
    1,
  ]);
});

test.each(["join", "down/queued", "down/ack", "location/solved", "service/data"])(
  "The Things Stack gives nothing on %s",
  (kind) => {
    expect(decoded(theThingsStackPlan, `v3/silos@acme/devices/silo-3/${kind}`, '{"a":1}').rows).toStrictEqual(
      [],
    );
  },
);

const eventUp = "application/17c82e96/device/0101010101010101/event/up";

/** An uplink of ChirpStack. */
function event(members: string): string {
  return (
    '{"deduplicationId":"3ac7e3c4","time":"2025-11-01T12:26:40.123456789+00:00","deviceInfo":{"deviceName":"Silo 3",' +
    `"devEui":"0101010101010101","tags":{"hall":"4"}},"dr":1,"fCnt":7,"fPort":1,${members}` +
    '"rxInfo":[{"gatewayId":"0016c001f153a14c","rssi":-36,"snr":10.5,"metadata":{"region_name":"eu868"}}],"txInfo":{"frequency":867100000}}'
  );
}

test("an uplink of ChirpStack gives its object, and the radio", () => {
  expect(
    decoded(chirpstackPlan, eventUp, event('"data":"qg==","object":{"level":2.31,"on":true},')),
  ).toStrictEqual({
    rows: [
      ["0101010101010101", "level", 2.31],
      ["0101010101010101", "on", true],
      ["0101010101010101", "f_cnt", 7],
      ["0101010101010101", "rssi", -36, "dBm"],
      ["0101010101010101", "snr", 10.5, "dB"],
    ],
    stampAt: at,
    unreadable: false,
  });
});

test("a status of ChirpStack gives battery and margin", () => {
  const topic = eventUp.replace("/up", "/status");
  const payload = '{"time":"2025-11-01T12:26:40.123456789+00:00","margin":10,"batteryLevel":88.3}';
  expect(decoded(chirpstackPlan, topic, payload)).toMatchObject({
    rows: [
      ["0101010101010101", "margin", 10, "dB"],
      ["0101010101010101", "batteryLevel", 88.3, "%"],
    ],
    stampAt: at,
  });
  expect(decoded(chirpstackPlan, topic, '{"batteryLevel":0,"externalPowerSource":true}').rows).toStrictEqual([
    ["0101010101010101", "externalPowerSource", true],
  ]);
});

test.each(["event/join", "event/ack", "event/log", "command/down"])(
  "ChirpStack gives nothing on %s",
  (kind) => {
    const topic = `application/1/device/0101010101010101/${kind}`;
    expect(decoded(chirpstackPlan, topic, '{"level":"ERROR"}').rows).toStrictEqual([]);
  },
);

test.each([
  ["no uplink at all", theThingsStackPlan, up, '{"a":1}', "unsupported"],
  ["an uplink that is cut off", theThingsStackPlan, up, uplink("").slice(0, 90), "malformed"],
  ["a topic of something else", theThingsStackPlan, "v3/silos/gateways/x", "{}", "unsupported"],
  ["nothing", theThingsStackPlan, up, "", "empty"],
  ["bytes that nothing has decoded", chirpstackPlan, eventUp, event('"data":"qg==",'), "unsupported"],
  ["Protobuf", chirpstackPlan, eventUp, Buffer.from([0x0a, 0x24, 0x33]), "unsupported"],
  ["an object that is cut off", chirpstackPlan, eventUp, event("").slice(0, 90), "malformed"],
  ["a topic without a device", chirpstackPlan, "application/1/device", "{}", "unsupported"],
])("LoRaWAN servers: refused is %s", (_, make, topic, payload, cause) => {
  expect(decoded(make, topic, payload).cause).toBe(cause);
});
