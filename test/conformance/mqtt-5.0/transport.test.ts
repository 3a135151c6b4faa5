/** What MQTT 5 runs over. */
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectPacket, openTestBroker, until } from "../../broker/harness.ts";
import { connected, publish } from "./client.ts";

test("[MQTT-4.2.0-1] packets may be split and joined at any byte over TCP", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker);
  const bytes = Buffer.concat(
    [1, 2, 3].map((messageId) => publish("a", String(messageId), { qos: 1, messageId })),
  );
  for (const byte of bytes.subarray(0, 20)) client.send(Uint8Array.of(byte));
  client.send(bytes.subarray(20));
  await client.take("puback", 3);
  expect(broker.sink.payloads).toEqual(["1", "2", "3"]);
});

test("[MQTT-6.0.0-1] [MQTT-6.0.0-2] [MQTT-6.0.0-4] over WebSocket packets may be split and joined, and text ends the connection", async () => {
  await using broker = await openTestBroker({ listeners: [{ protocol: "ws", host: "127.0.0.1", port: 0 }] });
  const socket = new WebSocket(`ws://127.0.0.1:${broker.port}`, "mqtt");
  const answers: Buffer[] = [];
  let closed = false;
  socket.on("message", (bytes: Buffer) => answers.push(bytes));
  socket.on("close", () => (closed = true));
  await until(() => socket.readyState === WebSocket.OPEN, "the socket opens");
  expect(socket.protocol).toBe("mqtt");
  const both = Buffer.concat([connectPacket(5, "w"), Buffer.of(0xc0, 0)]);
  socket.send(both.subarray(0, 5));
  socket.send(both.subarray(5));
  await until(() => Buffer.concat(answers).includes(Buffer.of(0xd0, 0)), "CONNACK and PINGRESP");
  expect(Buffer.concat(answers)[0]).toBe(0x20);
  socket.send("text");
  await until(() => closed, "the connection ends");
});
