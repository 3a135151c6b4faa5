/** A bridge to a scripted server, and an intake that does what a test tells it to. */
import { onTestFinished } from "vitest";
import { openBridge } from "../../src/bridge/bridge.ts";
import type { Bridge, BridgeOptions } from "../../src/bridge/bridge-contract.ts";
import { parseMqttUrl } from "../../src/core/mqtt-address.ts";
import type { Publication, PublicationSink, Receipt } from "../../src/core/ports.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";
import {
  accepting,
  granting,
  type MqttScript,
  openScriptedMqtt,
  type ScriptedConnection,
  type ScriptedMqtt,
} from "../support/scripted-mqtt.ts";

/** A publication as it was handed over. */
export interface Taken extends Omit<Publication, "bytes" | "start" | "end" | "receipt"> {
  readonly payload: string;
}

/** Takes publications, and settles them when the test says so. */
class HeldIntake implements PublicationSink {
  readonly taken: Taken[] = [];
  readonly #waiting: { readonly receipt: Receipt; readonly packetId: number }[] = [];
  refusing: boolean = false;

  accept(publication: Publication): void {
    const { bytes, start, end, receipt, ...rest } = publication;
    this.taken.push({ ...rest, payload: Buffer.from(bytes.subarray(start, end)).toString() });
    if (receipt === undefined) return;
    if (this.refusing) receipt.refused(publication.packetId);
    else this.#waiting.push({ receipt, packetId: publication.packetId });
  }

  /** Makes the first that wait durable. */
  commit(count: number = Number.POSITIVE_INFINITY): void {
    const settled = this.#waiting.splice(0, count);
    for (const { receipt, packetId } of settled) receipt.committed(packetId);
  }
}

export interface BridgeWorld {
  readonly bridge: Bridge;
  readonly intake: HeldIntake;
  readonly logger: RememberingLogger;
  readonly server: ScriptedMqtt;
  /** Of the connection made last. */
  readonly far: ScriptedConnection;
}

/** Opens a bridge to a server that follows the script; waits are a hundredth of what they are. */
export async function openWorld(
  script: MqttScript = {},
  options: Partial<BridgeOptions> = {},
): Promise<BridgeWorld> {
  let far: ScriptedConnection | undefined;
  const { connect } = { ...accepting(), ...script };
  const server = await openScriptedMqtt({
    ...granting(),
    ...script,
    connect(packet, connection) {
      far = connection;
      connect?.(packet, connection);
    },
  });
  const intake = new HeldIntake();
  const logger = new RememberingLogger();
  const bridge = openBridge({
    name: "far",
    address: parseMqttUrl(`mqtt://127.0.0.1:${server.port}`, "bridge"),
    clientId: "gw-far",
    tls: {},
    protocol: "auto",
    topics: [{ filter: "plant/#", qos: 2 }],
    prefix: "",
    sink: intake,
    ownListeners: () => [],
    clock: { now: () => Date.now(), monotonicMs: () => performance.now(), synced: () => true },
    logger,
    random: () => 0.5,
    ...options,
    timing: {
      connectMs: 2_000,
      keepaliveSeconds: 60,
      backoff: {
        baseMs: 20,
        capMs: 200,
        stableMs: 60_000,
        productiveFailuresMax: 3,
        crowdedFailuresMin: 6,
      },
      ...options.timing,
    },
  });
  onTestFinished(async () => {
    await bridge.close();
    await server.close();
  });
  return {
    bridge,
    intake,
    logger,
    server,
    get far() {
      if (far === undefined) throw new Error("nobody has connected");
      return far;
    },
  };
}
