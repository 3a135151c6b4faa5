import { expect, test } from "vitest";
import { brief } from "../../src/broker/brief-packets.ts";
import { connectPacket, openTestBroker, publishPacket, RawClient } from "./harness.ts";

test.each([
  ["PUBACK without an error", [0x40, 4, 0, 7, 0, 0], [0x40, 2, 0, 7]],
  ["PUBREC with an error", [0x50, 4, 0, 7, 0x87, 0], [0x50, 3, 0, 7, 0x87]],
  ["PUBREL", [0x62, 4, 0, 7, 0x92, 0], [0x62, 3, 0, 7, 0x92]],
  ["PUBCOMP", [0x70, 4, 1, 0, 0, 0], [0x70, 2, 1, 0]],
  ["DISCONNECT with a reason", [0xe0, 2, 0x8e, 0], [0xe0, 1, 0x8e]],
  ["DISCONNECT without one", [0xe0, 2, 0, 0], [0xe0, 0]],
])("%s needs no length of properties that are not there", (_what, written, wanted) => {
  expect([...brief(Uint8Array.from(written))]).toEqual(wanted);
});

test.each([
  ["PUBACK that is short", [0x40, 2, 0, 0]],
  ["PUBACK with an error that is short", [0x40, 3, 0, 0, 0x10]],
  ["PUBACK with a reason string", [0x40, 8, 0, 7, 0x87, 4, 0x1f, 0, 1, 0x61]],
  ["SUBACK", [0x90, 4, 0, 7, 0, 0]],
  ["UNSUBACK", [0xb0, 4, 0, 7, 0, 0]],
  ["PUBLISH", [0x30, 4, 0, 1, 0x61, 0]],
  ["PINGRESP", [0xd0, 0]],
])("%s stays as it is, alone and among others", (_what, written) => {
  const packet = Uint8Array.from(written);
  expect(brief(packet)).toBe(packet);
  const long = [0x40, 4, 0, 7, 0, 0];
  const several = brief(Uint8Array.from([...written, ...long, ...written, ...long]));
  expect([...several]).toEqual([...written, 0x40, 2, 0, 7, ...written, 0x40, 2, 0, 7]);
});

test("clients of MQTT 5 are sent the short forms", async () => {
  await using broker = await openTestBroker();
  using client = await RawClient.connected(broker.port, { version: 5, clientId: "one" });
  client.send(publishPacket("a", "x", { qos: 2, messageId: 7, version: 5 }));
  await client.take("pubrec");
  client.send({ cmd: "pubrel", messageId: 7 });
  await client.take("pubcomp");
  using other = new RawClient(broker.port, 5);
  other.send(connectPacket(5, "one"));
  await client.gone();
  expect([...client.bytes]).toEqual([0x50, 2, 0, 7, 0x70, 2, 0, 7, 0xe0, 1, 0x8e]);
});
