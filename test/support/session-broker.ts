/** A broker whose sessions are on a real store, with a clock and a disk that obey the test. */
import { onTestFinished } from "vitest";
import { type Broker, type BrokerOptions, openBroker, type SessionStorage } from "../../src/broker/broker.ts";
import { quietLogger } from "./quiet-logger.ts";
import { SessionClient, type SessionClientOptions } from "./session-client.ts";
import { ManualClock, openTestEngine, type TestEngine } from "./test-engine.ts";

export class SessionBroker {
  readonly clock: ManualClock = new ManualClock();
  readonly directory: string;
  readonly #options: Partial<BrokerOptions>;
  #engine: TestEngine | undefined;
  #broker: Broker | undefined;

  constructor(directory: string, options: Partial<BrokerOptions>) {
    this.directory = directory;
    this.#options = options;
  }

  get store(): TestEngine["store"] {
    return this.#open.engine.store;
  }

  get broker(): Broker {
    return this.#open.broker;
  }

  get port(): number {
    return this.broker.listeners[0]?.port ?? 0;
  }

  get #open(): { readonly engine: TestEngine; readonly broker: Broker } {
    if (this.#engine === undefined || this.#broker === undefined) throw new Error("it is not open");
    return { engine: this.#engine, broker: this.#broker };
  }

  /** Keys that are stored for sessions, in hexadecimal. */
  async keys(): Promise<readonly string[]> {
    const entries = await Array.fromAsync(this.store.sessions());
    return entries.map(({ key }) => Buffer.from(key).toString("hex"));
  }

  /** How often anything of a session was written so far. */
  get changeCount(): number {
    return this.store.committed.reduce((sum, { changes = [] }) => sum + changes.length, 0);
  }

  metric(name: string): number {
    const family = this.broker.metrics.find((one) => one.name === `holdfast_broker_${name}`);
    if (family === undefined) throw new Error(`no metric ${name}`);
    return family.read().reduce((sum, { value }) => sum + value, 0);
  }

  client(clientId: string, options: Partial<SessionClientOptions> = {}): SessionClient {
    const client = new SessionClient({ port: this.port, clientId, ...options });
    onTestFinished(() => client[Symbol.dispose]());
    return client;
  }

  async open(): Promise<void> {
    const { clock } = this;
    let lastAlive: SessionStorage["lastAlive"] = { runningMs: 0, wallMs: 0, synced: false };
    const settings = { rules: [], rollups: [], devices: [] };
    const engine = await openTestEngine(this.directory, settings, `boot-${Math.random()}`, {
      clock,
      accept: (state) => {
        lastAlive = { runningMs: state.runningMsAt(0), wallMs: state.lastAt, synced: state.lastSynced };
      },
      onRebuilt: async () => this.#broker?.restoreSessions(),
      onRefused: () => this.#broker?.suspendSessions(),
    });
    this.#engine = engine;
    this.#broker = await openBroker({
      listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 0 }],
      sink: engine.intake,
      logger: quietLogger,
      clock,
      ownTopicPrefix: "holdfast/",
      sessions: {
        journal: engine.engine.journal,
        entries: () => engine.store.sessions(),
        runningMs: () => engine.engine.state.runningMsAt(clock.monotonicMs()),
        lastAlive,
      },
      ...this.#options,
      timings: { sweepMs: 10, willGraceMs: 0, ...this.#options.timings },
    });
  }

  /** As the gateway closes: first the engine, so that nothing of the farewells is written. */
  async close(): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    await broker?.stopAccepting();
    await this.#engine?.engine.close();
    await broker?.close();
    await this.#engine?.store.real.close();
    this.#engine = undefined;
  }

  /** @param offForMs - How long it is off, by the wall clock. */
  async restart(offForMs = 0): Promise<void> {
    await this.close();
    this.clock.wallMs += offForMs;
    await this.open();
  }
}

/** Opens one that is closed after the test. */
export async function openSessionBroker(
  directory: string,
  options: Partial<BrokerOptions> = {},
): Promise<SessionBroker> {
  const broker = new SessionBroker(directory, options);
  await broker.open();
  onTestFinished(() => broker.close());
  return broker;
}
