/**
 * What access control, sessions that outlast their connections and one subscriber for ten publishers leave of the
 * rate without them, and what reaches subscribers beside a bare mosquitto; in alternating rounds of one run.
 */
import { median, record } from "./history.ts";
import { type LoadResult, runLoad, tenRules } from "./load.ts";
import type { Login } from "./load-subscriber.ts";
import { type Peer, startBareMosquitto, startHoldfast } from "./peers.ts";

const login: Login = { username: "plant", password: "a password of the benchmark" };

const shapes = [
  { name: "50x20", clients: 50, inFlight: 20 },
  { name: "1000x1", clients: 1000, inFlight: 1 },
] as const;

async function measured(peer: Peer, load: Omit<Parameters<typeof runLoad>[0], "port">): Promise<LoadResult> {
  try {
    return await runLoad({ port: peer.port, ...load });
  } finally {
    await peer.stop();
  }
}

/** Each round starts every broker afresh, one after the other. */
export async function measureDelivery(options: {
  readonly program: string;
  readonly rounds: number;
  readonly seconds: number;
}): Promise<void> {
  const { program, rounds, seconds } = options;
  for (const { name, clients, inFlight } of shapes) {
    const load = { clients, inFlight, seconds };
    const subscribers = clients / 10;
    const plain: LoadResult[] = [];
    const full: LoadResult[] = [];
    const mosquitto: LoadResult[] = [];
    for (let index = 0; index < rounds; index += 1) {
      mosquitto.push(await measured(await startBareMosquitto(), { ...load, subscribers }));
      plain.push(await measured(await startHoldfast({ program, rules: tenRules }), load));
      const guarded = await startHoldfast({ program, rules: tenRules, login });
      full.push(await measured(guarded, { ...load, subscribers, login }));
    }
    const detail = { qos: 1, payloadBytes: 80, rules: 10, durability: "sync", subscribers };
    const [before, after] = [plain, full].map((results) => results.map((one) => one.pubackPerSecond));
    await record({
      metric: `puback-share-guarded-${name}`,
      value: median(after!.map((rate, index) => rate / before![index]!)),
      target: ">= 0.85",
      detail: { ...detail, plain: before, guarded: after },
    });
    const [theirs, ours] = [mosquitto, full].map((results) => results.map((one) => one.deliveredPerSecond));
    await record({
      metric: `delivery-ratio-${name}`,
      value: median(ours!.map((rate, index) => rate / theirs![index]!)),
      target: ">= 0.5, goal 1.0",
      detail: { ...detail, holdfast: ours, mosquitto: theirs },
    });
  }
}
