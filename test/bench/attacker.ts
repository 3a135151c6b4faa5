/**
 * An attacker for benchmarks, run as its own process until it is killed. Says `ready` when it is at it.
 *
 * Usage: node attacker.ts --port P --kind flood-0|flood-1|silent|drip|http|websocket|tls|tls-done|guess|guess-names
 *        [--count N] [--user NAME] [--addresses N]
 */
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { connect as connectTls } from "node:tls";
import { generate, type Packet } from "mqtt-packet";

const { values: args } = parseArgs({
  options: {
    port: { type: "string" },
    kind: { type: "string" },
    count: { type: "string", default: "1" },
    user: { type: "string", default: "press" },
    addresses: { type: "string", default: "1" },
  },
});

const port = Number(args.port);
const count = Number(args.count);

function bytesOf(packet: Packet): Buffer {
  return generate(packet, { protocolVersion: 4 });
}

function connectBytes(clientId: string, credentials: { username?: string; password?: Buffer } = {}): Buffer {
  const fixed = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
  } as const;
  return bytesOf({ ...fixed, clientId, ...credentials });
}

/** A hundred messages of 80 bytes of payload. */
function burstOf(qos: 0 | 1, topic: string): Buffer {
  const payload = `{"ts":1762000000000,"temperature":21.5000,"vibration_velocity":0.12500000000000}`;
  const publish = { cmd: "publish", topic, payload, dup: false, retain: false } as const;
  const packets = Array.from({ length: 100 }, (_, index) =>
    bytesOf(qos === 0 ? { ...publish, qos } : { ...publish, qos, messageId: index + 1 }),
  );
  return Buffer.concat(packets);
}

let openedCount = 0;

/** Connects from one of `addresses` loopback addresses. */
function open(): Socket {
  openedCount += 1;
  const localAddress = `127.0.0.${1 + (openedCount % Number(args.addresses))}`;
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, localAddress });
  socket.on("error", () => undefined);
  socket.resume();
  return socket;
}

/** Publishes as fast as the broker reads. */
function flood(qos: 0 | 1): void {
  for (let index = 0; index < count; index += 1) {
    const socket = open();
    const burst = burstOf(qos, `flood/${index}`);
    socket.write(connectBytes(`flood-${index}`));
    const send = (): void => {
      while (socket.write(burst));
    };
    socket.on("drain", send);
    socket.once("data", send);
  }
}

/** Opens all of them, in portions, and says something on each. */
async function hold(begin: () => Socket): Promise<void> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const opened = Array.from({ length: Math.min(200, count - sockets.length) }, begin);
    await Promise.all(
      opened.map(
        (socket) => new Promise((resolve) => socket.once("connect", resolve).once("close", resolve)),
      ),
    );
    sockets.push(...opened);
  }
}

function saying(text: string | Uint8Array): () => Socket {
  return () => {
    const socket = open();
    socket.write(text);
    return socket;
  };
}

/** A byte of a CONNECT a second. */
function dripping(): Socket {
  const socket = open();
  const connectPacket = connectBytes("d".repeat(100));
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(connectPacket.subarray(sent, sent + 1));
    sent += 1;
  }, 1_000);
  socket.once("close", () => clearInterval(timer));
  return socket;
}

const clientHello = Buffer.from("16030102000100", "hex");
const request =
  "GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n";

/** Guesses a thousand passwords a second, each on a connection of its own. */
function guess(nameOf: (guess: number) => string): void {
  let guesses = 0;
  setInterval(() => {
    for (let burst = 0; burst < 10; burst += 1) {
      guesses += 1;
      const socket = open();
      socket.write(
        connectBytes(`guess-${guesses}`, { username: nameOf(guesses), password: Buffer.from(`p${guesses}`) }),
      );
      socket.once("data", () => socket.destroy());
    }
  }, 10);
}

const kinds: Readonly<Record<string, () => void | Promise<void>>> = {
  "flood-0": () => flood(0),
  "flood-1": () => flood(1),
  silent: () => hold(open),
  drip: () => hold(dripping),
  http: () => hold(saying(request)),
  websocket: () => hold(saying(`${request}\r\n`)),
  tls: () => hold(saying(clientHello)),
  "tls-done": () =>
    hold(() => {
      const socket = connectTls({ socket: open(), rejectUnauthorized: false });
      socket.on("error", () => undefined);
      return socket;
    }),
  guess: () => guess(() => args.user),
  "guess-names": () => guess((index) => `user-${index}`),
};

await kinds[args.kind ?? ""]?.();
process.stdout.write("ready\n");
