/** Clients as people have them, mosquitto's programs and mqtt.js, driven alike: what one does, the other is asked to do. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { until } from "./until.ts";

/** How a client reaches the broker. */
export interface Reach {
  readonly protocol: "mqtt" | "mqtts" | "ws" | "wss";
  readonly host: string;
  readonly port: number;
  /** Files in PEM; a client certificate where one is shown. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Arrived {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

export interface SubscribeOptions {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly clientId: string;
  /** The session outlasts the connection. */
  readonly persistent?: boolean;
  /** What the broker publishes when the client goes without a word. */
  readonly will?: { readonly topic: string; readonly payload: string };
}

export interface Subscriber {
  readonly arrived: readonly Arrived[];
  /** Takes its leave. */
  leave(): Promise<void>;
  /** Goes without a word. */
  kill(): Promise<void>;
}

export interface RealClient {
  /** Resolves when the subscription is granted. @throws Error when the client is not let in. */
  subscribe(options: SubscribeOptions): Promise<Subscriber>;
  /** Resolves when the message is acknowledged. @throws Error when it was not. */
  publish(message: {
    readonly topic: string;
    readonly payload: string;
    readonly qos: 0 | 1 | 2;
    readonly retain?: boolean;
  }): Promise<void>;
}

/** A session that a test leaves behind ends by itself after so long. */
const sessionSeconds = 600;

/** Ends what is still running with the test process. */
const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

function start(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  return child;
}

/** mosquitto_pub and mosquitto_sub. @param version - 31, 311 or 5. */
export function mosquittoClient(reach: Reach, version: 31 | 311 | 5): RealClient {
  const { host, port, ca, cert, key } = reach;
  const files = Object.entries({ "--cafile": ca, "--cert": cert, "--key": key });
  const common = [
    "-h",
    host,
    "-p",
    String(port),
    "-V",
    `mqttv${version}`,
    ...files.flatMap(([name, file]) => (file === undefined ? [] : [name, file])),
  ];
  return {
    async publish({ topic, payload, qos, retain = false }) {
      const words = [...common, "-t", topic, "-m", payload, "-q", String(qos), ...(retain ? ["-r"] : [])];
      const child = start("mosquitto_pub", words);
      let said = "";
      child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
      const [code] = (await once(child, "exit")) as [number | null];
      if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}: ${said}`);
    },
    subscribe: (options) => mosquittoSubscriber(common, version, options),
  };
}

async function mosquittoSubscriber(
  common: readonly string[],
  version: 31 | 311 | 5,
  { topic, qos, clientId, persistent = false, will }: SubscribeOptions,
): Promise<Subscriber> {
  const session = version === 5 ? ["-c", "-x", String(sessionSeconds)] : ["-c"];
  const words = [
    "-oL",
    "mosquitto_sub",
    ...common,
    "-d",
    "-F",
    "%j",
    "-t",
    topic,
    "-q",
    String(qos),
    "-i",
    clientId,
    ...(persistent ? session : []),
    ...(will === undefined ? [] : ["--will-topic", will.topic, "--will-payload", will.payload]),
  ];
  // Line by line: written to a pipe, what it says of its subscription would wait for more.
  const child = start("stdbuf", words);
  const arrived: Arrived[] = [];
  let said = "";
  let isSubscribed = false;
  let publishCount = 0;
  child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (line.startsWith("Subscribed")) isSubscribed = true;
    if (line.includes(" received PUBLISH ")) publishCount += 1;
    // A signal that interrupts its writing has it say the last line twice.
    if (!line.startsWith("{") || arrived.length === publishCount) return;
    const shown = JSON.parse(line) as Omit<Arrived, "retain"> & { readonly retain: 0 | 1 };
    const { topic: name, payload, qos: quality, retain } = shown;
    arrived.push({ topic: name, payload, qos: quality, retain: retain === 1 });
  });
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await until("mosquitto_sub is subscribed", () => isSubscribed || isGone());
  if (!isSubscribed) throw new Error(`mosquitto_sub ended with ${child.exitCode}: ${said}`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (isGone()) return;
    child.kill(signal);
    await once(child, "exit");
  };
  return { arrived, leave: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** mqtt.js. @param version - 4 (3.1.1) or 5. */
export function mqttJsClient(reach: Reach, version: 4 | 5): RealClient {
  const { protocol, host, port, ca, cert, key } = reach;
  const options: IClientOptions = {
    protocolVersion: version,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined || key === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key) }),
  };
  const connect = (more: IClientOptions): Promise<MqttClient> =>
    mqtt.connectAsync(`${protocol}://${host}:${port}`, { ...options, ...more }, false);
  return {
    async publish({ topic, payload, qos, retain = false }) {
      const client = await connect({});
      await client.publishAsync(topic, payload, { qos, retain });
      await client.endAsync();
    },
    async subscribe({ topic, qos, clientId, persistent = false, will }) {
      const session =
        version === 5 && persistent ? { properties: { sessionExpiryInterval: sessionSeconds } } : {};
      const last = will === undefined ? {} : { will: { ...will, qos: 0 as const, retain: false } };
      const arrived: Arrived[] = [];
      const client = mqtt.connect(`${protocol}://${host}:${port}`, {
        ...options,
        clientId,
        clean: !persistent,
        ...session,
        ...last,
      });
      // Before the connection: stored messages come directly behind CONNACK.
      client.on("message", (name, payload, packet) => {
        arrived.push({ topic: name, payload: payload.toString(), qos: packet.qos, retain: packet.retain });
      });
      await new Promise<void>((resolve, reject) => {
        client.once("connect", () => resolve());
        client.once("error", reject);
        client.once("close", () => reject(new Error("closed by the broker")));
      });
      client.on("error", () => undefined);
      await client.subscribeAsync(topic, { qos });
      return {
        arrived,
        leave: () => client.endAsync(),
        async kill() {
          client.stream.destroy();
          await client.endAsync(true);
        },
      };
    },
  };
}
