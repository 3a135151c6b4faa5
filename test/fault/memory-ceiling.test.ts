/** Attackers fill the memory of a gateway with a low ceiling: it refuses before it dies, and recovers by itself. */
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { connectPacket } from "../../src/cli/simulate/packets.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { RawClient } from "../support/raw-client.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const mebibyte = 1024 * 1024;

/** Half of a packet of 40,000 bytes, behind a CONNECT. */
function halfSent(port: number, index: number): Socket {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  const begun = Buffer.concat([
    Buffer.of(0x30, 0xc0, 0xb8, 0x02, 0, 1),
    Buffer.from("t"),
    Buffer.alloc(20_000),
  ]);
  const login = connectPacket({ clientId: `half-${index}`, cleanSession: true, keepAliveSeconds: 0 });
  socket.write(Buffer.concat([login, begun]));
  return socket;
}

/** Connections that have not begun because memory was short. */
async function refusedIn({ httpPort }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  return Number(/connections_refused_total\{cause="memory"\} (\d+)/.exec(text)?.[1] ?? Number.NaN);
}

test("short of memory the gateway lets nobody in, says so, serves who is in, and recovers", {
  timeout: 120_000,
}, async () => {
  await using directory = await temporaryDirectory("ceiling");
  await using gateway = await startGateway({ directory: directory.path });
  const idleBytes = await gateway.rssBytes();
  await gateway.stop();
  // Idle is below the mark where a shortage ends, three quarters.
  const ceiling = `${Math.ceil(idleBytes / 0.68 / mebibyte)}MiB`;
  await using small = await startGateway({ directory: directory.path, config: { memory: { ceiling } } });
  using honest = new RawClient(small.mqttPort);
  expect(await honest.connect("honest")).toBe(0);
  const pressures = (): unknown[] =>
    small.log.filter(({ event }) => event === "memory-pressure").map(({ pressure }) => pressure);
  const attackers: Socket[] = [];
  try {
    // No more than the broker holds of half-sent packets; the connections themselves come on top.
    for (let index = 0; index < 2_000 && pressures().length === 0; index += 1) {
      attackers.push(halfSent(small.mqttPort, index));
      // Slower than memory is looked at: an attack that is far past the ceiling before it is seen is another test.
      if (index % 25 === 24) await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await until("memory is short", () => pressures().length > 0, { withinMs: 20_000 });
    for (let index = 0; index < 50; index += 1) attackers.push(halfSent(small.mqttPort, 10_000 + index));
    await until("some are refused", async () => (await refusedIn(small)) > 0, { withinMs: 20_000 });
  } finally {
    for (const socket of attackers) socket.destroy();
  }
  await until("memory is free", () => pressures().at(-1) === "none", { withinMs: 60_000 });
  expect(await honest.publish("room", "21.5", 20_000)).toBe(true);
  using back = new RawClient(small.mqttPort);
  expect(await back.connect("back", 20_000)).toBe(0);
  expect(await small.status()).toMatchObject({ state: "running", memory: "none" });
});
