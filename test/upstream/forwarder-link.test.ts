import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { MemoryStreams } from "../support/memory-streams.ts";
import { freePort } from "../support/mosquitto.ts";
import {
  accepting,
  acknowledging,
  type MqttScript,
  openScriptedMqtt,
  type ScriptedMqtt,
} from "../support/scripted-mqtt.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { openTestForwarder } from "../support/test-forwarder.ts";
import { until } from "../support/until.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(script: MqttScript): Promise<ScriptedMqtt> {
  const server = await openScriptedMqtt(script);
  closers.push(() => server.close());
  return server;
}

function forward(
  port: number,
  options?: Parameters<typeof openTestForwarder>[2],
): { streams: MemoryStreams } & ReturnType<typeof openTestForwarder> {
  const streams = new MemoryStreams();
  streams.grow({ alerts: 3 });
  const opened = openTestForwarder(port, streams, options);
  closers.push(() => opened.forwarder.close());
  return { streams, ...opened };
}

test.each<[string, MqttScript["connect"] & object]>([
  ["answers as 3.1.1 servers do", (_, connection) => connection.write(Buffer.from([0x20, 2, 0, 1]))],
  [
    "answers with reason 0x84",
    (_, connection) => connection.send({ cmd: "connack", reasonCode: 0x84, sessionPresent: false }),
  ],
  ["hangs up", (_, connection) => connection.destroy()],
])("a server that refuses version 5 and %s gets 3.1.1, also later", async (_, refuse) => {
  const server = await serve({
    connect(packet, connection) {
      if (packet.protocolVersion === 5) refuse(packet, connection);
      else accepting().connect(packet, connection);
    },
    ...acknowledging,
  });
  const proxy = await openTcpProxy({ targetPort: server.port });
  closers.push(() => proxy.close());
  const { streams, forwarder } = forward(proxy.port);
  await until("sent", () => streams.cursor("cloud", "alerts") === 3);
  proxy.cut();
  await until("lost", () => forwarder.report().lastError !== undefined && forwarder.report().state !== "up");
  await until("up again", () => forwarder.report().state === "up");
  expect(server.connects.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4, 4]);
});

test.each([
  [5, { cmd: "connack", reasonCode: 0x89, sessionPresent: false }],
  [4, { cmd: "connack", returnCode: 3, sessionPresent: false }],
] as const)(
  "a version %i server that is busy is left alone for a while, and then tried again",
  async (version, busy) => {
    let turnedAway = 0;
    const server = await serve({
      connect(packet, connection) {
        if (packet.protocolVersion === 5 && version === 4) connection.write(Buffer.from([0x20, 2, 0, 1]));
        else if (turnedAway < 3) {
          turnedAway += 1;
          connection.send(busy);
        } else accepting().connect(packet, connection);
      },
      ...acknowledging,
    });
    const { streams, forwarder } = forward(server.port);
    await until("turned away", () => forwarder.report().lastError?.code === "UPSTREAM_BUSY");
    expect(forwarder.report().state).toBe("waiting");
    expect(forwarder.report().retryAt).toBeGreaterThanOrEqual(Date.now() - 1_000);
    await until("sent in the end", () => streams.cursor("cloud", "alerts") === 3);
  },
);

test("a refused password is named as such, and tried again in case it was put right", async () => {
  const server = await serve({
    connect: (_, connection) => connection.send({ cmd: "connack", reasonCode: 0x86, sessionPresent: false }),
  });
  const { forwarder } = forward(server.port);
  await until("tried again", () => server.connects.length >= 2);
  expect(forwarder.report().lastError).toMatchObject({ code: "UPSTREAM_NOT_AUTHORIZED" });
});

test("a server without QoS 1 is not used", async () => {
  const server = await serve(accepting({ maximumQoS: 0 }));
  const { forwarder } = forward(server.port);
  await until("refused", () => forwarder.report().lastError?.code === "UPSTREAM_NO_QOS1");
  expect(server.publishes).toEqual([]);
});

test("a server that accepts the socket and says nothing is given up", async () => {
  const server = await serve({});
  const { forwarder } = forward(server.port, { timing: { connectMs: 100 } });
  await until("tried again", () => server.connects.length >= 2);
  expect(forwarder.report().lastError).toMatchObject({ code: "UPSTREAM_TIMEOUT" });
});

test("a server that answers with garbage is left and tried again", async () => {
  const server = await serve({
    connect: (_, connection) => connection.write(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
  });
  const { forwarder } = forward(server.port);
  await until("tried again", () => server.connects.length >= 3);
  expect(forwarder.report().lastError).toBeDefined();
});

test("a server that says goodbye is reconnected to", async () => {
  let connections = 0;
  const server = await serve({
    connect(packet, connection) {
      connections += 1;
      accepting().connect(packet, connection);
      if (connections === 1) connection.send({ cmd: "disconnect", reasonCode: 0x8b });
    },
    ...acknowledging,
  });
  const { streams } = forward(server.port);
  await until("sent", () => streams.cursor("cloud", "alerts") === 3);
  await until("reconnected", () => server.connects.length === 2);
  expect(streams.moves).toHaveLength(1);
});

test("where nobody listens it waits and tries, and closes at once", async () => {
  const { forwarder } = forward(await freePort());
  await until("refused", () => forwarder.report().lastError !== undefined);
  expect(forwarder.report().lastError).toMatchObject({ code: "UPSTREAM_LOST" });
  const startedAt = performance.now();
  await forwarder.close();
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test("a line that dies without a word is noticed while nothing is sent", async () => {
  const server = await serve({ ...accepting(), ...acknowledging });
  const proxy = await openTcpProxy({ targetPort: server.port });
  closers.push(() => proxy.close());
  const { streams, forwarder } = forward(proxy.port, { transportOptions: { keepaliveSeconds: 1 } });
  await until("sent", () => streams.cursor("cloud", "alerts") === 3);
  proxy.mode = "silent";
  await until("noticed", () => forwarder.report().state !== "up");
  proxy.mode = "pass";
  proxy.cut();
  streams.grow({ alerts: 1 });
  await until("sent after all", () => streams.cursor("cloud", "alerts") === 4);
  expect(server.connects.length).toBe(2);
});

test("a line that dies without a word is noticed while batches are out", async () => {
  const server = await serve({ ...accepting(), ...acknowledging });
  const proxy = await openTcpProxy({ targetPort: server.port });
  closers.push(() => proxy.close());
  const { streams, forwarder } = forward(proxy.port, { timing: { acknowledgeMs: 200 } });
  await until("sent", () => streams.cursor("cloud", "alerts") === 3);
  proxy.mode = "silent";
  streams.grow({ alerts: 1 });
  await until("noticed", () => forwarder.report().lastError?.code === "UPSTREAM_STALLED");
  expect(streams.cursor("cloud", "alerts")).toBe(3);
});

test("changes of state are told, each once", async () => {
  const server = await serve({ ...accepting(), ...acknowledging });
  let told = 0;
  const { forwarder } = forward(server.port, { onChange: () => (told += 1) });
  await until("up", () => forwarder.report().state === "up");
  await forwarder.close();
  // connecting, up, closed
  expect(told).toBe(3);
});

test("the MQTT client is not loaded before an upstream starts", async () => {
  const script = `
    import { createRequire } from "node:module";
    await import("./src/upstream/forwarder.ts");
    const { openMqttTransport } = await import("./src/upstream/mqtt-transport.ts");
    openMqttTransport({ url: "mqtt://127.0.0.1:1", gateway: "g", clientId: "c" });
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((path) => path.includes("/node_modules/mqtt/")).length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout.trim()).toBe("0");
});
