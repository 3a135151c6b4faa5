/** What the tests of MQTT 5 do again and again, with raw clients of the broker's tests. */
import type { Packet } from "mqtt-packet";
import {
  connectPacket,
  openTestBroker,
  publishPacket,
  RawClient,
  type TestBroker,
  until,
} from "../../broker/harness.ts";

type Publish = Extract<Packet, { cmd: "publish" }>;

interface Subscription {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly nl?: boolean;
  readonly rap?: boolean;
  readonly rh?: 0 | 1 | 2;
}

/** An MQTT 5 client that is connected. */
export async function connected(broker: TestBroker, options: object = {}): Promise<RawClient> {
  return RawClient.connected(broker.port, { version: 5, ...options });
}

/** Connects and gives CONNACK, whatever it says. */
export async function connack(
  broker: TestBroker,
  clientId: string,
  options: object = {},
): Promise<{ readonly client: RawClient; readonly answer: Extract<Packet, { cmd: "connack" }> }> {
  const client = new RawClient(broker.port, 5);
  client.send(connectPacket(5, clientId, options));
  const [answer] = await client.take("connack");
  return { client, answer: answer! };
}

/** A SUBSCRIBE with options. */
export function subscribe(
  messageId: number,
  subscriptions: readonly Subscription[],
  properties: object = {},
): Packet {
  const options = { nl: false, rap: false, rh: 0 } as const;
  return {
    cmd: "subscribe",
    messageId,
    subscriptions: subscriptions.map((one) => ({ ...options, ...one })),
    properties,
  };
}

/** Subscribes a client and waits for SUBACK. */
export async function subscribed(
  client: RawClient,
  topic: string,
  options: Partial<Subscription> = {},
  properties: object = {},
): Promise<void> {
  const before = client.packets.filter(({ cmd }) => cmd === "suback").length;
  client.send(subscribe(before + 1, [{ topic, qos: 0, ...options }], properties));
  await client.take("suback", before + 1);
}

/** A PUBLISH of version 5. */
export function publish(
  topic: string,
  payload: string,
  options: Omit<Parameters<typeof publishPacket>[2] & object, "version"> = {},
): Buffer {
  return publishPacket(topic, payload, { version: 5, ...options });
}

/** What a client has been sent so far. */
export function messages(client: RawClient): readonly Publish[] {
  return client.packets.filter((one): one is Publish => one.cmd === "publish");
}

/** Payloads of what a client has been sent so far. */
export function payloads(client: RawClient): readonly string[] {
  return messages(client).map(({ payload }) => String(payload));
}

/** Leaves with DISCONNECT, and waits for the end. */
export async function leave(client: RawClient, fields: object = {}): Promise<void> {
  client.send({ cmd: "disconnect", ...fields });
  await client.gone();
}

/** Cuts a connection, and waits until the broker has noticed. */
export async function cut(broker: TestBroker, client: RawClient): Promise<void> {
  const before = broker.broker.connections;
  client.socket.destroy();
  await until(() => broker.broker.connections < before, "the broker notices");
}

/** Sends bytes on an open connection. @returns The reason code of DISCONNECT; -1 without one, nothing where it goes on. */
export async function reasonFor(bytes: Uint8Array, options: object = {}): Promise<number | undefined> {
  await using broker = await openTestBroker();
  using client = await connected(broker, options);
  client.send(bytes);
  client.send({ cmd: "pingreq" });
  await until(
    () => client.closed || client.packets.some(({ cmd }) => cmd === "pingresp"),
    "an end or an answer",
  );
  if (!client.closed) return undefined;
  const farewell = client.packets.find((one) => one.cmd === "disconnect");
  return farewell?.cmd === "disconnect" ? farewell.reasonCode : -1;
}
