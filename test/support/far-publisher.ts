/** Publishes to a broker, mostly to one elsewhere, what a bridge is to take from it. */
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

/** A client that publishes numbered readings. */
export class FarPublisher implements AsyncDisposable {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async open(url: string, options: IClientOptions = {}): Promise<FarPublisher> {
    return new FarPublisher(await connectAsync(url, { reconnectPeriod: 100, ...options }));
  }

  /** Publishes and waits until the broker has taken it. */
  async publish(
    topic: string,
    payload: string | Buffer,
    { qos = 1, retain = false }: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
  ): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos, retain });
  }

  /** Publishes `{"n":from}` to `{"n":from + count - 1}`, and waits until the broker has taken all of them. */
  async readings(topic: string, from: number, count: number, qos: 1 | 2 = 1): Promise<void> {
    const published: Promise<unknown>[] = [];
    for (let number = from; number < from + count; number += 1) {
      published.push(this.publish(topic, `{"n":${number}}`, { qos }));
    }
    await Promise.all(published);
  }

  /** Subscribes. @returns The topics of what comes, filled while it comes. */
  async subscribed(filter: string): Promise<readonly string[]> {
    const topics: string[] = [];
    this.#client.on("message", (topic) => topics.push(topic));
    await this.#client.subscribeAsync(filter);
    return topics;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
