import { expect, test } from "vitest";
import { connectPacket, openTestBroker, publishPacket, RawClient } from "./harness.ts";

/** Offset of the connect flags: behind the fixed header, the name and the version. */
const flagsAt = 2 + 8 + 1;

test.each([
  ["flags in its first byte", (bytes: Buffer) => void (bytes[0] = 0x1e)],
  ["the unused bit of its flags", (bytes: Buffer) => void (bytes[flagsAt]! |= 1)],
])("a CONNECT of 3.1 with %s is accepted: they mean nothing there", async (_what, change) => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port, 3);
  const bytes = connectPacket(3, "old");
  change(bytes);
  client.send(bytes);
  expect(await client.take("connack")).toMatchObject([{ returnCode: 0 }]);
  client.send(publishPacket("a", "1", { qos: 1, messageId: 7 }));
  expect(await client.take("puback")).toMatchObject([{ messageId: 7 }]);
});

test("3.1 knows no empty client id: CONNACK 2", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port, 3);
  client.send(Buffer.concat([Buffer.of(0x10, 14, 0, 6), Buffer.from("MQIsdp"), Buffer.of(3, 2, 0, 0, 0, 0)]));
  await client.gone();
  expect(client.packets).toMatchObject([{ cmd: "connack", returnCode: 2 }]);
});

test("a client of 3.1 may have a longer name than its 23 characters", async () => {
  await using broker = await openTestBroker();
  using client = new RawClient(broker.port, 3);
  client.send(connectPacket(3, "i".repeat(128)));
  expect(await client.take("connack")).toMatchObject([{ returnCode: 0 }]);
});

test("a PUBREL, SUBSCRIBE or UNSUBSCRIBE of 3.1 may be marked as sent again, and of 3.1.1 may not", async () => {
  await using broker = await openTestBroker();
  const subscribe = Buffer.of(0x8a, 6, 0, 1, 0, 1, 0x61, 0);
  const unsubscribe = Buffer.of(0xaa, 5, 0, 2, 0, 1, 0x61);
  const pubrel = Buffer.of(0x6a, 2, 0, 3);
  using old = await RawClient.connected(broker.port, { version: 3 });
  old.send(Buffer.concat([subscribe, unsubscribe, pubrel]));
  await old.take("suback");
  await old.take("unsuback");
  expect(await old.take("pubcomp")).toMatchObject([{ messageId: 3 }]);
  for (const bytes of [subscribe, unsubscribe, pubrel]) {
    using client = await RawClient.connected(broker.port, { version: 4 });
    client.send(bytes);
    await client.gone();
    expect(client.packets).toEqual([]);
  }
});
