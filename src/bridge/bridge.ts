/**
 * The bridge: subscribes to a broker elsewhere and hands what comes to the same intake as the gateway's own broker.
 *
 * When to connect is decided in `core/sync` (`link.ts`, `backoff.ts`). What comes is not published on the local
 * broker, so two gateways that are bridged to each other do not send a message round in circles.
 */
import type { MetricFamily } from "../core/ports.ts";
import type { BridgeFilterStatus, BridgeStatus } from "../core/read-model.ts";
import { type LinkEvent, type LinkState, linkDown, linkWakeAt, stepLink } from "../core/sync/link.ts";
import { type Bridge, type BridgeOptions, type BridgeTiming, bridgeTiming } from "./bridge-contract.ts";
import { FarConnection } from "./connection.ts";
import type { ProtocolVersion } from "./control-packets.ts";
import { BridgeCounts, bridgeMetrics, type SkipCause } from "./counts.ts";
import { type BridgeFailure, lost } from "./failure.ts";
import { isTopic } from "./inbound.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Opens a bridge; it connects and takes messages until it is closed, and never throws later. */
export function openBridge(options: BridgeOptions): Bridge {
  const bridge = new FarBridge(options);
  bridge.open();
  return bridge;
}

/** The words users know for the states of a link. */
const stateWords: Readonly<Record<LinkState["kind"], string>> = {
  down: "stopped",
  waiting: "waiting",
  connecting: "connecting",
  up: "connected",
  closed: "stopped",
};

class FarBridge implements Bridge {
  readonly clientId: string;
  readonly metrics: readonly MetricFamily[];
  readonly #options: BridgeOptions;
  readonly #timing: BridgeTiming;
  readonly #counts = new BridgeCounts();
  readonly #subscriptions: Subscriptions;
  #link: LinkState = linkDown;
  #connection: FarConnection | undefined;
  #version: ProtocolVersion;
  /** The version has worked, or is demanded. */
  #versionIsSure: boolean;
  #hasSubscribed = false;
  #lastFailure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#timing = { ...bridgeTiming, ...options.timing };
    this.clientId = `bridge:${options.name}`;
    this.#subscriptions = new Subscriptions(options.topics);
    this.#version = options.protocol === "3.1.1" ? 4 : 5;
    this.#versionIsSure = options.protocol !== "auto";
    this.metrics = bridgeMetrics(options.name, this.#counts, () => this.status());
  }

  open(): void {
    this.#take({ kind: "opened" });
  }

  status(): BridgeStatus {
    const { name, address } = this.#options;
    const connected = this.#link.kind === "up";
    const subscriptions = this.#subscriptions.status();
    return {
      name,
      url: address.url,
      connected,
      state: stateWords[this.#link.kind],
      detail: connected ? refusalsOf(subscriptions) : (this.#lastFailure ?? ""),
      clientId: this.clientId,
      protocol: !connected ? null : this.#version === 4 ? "3.1.1" : "5",
      received: this.#counts.received,
      inFlight: this.#connection?.inFlight ?? 0,
      subscriptions,
    };
  }

  publish(topic: string, payload: Uint8Array): boolean {
    return isTopic(topic) && this.#connection?.publish(topic, payload) === true;
  }

  stopReading(): void {
    this.#stopping = true;
    this.#connection?.stopReading();
    if (this.#link.kind !== "up") this.#take({ kind: "closed" });
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    const closed = connection?.close();
    this.#take({ kind: "closed" });
    await closed;
  }

  /** Steps the link, and does what it says. */
  #take(event: LinkEvent): void {
    const { clock, random } = this.#options;
    const { state, effects } = stepLink(this.#link, event, {
      now: clock.monotonicMs(),
      random: random(),
      policy: this.#timing.backoff,
      connectMs: this.#timing.connectMs,
    });
    this.#link = state;
    for (const effect of effects) {
      if (effect === "connect") this.#connect();
      else this.#disconnect();
    }
    this.#arm();
  }

  #connect(): void {
    this.#counts.attempts += 1;
    const { address, clientId, username, password, tls, prefix, sink, ownListeners, clock } = this.#options;
    const current = (): boolean => this.#connection === connection;
    const connection = new FarConnection(
      {
        address,
        credentials: {
          clientId,
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
        },
        tls,
        version: this.#version,
        keepaliveSeconds: this.#timing.keepaliveSeconds,
        hasSubscribed: this.#hasSubscribed,
        ownListeners,
        clock,
        clientId: this.clientId,
        prefix,
        sink,
        subscriptions: this.#subscriptions,
        counts: this.#counts,
        onSkipped: (cause, topic) => this.#skipped(cause, topic),
      },
      {
        connected: (sessionPresent) => {
          if (current()) this.#connected(sessionPresent);
        },
        subscribed: (refusals) => {
          if (current()) this.#subscribed(refusals);
        },
        productive: () => {
          if (current()) this.#take({ kind: "acknowledged" });
        },
        lost: (failure) => {
          if (current()) this.#lost(failure);
        },
      },
    );
    this.#connection = connection;
    connection.open();
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    // It never rejects, and nothing waits for a socket that is being left.
    void connection?.close();
  }

  #connected(sessionPresent: boolean): void {
    const { logger, name, address } = this.#options;
    this.#versionIsSure = true;
    this.#counts.connections += 1;
    this.#lastFailure = undefined;
    const protocol = this.#version === 4 ? "3.1.1" : "5";
    const fields = { bridge: name, url: address.url, protocol, sessionPresent };
    logger.info({ event: "bridge-connected", ...fields }, "Bridge connected.");
    if (this.#hasSubscribed && !sessionPresent) {
      const message = "The far broker has not kept the session: what came meanwhile is not delivered.";
      logger.warn({ event: "bridge-session-lost", ...fields }, message);
    }
    this.#take({ kind: "connected" });
  }

  #subscribed(refusals: readonly BridgeFilterStatus[]): void {
    const { logger, name } = this.#options;
    this.#hasSubscribed = true;
    for (const { filter, qos, detail } of refusals) {
      const fields = { event: "bridge-filter-refused", bridge: name, filter, qos, reason: detail };
      logger.warn(fields, "The far broker refuses a subscription.");
    }
  }

  #lost(failure: BridgeFailure): void {
    this.#connection = undefined;
    if (failure.versionDoubtful && !this.#versionIsSure) this.#version = this.#version === 5 ? 4 : 5;
    this.#note(failure);
    this.#take(this.#stopping ? { kind: "closed" } : { kind: "lost", crowded: failure.crowded });
  }

  /** Keeps a failure for the status, and logs it unless it only repeats the one before. */
  #note({ error }: BridgeFailure): void {
    const { logger, name, address } = this.#options;
    const { code, kind, message, hint } = error;
    const repeated = this.#link.kind !== "up" && this.#lastFailure === sentenceOf(message, hint);
    this.#lastFailure = sentenceOf(message, hint);
    const fields = { event: "bridge-lost", bridge: name, url: address.url, code, kind, error: message, hint };
    if (repeated) logger.debug(fields, "Bridge still without its far broker.");
    else logger.warn(fields, "Bridge link lost.");
  }

  #skipped(cause: SkipCause, topic: string): void {
    const { logger, name } = this.#options;
    const message =
      cause === "unwanted"
        ? "The far broker sends what no filter asks for: an earlier subscription is still in the session."
        : "The far broker sends a topic that the gateway does not take.";
    // Said once; the counter tells how often.
    logger.warn({ event: "bridge-skipped", bridge: name, cause, topic: topic.slice(0, 256) }, message);
  }

  /** Sets the one timer to when the link wants to be woken. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = linkWakeAt(this.#link);
    if (due === undefined) return;
    const waitMs = Math.max(0, Math.ceil(due - this.#options.clock.monotonicMs()));
    this.#timer = setTimeout(() => this.#wake(), waitMs);
  }

  #wake(): void {
    const due = linkWakeAt(this.#link);
    if (this.#link.kind === "connecting" && due !== undefined && due <= this.#options.clock.monotonicMs()) {
      this.#note(lost(`no answer within ${this.#timing.connectMs} ms`));
    }
    this.#take({ kind: "woken" });
  }
}

function sentenceOf(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** What the far broker refuses, as a sentence. */
function refusalsOf(subscriptions: readonly BridgeFilterStatus[]): string {
  return subscriptions
    .filter(({ refused }) => refused)
    .map(({ filter, detail }) => `the far broker refuses "${filter}": ${detail}`)
    .join("; ");
}
