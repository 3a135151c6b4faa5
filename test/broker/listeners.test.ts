import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectPacket, openTestBroker, publishPacket, until } from "./harness.ts";

let directory = "";
const file = (name: string): string => join(directory, name);

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "pipe" });
}

/** Makes an authority and a certificate that it signs. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    file("ca.key"),
    "-out",
    file("ca.pem"),
    "-days",
    "2",
    "-subj",
    "/CN=Test CA",
  );
  for (const name of ["server", "client"]) {
    openssl(
      "req",
      ...newKey,
      "-keyout",
      file(`${name}.key`),
      "-out",
      file(`${name}.csr`),
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
    );
    openssl(
      "x509",
      "-req",
      "-in",
      file(`${name}.csr`),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-out",
      file(`${name}.pem`),
      "-days",
      "2",
      "-copy_extensions",
      "copy",
    );
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const protocols = ["mqtt", "ws", "mqtts", "wss"] as const;

function listenerFor(protocol: (typeof protocols)[number]) {
  const tls = { cert: file("server.pem"), key: file("server.key") };
  return {
    protocol,
    host: "127.0.0.1",
    port: 0,
    ...(protocol.endsWith("s") && protocol !== "ws" ? tls : {}),
  };
}

test.each(protocols)("%s carries messages both ways, small and large", async (protocol) => {
  await using broker = await openTestBroker({ listeners: [listenerFor(protocol)] });
  const { readFileSync } = await import("node:fs");
  const client = await mqtt.connectAsync(`${protocol}://127.0.0.1:${broker.port}`, {
    ca: readFileSync(file("ca.pem")),
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  const messages: Buffer[] = [];
  client.on("message", (_topic, payload) => messages.push(payload));
  await client.subscribeAsync("t", { qos: 1 });
  await client.publishAsync("t", "small", { qos: 1 });
  await client.publishAsync("t", Buffer.alloc(60_000, "x"), { qos: 1 });
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => client.publishAsync("t", String(index), { qos: 1 })),
  );
  await until(() => messages.length === 202, "delivered");
  expect(messages[1]).toHaveLength(60_000);
  expect(broker.sink.received).toHaveLength(202);
  await client.endAsync();
  await until(() => broker.metric("connections") === 0, "gone");
});

test("a listener with clientCa lets in only clients with a certificate of that authority", async () => {
  const { readFileSync } = await import("node:fs");
  const listener = { ...listenerFor("mqtts"), clientCa: file("ca.pem") };
  await using broker = await openTestBroker({ listeners: [listener] });
  const ca = readFileSync(file("ca.pem"));
  const url = `mqtts://127.0.0.1:${broker.port}`;
  await expect(mqtt.connectAsync(url, { ca, reconnectPeriod: 0 }, false)).rejects.toThrow(
    /alert|reset|disconnected|closed/i,
  );
  const identified = { ca, cert: readFileSync(file("client.pem")), key: readFileSync(file("client.key")) };
  const client = await mqtt.connectAsync(url, { ...identified, reconnectPeriod: 0 }, false);
  await client.publishAsync("t", "1", { qos: 1 });
  await client.endAsync();
});

test("TLS 1.1 is not spoken", async () => {
  await using broker = await openTestBroker({ listeners: [listenerFor("mqtts")] });
  const said = async (...version: readonly string[]): Promise<string> => {
    const client = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${broker.port}`, ...version]);
    let output = "";
    client.stdout.on("data", (text: Buffer) => {
      output += text.toString();
    });
    client.stdin.end();
    await new Promise((resolve) => client.once("close", resolve));
    return output;
  };
  expect(await said("-tls1_2")).toContain("Cipher is ECDHE");
  expect(await said("-tls1_1")).toContain("Cipher is (NONE)");
});

test("a text frame ends a WebSocket, and packets may be cut over frames", async () => {
  await using broker = await openTestBroker({ listeners: [listenerFor("ws")] });
  const webSocket = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, "mqtt");
  const chunks: Buffer[] = [];
  webSocket.on("message", (data: Buffer) => chunks.push(data));
  await new Promise((resolve) => webSocket.once("open", resolve));
  expect(webSocket.protocol).toBe("mqtt");
  const bytes = Buffer.concat([connectPacket(4, "web"), publishPacket("t", "1", { qos: 1, messageId: 1 })]);
  for (const byte of bytes) webSocket.send(Uint8Array.of(byte));
  await until(() => Buffer.concat(chunks).length === 8, "CONNACK and PUBACK");
  const closed = new Promise((resolve) => webSocket.once("close", resolve));
  webSocket.send("text");
  await closed;
});

test("a port that is taken is an operator's error with a code", async () => {
  await using broker = await openTestBroker();
  const taken = openTestBroker({ listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: broker.port }] });
  await expect(taken).rejects.toMatchObject({ code: "BROKER_LISTEN", kind: "operator" });
});

test.each([
  ["missing", {}],
  ["unreadable", { cert: "/nowhere.pem", key: "/nowhere.key" }],
])("a %s certificate is an operator's error with a code", async (_what, paths) => {
  const listener = { protocol: "mqtts" as const, host: "127.0.0.1", port: 0, ...paths };
  await expect(openTestBroker({ listeners: [listener] })).rejects.toMatchObject({ code: "BROKER_TLS" });
});

const isMosquittoHere = spawnSync("mosquitto_pub", ["--help"]).error === undefined;

test("mosquitto's own clients publish and subscribe in every version and quality", async ({ skip }) => {
  if (!isMosquittoHere) {
    if (process.env["CI"] !== undefined) throw new Error("mosquitto_pub and mosquitto_sub are not installed");
    skip("mosquitto_pub and mosquitto_sub are not installed");
  }
  await using broker = await openTestBroker();
  for (const version of ["31", "311", "5"]) {
    for (const qos of ["0", "1", "2"]) {
      const common = ["-h", "127.0.0.1", "-p", String(broker.port), "-V", `mqttv${version}`, "-q", qos];
      const subscriber = spawn("mosquitto_sub", [...common, "-t", "m/#", "-C", "3", "-W", "5"]);
      let output = "";
      subscriber.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
      const ended = new Promise((resolve) => subscriber.once("close", resolve));
      await until(() => broker.metric("connections") === 1, "subscribed");
      const publish = (payload: string): Promise<unknown> =>
        new Promise((resolve) => {
          spawn("mosquitto_pub", [...common, "-t", "m/x", "-m", payload]).once("exit", resolve);
        });
      // The first ones may come before the SUBSCRIBE; so many are sent that three come after it.
      while (subscriber.exitCode === null) await publish("hello");
      await ended;
      expect(output).toBe("hello\nhello\nhello\n");
      await until(() => broker.metric("connections") === 0, "gone");
    }
  }
});
