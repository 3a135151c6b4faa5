/** A forwarder with short waits, for tests. */
import { streamNames } from "../../src/core/streams.ts";
import { openForwarder } from "../../src/upstream/forwarder.ts";
import type { Forwarder, ForwarderOptions } from "../../src/upstream/forwarder-contract.ts";
import { type MqttTransportOptions, openMqttTransport } from "../../src/upstream/mqtt-transport.ts";
import type { MemoryStreams } from "./memory-streams.ts";
import { RememberingLogger } from "./remembering-logger.ts";
import { seededRandom } from "../../src/cli/simulate/seeded-random.ts";

/** Opens a forwarder named `cloud` of gateway `gw-7` to an MQTT server. */
export function openTestForwarder(
  port: number,
  source: MemoryStreams,
  options: Partial<ForwarderOptions> & { readonly transportOptions?: Partial<MqttTransportOptions> } = {},
): { readonly forwarder: Forwarder; readonly logger: RememberingLogger } {
  const { transportOptions, ...rest } = options;
  const logger = new RememberingLogger();
  const forwarder = openForwarder({
    name: "cloud",
    gateway: "gw-7",
    streams: streamNames,
    source,
    transport: openMqttTransport({
      url: `mqtt://127.0.0.1:${port}`,
      gateway: "gw-7",
      clientId: "holdfast-gw-7-cloud",
      ...transportOptions,
    }),
    clock: { now: () => Date.now(), monotonicMs: () => performance.now(), synced: () => true },
    logger,
    random: seededRandom(7),
    format: "cbor",
    ...rest,
    timing: {
      connectMs: 2_000,
      acknowledgeMs: 2_000,
      closeMs: 500,
      backoff: { baseMs: 20, capMs: 100, stableMs: 60_000, productiveFailuresMax: 3, crowdedFailuresMin: 3 },
      ...rest.timing,
    },
  });
  return { forwarder, logger };
}
