/**
 * A raw-socket MQTT 3.1.1 publisher for benchmarks, run as its own process.
 *
 * It speaks only CONNECT, PUBLISH at QoS 1 and PUBACK, builds each packet by patching digits into a
 * prepared buffer, and counts PUBACKs by their four bytes: what it costs per message is small beside
 * what any broker costs, so that the broker is what is measured. Prints one JSON line at the end.
 *
 * With `--subscribers` each of them takes what ten publishers send, at QoS 1, in a session that outlasts its
 * connection, and acknowledges it.
 *
 * Usage: node load-generator.ts --port P [--clients 50] [--in-flight 20] [--seconds 5] [--warm-up 1]
 *        [--rate N]   closed loop without --rate; with it, N messages per second in all
 *        [--subscribers N] [--username U --password W]
 */
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { connectPacket, LoadSubscriber } from "./load-subscriber.ts";

const { values: args } = parseArgs({
  options: {
    port: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    clients: { type: "string", default: "50" },
    "in-flight": { type: "string", default: "20" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "1" },
    rate: { type: "string" },
    subscribers: { type: "string", default: "0" },
    username: { type: "string" },
    password: { type: "string" },
  },
});

const clientCount = Number(args.clients);
const inFlightMax = Number(args["in-flight"]);
const measureMs = Number(args.seconds) * 1000;
const warmUpMs = Number(args["warm-up"]) * 1000;
const ratePerSecond = args.rate === undefined ? undefined : Number(args.rate);
const subscriberCount = Number(args.subscribers);
const login =
  args.username === undefined ? undefined : { username: args.username, password: args.password ?? "" };

/** Latencies in tenths of a millisecond, up to one second; the last bucket holds the rest. */
const latencyBuckets = new Uint32Array(10_001);
let acknowledgedCount = 0;
/** Warm-up included. */
let acknowledgedTotal = 0;
let measuring = false;

/** Where every connection is read into; its content is dealt with before the next read. */
const sharedReadBuffer = Buffer.alloc(65_536);

/** One connection with its prepared PUBLISH packet and the send times of what is in flight. */
class Publisher {
  readonly socket: Socket;
  readonly packet: Buffer;
  readonly packetIdOffset: number;
  readonly timeOffset: number;
  readonly valueOffset: number;
  readonly otherOffset: number;
  readonly sentAtMs: Float64Array = new Float64Array(65_536);
  packetId = 0;
  /** Each message has a stamp of its own, a millisecond after the one before, and other values. */
  sentCount = 0;
  inFlight = 0;
  connected = false;
  /** Bytes of a PUBACK split over two reads. */
  partialBytes = 0;
  partial: Buffer = Buffer.alloc(4);

  constructor(index: number, port: number, host: string) {
    const topic = topicOf(index);
    // 80 bytes: two numeric fields and a timestamp.
    const payload = `{"ts":1762000000000,"temperature":21.5000,"vibration_velocity":0.12500000000000}`;
    if (payload.length !== 80) throw new Error(`payload is ${payload.length} bytes`);
    const topicBytes = Buffer.from(topic);
    const remaining = 2 + topicBytes.length + 2 + payload.length;
    const header = remaining < 128 ? [0x32, remaining] : [0x32, (remaining & 127) | 128, remaining >> 7];
    this.packet = Buffer.concat([
      Buffer.from(header),
      Buffer.from([topicBytes.length >> 8, topicBytes.length & 255]),
      topicBytes,
      Buffer.from([0, 0]),
      Buffer.from(payload),
    ]);
    const payloadOffset = this.packet.length - payload.length;
    this.packetIdOffset = payloadOffset - 2;
    this.timeOffset = payloadOffset + payload.indexOf("1762");
    this.valueOffset = payloadOffset + payload.indexOf("21.5") + 3;
    this.otherOffset = payloadOffset + payload.indexOf("0.125") + 2;
    this.socket = connect({
      port,
      host,
      noDelay: true,
      onread: {
        buffer: sharedReadBuffer,
        callback: (length, bytes) => {
          this.onData(bytes, length);
          return true;
        },
      },
    });
    this.socket.write(connectPacket({ clientId: `load-${process.pid}-${index}`, clean: true, login }));
    this.socket.on("error", (error) => fail(`client ${index}: ${error.message}`));
    this.socket.on("close", () => {
      if (!stopping) fail(`client ${index}: closed by the broker`);
    });
  }

  onData(chunk: Uint8Array, length: number): void {
    let data = chunk;
    let end = length;
    if (this.partialBytes > 0) {
      data = Buffer.concat([this.partial.subarray(0, this.partialBytes), chunk.subarray(0, length)]);
      end = data.length;
      this.partialBytes = 0;
    }
    let offset = 0;
    if (!this.connected) {
      if (end < 4) return fail("CONNACK split");
      if (data[0] !== 0x20 || data[3] !== 0)
        return fail(`CONNACK refused: ${Buffer.from(data.subarray(0, end)).toString("hex")}`);
      this.connected = true;
      offset = 4;
      connectedCount += 1;
      if (connectedCount === clientCount) start();
    }
    const now = performance.now();
    let acknowledged = 0;
    for (; offset + 4 <= end; offset += 4) {
      if (data[offset] !== 0x40) return fail(`unexpected packet ${data[offset]}`);
      const id = (data[offset + 2]! << 8) | data[offset + 3]!;
      acknowledged += 1;
      if (measuring) {
        const tenths = Math.min(10_000, Math.floor((now - this.sentAtMs[id]!) * 10));
        latencyBuckets[tenths] = latencyBuckets[tenths]! + 1;
      }
    }
    if (offset < end) {
      this.partial.set(data.subarray(offset, end));
      this.partialBytes = end - offset;
    }
    this.inFlight -= acknowledged;
    acknowledgedTotal += acknowledged;
    if (measuring) acknowledgedCount += acknowledged;
    if (ratePerSecond === undefined && !stopping && acknowledged > 0) this.send(acknowledged, now);
  }

  /** Sends `count` messages in one write. */
  send(count: number, now: number): void {
    const size = this.packet.length;
    const burst = Buffer.allocUnsafe(size * count);
    for (let index = 0; index < count; index += 1) {
      this.packetId = (this.packetId % 65_535) + 1;
      this.sentCount += 1;
      const { packet } = this;
      packet[this.packetIdOffset] = this.packetId >> 8;
      packet[this.packetIdOffset + 1] = this.packetId & 255;
      writeDigits(packet, this.timeOffset, 13, firstStampMs + this.sentCount);
      writeDigits(packet, this.valueOffset, 4, (this.sentCount * 7) % 10_000);
      writeDigits(packet, this.otherOffset, 4, (this.sentCount * 13) % 10_000);
      packet.copy(burst, index * size);
      this.sentAtMs[this.packetId] = now;
    }
    this.inFlight += count;
    this.socket.write(burst);
  }
}

function topicOf(publisher: number): string {
  return `plant/line${publisher % 8}/press-${String(publisher).padStart(4, "0")}/telemetry`;
}

function writeDigits(target: Buffer, offset: number, length: number, value: number): void {
  let rest = value;
  for (let index = offset + length - 1; index >= offset; index -= 1) {
    target[index] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

let connectedCount = 0;
let stopping = false;
/** An hour ago: stamps may run ahead of the clock in a closed loop, and must not run into the future. */
const firstStampMs = Date.now() - 3_600_000;

function fail(message: string): void {
  process.stderr.write(`load generator: ${message}\n`);
  process.exit(1);
}

const address = { port: Number(args.port), host: args.host };
const subscribers: LoadSubscriber[] = [];
for (let index = 0; index < subscriberCount; index += 1) {
  const clientId = `take-${process.pid}-${index}`;
  const topics = Array.from({ length: 10 }, (_none, offset) => topicOf(index * 10 + offset));
  const subscriber = new LoadSubscriber({ address, clientId, topics, login, fail });
  subscribers.push(subscriber);
  // The first one's password is checked at length; logins at once beside it are another benchmark.
  await subscriber.ready;
}

const publishers = Array.from(
  { length: clientCount },
  (_, index) => new Publisher(index, address.port, address.host),
);

function deliveredTotal(): number {
  return subscribers.reduce((sum, { received }) => sum + received, 0);
}

function start(): void {
  const now = performance.now();
  if (ratePerSecond === undefined) for (const publisher of publishers) publisher.send(inFlightMax, now);
  else pace(ratePerSecond, now);
  setTimeout(() => {
    measuring = true;
    const startedAt = performance.now();
    const deliveredBefore = deliveredTotal();
    setTimeout(() => {
      measuring = false;
      stopping = true;
      report(performance.now() - startedAt, deliveredTotal() - deliveredBefore);
      for (const publisher of publishers) publisher.socket.destroy();
      process.exit(0);
    }, measureMs);
  }, warmUpMs);
}

/** Spreads a fixed rate over all publishers in slices of a few milliseconds. */
function pace(rate: number, startedAt: number): void {
  let sent = 0;
  let next = 0;
  const timer = setInterval(() => {
    if (stopping) return clearInterval(timer);
    const now = performance.now();
    const due = Math.floor(((now - startedAt) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const publisher = publishers[next % publishers.length]!;
      next += 1;
      if (publisher.inFlight < inFlightMax) publisher.send(1, now);
    }
  }, 1);
}

function percentileMs(share: number): number {
  const total = latencyBuckets.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let index = 0; index < latencyBuckets.length; index += 1) {
    seen += latencyBuckets[index]!;
    if (seen >= total * share) return index / 10;
  }
  return Number.NaN;
}

function report(elapsedMs: number, delivered: number): void {
  process.stdout.write(
    `${JSON.stringify({
      pubackPerSecond: Math.round((acknowledgedCount / elapsedMs) * 1000),
      deliveredPerSecond: Math.round((delivered / elapsedMs) * 1000),
      latencyMsP50: percentileMs(0.5),
      latencyMsP99: percentileMs(0.99),
      cpuMs: Math.round(process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000),
      elapsedMs: Math.round(elapsedMs),
      acknowledged: acknowledgedTotal,
    })}\n`,
  );
}
