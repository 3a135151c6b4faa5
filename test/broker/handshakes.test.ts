import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { Handshakes } from "../../src/broker/handshakes.ts";
import { handshakePatienceMs, handshakesMax } from "../../src/core/limits.ts";
import { makeCertificates } from "../support/certificates.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { connectPacket, openTestBroker, until } from "./harness.ts";

class Peer {
  isClosed = false;
  begun = 0;
  readonly cutFor: string[] = [];
  cut(cause: string): void {
    this.isClosed = true;
    this.cutFor.push(cause);
  }
}

function begun(handshakes: Handshakes, count: number, nowMs: number): Peer[] {
  return Array.from({ length: count }, () => {
    const connection = new Peer();
    handshakes.begin({ connection, begin: () => void (connection.begun += 1) }, nowMs);
    return connection;
  });
}

test("so many handshakes are under way, and the others begin in order as those are done", () => {
  const handshakes = new Handshakes();
  const peers = begun(handshakes, handshakesMax + 3, 0);
  expect(peers.filter((peer) => peer.begun === 1)).toHaveLength(handshakesMax);
  peers[handshakesMax]!.isClosed = true;
  handshakes.leave(peers[7]!, 1);
  handshakes.leave(peers[7]!, 1);
  expect(peers.slice(handshakesMax).map((peer) => peer.begun)).toEqual([0, 1, 0]);
  handshakes.leave(peers[0]!, 2);
  expect(peers.at(-1)?.begun).toBe(1);
  expect(handshakes.underway).toBe(handshakesMax);
});

test("who takes long over a handshake makes room when somebody waits, and only then", () => {
  const handshakes = new Handshakes();
  const slow = begun(handshakes, handshakesMax, 0);
  handshakes.advance(60_000);
  expect(slow.some((peer) => peer.isClosed)).toBe(false);
  const early = new Handshakes();
  const peers = begun(early, handshakesMax, 0);
  const [waiting] = begun(early, 1, handshakePatienceMs - 1);
  early.advance(handshakePatienceMs - 1);
  expect(waiting?.begun).toBe(0);
  early.advance(handshakePatienceMs);
  expect(waiting?.begun).toBe(1);
  expect(peers.map((peer) => peer.cutFor.join(""))).toEqual([
    "handshakes-max",
    ...peers.slice(1).map(() => ""),
  ]);
});

test("handshakes that stall, more than there may be at once, do not keep a client out", async () => {
  await using directory = await temporaryDirectory("handshakes");
  await makeCertificates(directory.path);
  const secret = { cert: `${directory.path}/server.crt`, key: `${directory.path}/server.key` };
  await using broker = await openTestBroker({
    listeners: [{ protocol: "mqtts", host: "127.0.0.1", port: 0, ...secret }],
    timings: { authenticationMs: 30_000 },
  });
  const stalled: Socket[] = [];
  try {
    for (let index = 0; index < handshakesMax + 50; index += 1) {
      const socket = connectSocket({ port: broker.port, host: "127.0.0.1" });
      socket.on("error", () => undefined);
      // The beginning of a ClientHello.
      socket.write(Buffer.from("16030102000100", "hex"));
      stalled.push(socket);
    }
    await until(() => broker.metric("connections") >= handshakesMax, "they are at it", 20_000);
    const honest = connectTls({ port: broker.port, host: "127.0.0.1", rejectUnauthorized: false });
    stalled.push(honest);
    honest.write(connectPacket(4, "honest"));
    const answer = await new Promise<Buffer>((resolve) => honest.once("data", resolve));
    expect([...answer]).toEqual([0x20, 2, 0, 0]);
    expect(broker.metric("connections_closed_total", "handshakes-max")).toBeGreaterThan(0);
  } finally {
    for (const socket of stalled) socket.destroy();
  }
});

test("a handshake has one deadline from the accept on, whatever it consists of", async () => {
  await using broker = await openTestBroker({
    listeners: [{ protocol: "ws", host: "127.0.0.1", port: 0 }],
    timings: { authenticationMs: 400 },
  });
  const startedMs = performance.now();
  const webSocket = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, "mqtt");
  const closed = new Promise((resolve) => webSocket.once("close", resolve).once("error", resolve));
  const half = connectSocket({ port: broker.port, host: "127.0.0.1" });
  half.on("error", () => undefined).write("GET /mqtt HTTP/1.1\r\nHost: x\r\n");
  await Promise.all([closed, new Promise((resolve) => half.once("close", resolve))]);
  expect(broker.metric("connections_closed_total", "authentication-deadline")).toBe(2);
  expect(performance.now() - startedMs).toBeGreaterThan(300);
});

test("a WebSocket that sends more than a CONNECT before it is let in is cut", async () => {
  await using broker = await openTestBroker({ listeners: [{ protocol: "ws", host: "127.0.0.1", port: 0 }] });
  const key = "AAAAAAAAAAAAAAAAAAAAAA==";
  const socket = connectSocket({ port: broker.port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(
    "GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  // A binary frame of 100,000 bytes, of which a fifth comes.
  socket.write(
    Buffer.concat([Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 1, 2, 3, 4), Buffer.alloc(20_000)]),
  );
  await new Promise((resolve) => socket.once("close", resolve));
  expect(broker.metric("connections_closed_total", "too-large")).toBe(1);
});
