import { createRequire } from "node:module";
import looseAssert from "node:assert";
import { Readable } from "node:stream";
import { describe, test } from "vitest";
import { Counters } from "../../src/broker/counters.ts";
import type { EnginePacket } from "../../src/broker/engine.ts";
import { Sessions } from "../../src/broker/sessions.ts";
import type {
  SessionOwner,
  StoredSubscription,
  SubscriptionMatch,
} from "../../src/broker/sessions-contract.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { openTestEngine, type TestEngine } from "../support/test-engine.ts";

/** The part of node:test's context that the published suite uses. */
interface SuiteContext {
  readonly assert: object;
  plan(): void;
  diagnostic(): void;
}

type SuiteTest = (name: string, run: (context: SuiteContext) => Promise<void>) => void;

interface SuiteBroker {
  readonly id: string;
  counter: number;
}

/** Sessions on a real store; the suite reads the name of the broker back. */
class ProbedSessions extends Sessions {
  broker: SuiteBroker = { id: "", counter: 0 };
  readonly #engine: TestEngine;
  /** Everything is forgotten before each reading, and made again from the disk. */
  readonly #restarts: boolean;
  /** Identifiers that the suite has given. */
  readonly #given = new Set<number | undefined>();

  constructor(engine: TestEngine, restarts: boolean) {
    super({
      counters: new Counters(),
      clock: engine.clock,
      journal: engine.engine.journal,
      runningMs: () => engine.clock.monotonicMs(),
      isVolatile: () => false,
      isGranted: () => true,
      handOver: async () => undefined,
      onResent: () => undefined,
      isReplaying: () => true,
      isEphemeral: () => false,
      principalOf: () => undefined,
      onDiscarded: () => undefined,
      onNotSent: () => undefined,
      beforeReplay: async () => true,
      onReplayed: () => undefined,
      shared: { has: () => false, store: () => undefined, forget: () => undefined },
      afterReplay: () => undefined,
      onFiltersChanged: () => undefined,
      isConnected: () => false,
      isOpen: () => true,
    });
    this.#engine = engine;
    this.#restarts = restarts;
  }

  async #restart(): Promise<void> {
    await this.queues.durably();
    if (this.#restarts) await this.restore(this.#engine.store.sessions());
  }

  #afterRestart(read: () => Readable): Readable {
    const restart = (): Promise<void> => this.#restart();
    return Readable.from(
      (async function* () {
        await restart();
        yield* read();
      })(),
    );
  }

  override async setup(broker: SuiteBroker): Promise<void> {
    this.broker = broker;
    await super.setup(broker);
  }

  override createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  override createRetainedStreamCombi(patterns: readonly string[]): Readable {
    return this.#afterRestart(() => super.createRetainedStreamCombi(patterns));
  }

  override async subscriptionsByClient(client: SessionOwner): Promise<readonly StoredSubscription[]> {
    await this.#restart();
    return super.subscriptionsByClient(client);
  }

  override async subscriptionsByTopic(topic: string): Promise<readonly SubscriptionMatch[]> {
    await this.#restart();
    return super.subscriptionsByTopic(topic);
  }

  override async outgoingUpdate(client: SessionOwner, packet: EnginePacket): Promise<void> {
    this.#given.add(packet.messageId);
    await super.outgoingUpdate(client, packet);
  }

  /** With us a message has its identifier from the beginning; the suite wants to see those that it gave. */
  override outgoingStream(client: SessionOwner): Readable {
    const given = this.#given;
    const stream = this.#afterRestart(() => super.outgoingStream(client));
    return stream.map((packet: EnginePacket) =>
      given.has(packet.messageId) ? packet : { ...packet, messageId: undefined },
    );
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.#engine.stop();
  }
}

/** Where ours differs on purpose. */
const notOurs = new Set([
  // The suite asks for the payload of a stored QoS 2 message; ours is in the log by then.
  "add incoming packet, get it, and clear with messageId",
  // The suite wants a client once for each of its filters; with us it gets a message once.
  "store and look up subscriptions by topic",
]);

/** Queues after a restart have tests of their own: messages then have the identifiers that they always had. */
const isOfQueues = /outgoing|^update to/;

/** What the engine knows a stored packet by is new with each start; a message sent before carries DUP with us. */
function comparable(value: unknown, restarts: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => comparable(one, restarts));
  if (typeof value !== "object" || value === null || !("cmd" in value)) return value;
  const known = "dup" in value ? { ...value, dup: false } : { ...value };
  return restarts ? { ...known, id: "", brokerId: "", brokerCounter: 0 } : known;
}

function suiteAssert(restarts: boolean): typeof looseAssert {
  return {
    ...looseAssert,
    deepEqual: (actual: unknown, expected: unknown, message?: string) =>
      looseAssert.deepEqual(comparable(actual, restarts), comparable(expected, restarts), message),
  } as typeof looseAssert;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is published without types
const runPublishedSuite = createRequire(import.meta.url)("aedes-persistence/abstract.js") as (options: {
  test: SuiteTest;
  persistence: () => Promise<Sessions>;
  testAsync: true;
}) => void;

/** The suite that aedes-persistence 10.3.1 publishes for whoever stands in for it. */
describe.each([
  { kind: "as it runs", restarts: false },
  { kind: "restarted before each reading", restarts: true },
])("on a store, $kind", ({ restarts }) => {
  runPublishedSuite({
    testAsync: true,
    persistence: async () => {
      const engine = await openTestEngine(await temporaryDirectory(), {
        rules: [],
        rollups: [],
        devices: [],
      });
      return new ProbedSessions(engine, restarts);
    },
    test: (name, run) => {
      if (notOurs.has(name) || (restarts && isOfQueues.test(name))) return;
      // oxlint-disable-next-line vitest/expect-expect -- the suite asserts by itself
      test(`published suite: ${name}`, async () => {
        await run({ assert: suiteAssert(restarts), plan: () => undefined, diagnostic: () => undefined });
      });
    },
  });
});
