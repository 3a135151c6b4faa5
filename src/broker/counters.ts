/** What the broker counts, and how `/metrics` reads it. */
import { loginRefusals, type LoginRefusal } from "../core/access/principal.ts";
import type { MetricFamily } from "../core/ports.ts";

/** Why a connection ended. Closed: metrics are labelled with these names. */
const closeCauses = [
  "client",
  "engine",
  "protocol",
  "too-large",
  "connect-refused",
  "authentication-deadline",
  "keep-alive",
  "connections-max",
  "handshakes-max",
  "open-qos2-max",
  "storage",
  "slow-subscriber",
  "incomplete-packet",
  "held-bytes",
  "memory",
  "access",
  "shutdown",
  "internal",
] as const;
export type CloseCause = (typeof closeCauses)[number];

/** Why no connection began; nothing but its address had been looked at. Closed. */
const connectionRefusals = ["address-rate", "rate", "connections-max", "memory"] as const;
export type ConnectionRefusal = (typeof connectionRefusals)[number];

/** Why a message did not reach a subscriber although it matched. Closed. */
const deliveryDropCauses = [
  "slow-subscriber",
  "fan-out-full",
  "packet-too-large",
  "session-queue-full",
  "retained-full",
  "retained-quota",
  "not-granted",
  "expired",
  "memory",
] as const;
export type DeliveryDropCause = (typeof deliveryDropCauses)[number];

function zeroes<K extends string>(names: readonly K[]): Record<K, number> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys are exactly the names
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

/** Counters since the start; whoever does a thing counts it here. */
export class Counters {
  /** Begun; each of them is open, or was closed for one cause. */
  connections = 0;
  readonly refused: Record<ConnectionRefusal, number> = zeroes(connectionRefusals);
  readonly closed: Record<CloseCause, number> = zeroes(closeCauses);
  /** PUBLISH packets handed on: by the lane, by the engine, and wills. */
  readonly received: Record<"lane" | "engine" | "will", number> = zeroes(["lane", "engine", "will"]);
  /** PUBLISH packets to topics that clients may not publish to. */
  publishDenied = 0;
  subscribeDenied = 0;
  readonly deliveryDropped: Record<DeliveryDropCause, number> = zeroes(deliveryDropCauses);
  sessionsEvicted = 0;
  logins = 0;
  readonly loginsRefused: Record<LoginRefusal, number> = zeroes(loginRefusals);
  /** Times that a client was not read because it sent faster than its role allows. */
  throttled = 0;
  /** Times that a client was not read because memory was short. */
  heldBack = 0;
}

/** Gauges that are read from where they live. */
export interface Gauges {
  readonly connections: () => number;
  readonly inFlightBytes: () => number;
  readonly heldBytes: () => number;
  readonly retainedMessages: () => number;
  readonly retainedBytes: () => number;
  readonly sessions: () => number;
  readonly sessionQueueBytes: () => number;
}

type Reading = ReturnType<MetricFamily["read"]>;

function labelled(label: string, values: Readonly<Record<string, number>>): Reading {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function counter(name: string, help: string, read: () => Reading): MetricFamily {
  return { name: `holdfast_broker_${name}_total`, help, type: "counter", read };
}

function gauge(name: string, help: string, read: () => number): MetricFamily {
  return {
    name: `holdfast_broker_${name}`,
    help,
    type: "gauge",
    read: () => [{ labels: {}, value: read() }],
  };
}

/** The metric families of the broker. */
export function metricFamilies(counters: Counters, gauges: Gauges): readonly MetricFamily[] {
  return [
    gauge("connections", "Open client connections.", gauges.connections),
    gauge("in_flight_bytes", "Bytes of received messages that are not committed yet.", gauges.inFlightBytes),
    gauge("held_bytes", "Bytes of incomplete or waiting packets at the last look.", gauges.heldBytes),
    gauge("retained_messages", "Retained messages.", gauges.retainedMessages),
    gauge("retained_bytes", "Payload bytes of retained messages.", gauges.retainedBytes),
    gauge("sessions", "Sessions with state beyond their connection.", gauges.sessions),
    gauge("session_queue_bytes", "Bytes in offline queues.", gauges.sessionQueueBytes),
    counter("connections", "Connections accepted.", () => [{ labels: {}, value: counters.connections }]),
    counter("connections_closed", "Connections ended, by cause.", () => labelled("cause", counters.closed)),
    counter("connections_refused", "Connections not begun, by cause.", () =>
      labelled("cause", counters.refused),
    ),
    counter("messages_received", "Messages received, by path.", () => labelled("path", counters.received)),
    counter("publish_denied", "Messages to topics clients may not publish to.", () => [
      { labels: {}, value: counters.publishDenied },
    ]),
    counter("subscribe_denied", "Topic filters refused.", () => [
      { labels: {}, value: counters.subscribeDenied },
    ]),
    counter("deliveries_dropped", "Messages that did not reach a subscriber, by cause.", () =>
      labelled("cause", counters.deliveryDropped),
    ),
    counter("logins", "Clients let in.", () => [{ labels: {}, value: counters.logins }]),
    counter("logins_refused", "Clients not let in, by cause.", () =>
      labelled("cause", counters.loginsRefused),
    ),
    counter("throttled", "Times that a client was slowed down to the rate of its role.", () => [
      { labels: {}, value: counters.throttled },
    ]),
    counter("held_back", "Times that a client was not read because memory was short.", () => [
      { labels: {}, value: counters.heldBack },
    ]),
    counter("sessions_evicted", "Sessions ended to make room.", () => [
      { labels: {}, value: counters.sessionsEvicted },
    ]),
  ];
}
