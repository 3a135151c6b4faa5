import { createRequire } from "node:module";
import looseAssert from "node:assert";
import { test } from "vitest";
import { Counters } from "../../src/broker/counters.ts";
import { Sessions } from "../../src/broker/sessions.ts";

/** The part of node:test's context that the published suite uses. */
interface SuiteContext {
  readonly assert: object;
  plan(): void;
  diagnostic(): void;
}

type SuiteTest = (name: string, run: (context: SuiteContext) => Promise<void>) => void;

/** The suite reads the name of the broker back. */
class ProbedSessions extends Sessions {
  broker: { readonly id: string } = { id: "" };

  override async setup(broker: { readonly id: string }): Promise<void> {
    this.broker = broker;
    await super.setup(broker);
  }
}

/** Where ours differs on purpose. */
const notOurs = new Set([
  // The suite asks for the payload of a stored QoS 2 message; ours is in the log by then.
  "add incoming packet, get it, and clear with messageId",
  // The suite wants a client once for each of its filters; with us it gets a message once.
  "store and look up subscriptions by topic",
]);

/** A message that was sent before carries DUP with us, and not in the suite. */
function withoutDup(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDup);
  return typeof value === "object" && value !== null && "dup" in value ? { ...value, dup: false } : value;
}

const suiteAssert = {
  ...looseAssert,
  deepEqual: (actual: unknown, expected: unknown, message?: string) =>
    looseAssert.deepEqual(withoutDup(actual), withoutDup(expected), message),
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is published without types
const runPublishedSuite = createRequire(import.meta.url)("aedes-persistence/abstract.js") as (options: {
  test: SuiteTest;
  persistence: () => Sessions;
  testAsync: true;
}) => void;

/** The suite that aedes-persistence 10.3.1 publishes for whoever stands in for it. */
runPublishedSuite({
  testAsync: true,
  persistence: () =>
    new ProbedSessions({
      counters: new Counters(),
      monotonicMs: () => 0,
      isGranted: () => true,
      handOver: async () => undefined,
      onResent: () => undefined,
      beforeReplay: async () => true,
      afterReplay: () => undefined,
      onFiltersChanged: () => undefined,
      isConnected: () => false,
      isOpen: () => true,
    }),
  test: (name, run) => {
    if (notOurs.has(name)) return;
    // oxlint-disable-next-line vitest/expect-expect -- the suite asserts by itself
    test(`published suite: ${name}`, async () => {
      await run({ assert: suiteAssert, plan: () => undefined, diagnostic: () => undefined });
    });
  },
});
