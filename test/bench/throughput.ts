/** PUBACKs per second beside a bare mosquitto, in alternating rounds of one run. */
import { median, record } from "./history.ts";
import { runLoad, tenRules } from "./load.ts";
import { type Peer, startBareMosquitto, startHoldfast } from "./peers.ts";

interface Shape {
  readonly name: string;
  readonly clients: number;
  readonly inFlight: number;
  readonly target: string;
}

const shapes: readonly Shape[] = [
  { name: "50x20", clients: 50, inFlight: 20, target: ">= 1.0, goal 1.2" },
  { name: "1000x1", clients: 1000, inFlight: 1, target: ">= 0.8, goal 1.0" },
];

async function round(shape: Shape, start: () => Promise<Peer>, seconds: number): Promise<number> {
  const peer = await start();
  try {
    return (await runLoad({ port: peer.port, ...shape, seconds })).pubackPerSecond;
  } finally {
    await peer.stop();
  }
}

/** Measures both shapes. Each round starts both brokers afresh, one after the other. */
export async function measureThroughput(options: {
  readonly program: string;
  readonly rounds: number;
  readonly seconds: number;
}): Promise<void> {
  const { program, rounds, seconds } = options;
  for (const shape of shapes) {
    const mosquitto: number[] = [];
    const holdfast: number[] = [];
    for (let index = 0; index < rounds; index += 1) {
      mosquitto.push(await round(shape, startBareMosquitto, seconds));
      holdfast.push(await round(shape, () => startHoldfast({ program, rules: tenRules }), seconds));
    }
    await record({
      metric: `puback-ratio-${shape.name}`,
      value: median(holdfast.map((value, index) => value / (mosquitto[index] ?? Number.NaN))),
      target: shape.target,
      detail: { qos: 1, payloadBytes: 80, rules: 10, durability: "sync", holdfast, mosquitto },
    });
  }
}
