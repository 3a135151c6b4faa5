/**
 * A Sparkplug edge node with one device, over a real MQTT client: it knows what a host is to find of it.
 *
 * It publishes with QoS 1, which the specification does not, so that a test knows what was stored.
 */
import mqtt, { type MqttClient } from "mqtt";
import { decodeSparkplug, type EncodableMetric, encodeSparkplug } from "./sparkplug-encoder.ts";

/** `[time, value]`. */
export type ExpectedSample = readonly [at: number, value: number | boolean];

const group = "plant";
const deviceName = "pump";

export class SparkplugNode {
  readonly name: string;
  /** By `device metric`, in order of time. */
  readonly expected: Map<string, ExpectedSample[]> = new Map();
  /** Births that it was asked for. */
  rebirths = 0;
  /** Whether it sends its birth certificates when it is asked to. */
  answers = true;
  #client: MqttClient | undefined;
  #bdSeq = -1;
  #seq = -1;
  /** Added to every alias: another session numbers otherwise. */
  #firstAlias = 10;
  #lastAt = Date.now() - 20 * 60_000;
  #value = 0;
  #answering: Promise<void> = Promise.resolve();

  constructor(name: string) {
    this.name = name;
  }

  /** Its names as devices of a gateway. */
  get devices(): readonly [node: string, device: string] {
    return [`${group}/${this.name}`, `${group}/${this.name}/${deviceName}`];
  }

  /** Opens a connection; a new session of Sparkplug unless the last one goes on, as it does behind a bridge. */
  async connect(url: string, session: "new" | "same" = "new"): Promise<void> {
    if (session === "new") {
      this.#bdSeq += 1;
      this.#firstAlias += 1;
    }
    const client = await mqtt.connectAsync(url, {
      clientId: `node-${this.name}`,
      reconnectPeriod: 0,
      will: { topic: this.#topic("NDEATH"), payload: this.#death(), qos: 1, retain: false },
    });
    this.#client = client;
    // What becomes of the connection is what the test is about.
    client.on("error", () => undefined);
    client.on("message", (_, payload) => {
      const metric = decodeSparkplug(payload).metrics?.[0];
      if (metric?.["name"] !== "Node Control/Rebirth" || metric["boolean_value"] !== true) return;
      this.rebirths += 1;
      if (this.answers) this.#answering = this.birth();
    });
    await client.subscribeAsync(this.#topic("NCMD"), { qos: 1 });
  }

  /** Sends the birth certificates of itself and its device. */
  async birth(): Promise<void> {
    const at = this.#tick();
    this.#seq = -1;
    const own = { name: "Oil/Level", alias: this.#firstAlias, datatype: 7, int_value: this.#next() };
    const bdSeq = { name: "bdSeq", datatype: 8, long_value: this.#bdSeq };
    const control = { name: "Node Control/Rebirth", datatype: 11, boolean_value: false };
    const [node, device] = this.devices;
    const births = [this.#publish("NBIRTH", at, [bdSeq, control, { ...own, timestamp: at }])];
    this.#expect(node, "online", at, true);
    this.#expect(node, "Oil/Level", at, own.int_value);
    const flow = { name: "Flow", alias: this.#firstAlias + 1, datatype: 10, double_value: this.#next() };
    const count = { name: "Count", alias: this.#firstAlias + 2, datatype: 3, int_value: this.#next() };
    // Other sessions name their metrics in another order, so that an alias means another one.
    const metrics =
      this.#bdSeq % 2 === 0
        ? [flow, count]
        : [
            { ...count, alias: flow.alias },
            { ...flow, alias: count.alias },
          ];
    const deviceAt = this.#tick();
    births.push(this.#publish("DBIRTH", deviceAt, metrics));
    this.#expect(device, "online", deviceAt, true);
    this.#expect(device, "Flow", deviceAt, flow.double_value);
    this.#expect(device, "Count", deviceAt, count.int_value);
    await Promise.all(births);
  }

  /** Sends a new value of every metric, by aliases and without datatypes. */
  async data(): Promise<void> {
    const [node, device] = this.devices;
    const at = this.#tick();
    const level = this.#next();
    const own = this.#publish("NDATA", at, [{ alias: this.#firstAlias, int_value: level }]);
    this.#expect(node, "Oil/Level", at, level);
    const [flow, count] = [this.#next(), this.#next()];
    const [flowAlias, countAlias] = this.#deviceAliases;
    const of = this.#publish("DDATA", at + 1, [
      { alias: flowAlias, double_value: flow, timestamp: at },
      { alias: countAlias, int_value: count },
    ]);
    this.#expect(device, "Flow", at, flow);
    this.#expect(device, "Count", at + 1, count);
    await Promise.all([own, of]);
  }

  /** Sends what it kept for a while, marked as such. */
  async history(count: number): Promise<void> {
    const device = this.devices[1];
    const firstAt = this.#lastAt - 10 * 60_000;
    const metrics = Array.from({ length: count }, (_, index) => {
      const [at, value] = [firstAt + index, this.#next()];
      this.#expect(device, "Flow", at, value);
      return { alias: this.#deviceAliases[0], double_value: value, timestamp: at, is_historical: true };
    });
    await this.#publish("DDATA", this.#tick(), metrics);
  }

  /** Resolves when the births that it was asked for are stored. */
  async settled(): Promise<void> {
    await this.#answering;
  }

  /** Loses its connection: the broker publishes its will. */
  lose(): void {
    this.#client?.stream.destroy();
    this.#client?.end(true);
    this.#client = undefined;
  }

  get #deviceAliases(): readonly [flow: number, count: number] {
    const first = this.#firstAlias + 1;
    return this.#bdSeq % 2 === 0 ? [first, first + 1] : [first + 1, first];
  }

  async #publish(verb: string, timestamp: number, metrics: readonly EncodableMetric[]): Promise<void> {
    this.#seq = (this.#seq + 1) & 0xff;
    const payload = encodeSparkplug({ timestamp, seq: this.#seq, metrics });
    await this.#client?.publishAsync(this.#topic(verb), payload, { qos: 1 });
  }

  #death(): Buffer {
    return encodeSparkplug({
      timestamp: 1,
      metrics: [{ name: "bdSeq", datatype: 8, long_value: this.#bdSeq }],
    });
  }

  #topic(verb: string): string {
    const topic = `spBv1.0/${group}/${verb}/${this.name}`;
    return verb.startsWith("D") ? `${topic}/${deviceName}` : topic;
  }

  #tick(): number {
    this.#lastAt += 10;
    return this.#lastAt;
  }

  #next(): number {
    this.#value += 1;
    return this.#value;
  }

  #expect(device: string, metric: string, at: number, value: number | boolean): void {
    const key = `${device} ${metric}`;
    const samples = this.expected.get(key) ?? [];
    this.expected.set(key, samples);
    samples.push([at, value]);
    samples.sort(([one], [other]) => one - other);
  }
}
