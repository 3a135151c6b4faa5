import type { IPublishPacket } from "mqtt-packet";
import { afterEach, expect, test } from "vitest";
import type { StreamName } from "../../src/core/streams.ts";
import type { WireBatch } from "../../src/upstream/batch.ts";
import { decodeBatch } from "../../src/upstream/wire.ts";
import { MemoryStreams } from "../support/memory-streams.ts";
import {
  accepting,
  acknowledging,
  type MqttScript,
  openScriptedMqtt,
  type ScriptedMqtt,
} from "../support/scripted-mqtt.ts";
import { openTestForwarder } from "../support/test-forwarder.ts";
import { until } from "../support/until.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Options = Parameters<typeof openTestForwarder>[2];

/** A scripted server, streams, and a forwarder between them. */
async function setUp(
  script: MqttScript,
  growth: Partial<Record<StreamName, number>>,
  options?: Options,
  streams = new MemoryStreams(),
): Promise<{ server: ScriptedMqtt; streams: MemoryStreams } & ReturnType<typeof openTestForwarder>> {
  const server = await openScriptedMqtt(script);
  streams.grow(growth);
  const opened = openTestForwarder(server.port, streams, options);
  closers.push(
    () => server.close(),
    () => opened.forwarder.close(),
  );
  return { server, streams, ...opened };
}

function batchOf(packet: IPublishPacket | undefined): WireBatch {
  const decoded = decodeBatch(Buffer.from(packet?.payload ?? ""));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value;
}

test("batches go out at QoS 1, not retained, on the topic of gateway and stream", async () => {
  const { server, streams } = await setUp({ ...accepting(), ...acknowledging }, { alerts: 3 });
  await until("the alerts are acknowledged", () => streams.cursor("cloud", "alerts") === 3);
  expect(server.publishes[0]).toMatchObject({ topic: "holdfast/v1/gw-7/alerts", qos: 1, retain: false });
  expect(batchOf(server.publishes[0])).toMatchObject({ gateway: "gw-7", stream: "alerts", from: 1, to: 3 });
});

test("it connects with a clean session, its own id, and the credentials it was given", async () => {
  const transportOptions = { username: "gw", password: "geheim" };
  const { server, forwarder } = await setUp(accepting(), {}, { transportOptions });
  await until("up", () => forwarder.report().state === "up");
  expect(server.connects[0]).toMatchObject({
    clean: true,
    clientId: "holdfast-gw-7-cloud",
    username: "gw",
    keepalive: 60,
  });
  expect(String(server.connects[0]?.password)).toBe("geheim");
  expect(JSON.stringify(forwarder.report())).not.toContain("geheim");
});

test("a stream that has not grown is not read", async () => {
  const { streams, forwarder } = await setUp({ ...accepting(), ...acknowledging }, { alerts: 1 });
  await until("sent", () => streams.cursor("cloud", "alerts") === 1);
  const { reads } = streams;
  streams.grow({});
  await until("up", () => forwarder.report().state === "up");
  expect(streams.reads).toBe(reads);
  streams.grow({ ledger: 1 });
  await until("sent", () => streams.cursor("cloud", "ledger") === 1);
});

test("an alert goes before the rest of a backlog of summaries", async () => {
  let streams: MemoryStreams | undefined;
  let seen = 0;
  const script: MqttScript = {
    ...accepting(),
    publish(packet, connection) {
      seen += 1;
      if (seen === 10) streams?.grow({ alerts: 1 });
      acknowledging.publish(packet, connection);
    },
  };
  const started = await setUp(script, { summaries: 20_000 });
  streams = started.streams;
  await until("everything is sent", () => streams?.cursor("cloud", "summaries") === 20_000);
  const place = started.server.publishes.findIndex((packet) => packet.topic.endsWith("/alerts"));
  expect(place).toBeGreaterThan(0);
  // What was under way when it came is ahead of it: never more than a window.
  expect(place).toBeLessThan(10 + 20);
  expect(started.server.publishes.length).toBeGreaterThan(place + 1);
});

test("without an acknowledgement no cursor moves, and the connection is given up and made again", async () => {
  const { server, streams, forwarder } = await setUp(
    accepting(),
    { summaries: 50_000 },
    { timing: { acknowledgeMs: 200 } },
  );
  await until("three attempts", () => server.connects.length >= 3);
  expect(streams.moves).toEqual([]);
  expect(batchOf(server.publishes[0]).from).toBe(1);
  expect(forwarder.report().lastError).toMatchObject({ code: "UPSTREAM_STALLED" });
  expect(forwarder.report().streams.summaries).toEqual({ acked: 0, pending: 50_000 });
});

test("batches in flight stay within the server's Receive Maximum", async () => {
  let open = 0;
  let most = 0;
  const script: MqttScript = {
    ...accepting({ receiveMaximum: 3 }),
    publish(packet, connection) {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        acknowledging.publish(packet, connection);
      }, 10);
    },
  };
  const { streams } = await setUp(script, { summaries: 2_000, alerts: 5 });
  await until("everything is sent", () => streams.cursor("cloud", "summaries") === 2_000);
  expect(most).toBe(3);
});

test("packets stay within the server's Maximum Packet Size", async () => {
  const script = { ...accepting({ maximumPacketSize: 2_000 }), ...acknowledging };
  const { server, streams } = await setUp(script, { summaries: 150 });
  await until("everything is sent", () => streams.cursor("cloud", "summaries") === 150);
  for (const packet of server.publishes) expect((packet.length ?? 0) + 3).toBeLessThanOrEqual(2_000);
  expect(server.publishes.length).toBeGreaterThan(15);
});

test("a record too large for the server is announced as a gap, and the rest follows", async () => {
  const makers = {
    status: (seq: number) => ({
      seq,
      at: seq,
      state: "ready",
      detail: seq === 2 ? "x".repeat(3_000) : "",
      version: "1",
    }),
  };
  const script = { ...accepting({ maximumPacketSize: 2_000 }), ...acknowledging };
  const { server, streams } = await setUp(script, { status: 3 }, {}, new MemoryStreams({ makers }));
  await until("everything is sent", () => streams.cursor("cloud", "status") === 3);
  const batches = server.publishes.map(batchOf);
  expect(batches).toMatchObject([
    { from: 1, to: 1, records: [{ seq: 1 }] },
    { from: 2, to: 2, gap: { from: 2, to: 2, cause: "too-large" } },
    { from: 3, to: 3, records: [{ seq: 3 }] },
  ]);
});

test("a server that takes no packet of any use is named in the report", async () => {
  const { server, forwarder } = await setUp(accepting({ maximumPacketSize: 60 }), { alerts: 1 });
  await until("refused", () => forwarder.report().lastError?.code === "UPSTREAM_PACKET_LIMIT");
  expect(server.publishes).toEqual([]);
});

test("records that were evicted before they were sent are announced as a gap", async () => {
  const streams = new MemoryStreams();
  streams.grow({ summaries: 40 });
  streams.evict("summaries", 30);
  const { server, forwarder } = await setUp({ ...accepting(), ...acknowledging }, {}, {}, streams);
  await until("everything is sent", () => streams.cursor("cloud", "summaries") === 40);
  expect(server.publishes.map(batchOf)).toMatchObject([
    { from: 1, to: 30, gap: { from: 1, to: 30, cause: "evicted" } },
    { from: 31, to: 40 },
  ]);
  const gone = forwarder.metrics.find(({ name }) => name === "holdfast_upstream_gap_records_total");
  expect(gone?.read()).toEqual([{ labels: { upstream: "cloud" }, value: 30 }]);
});

test("a stream of which nothing is held any more is one gap", async () => {
  const streams = new MemoryStreams();
  streams.grow({ summaries: 40 });
  streams.evict("summaries", 40);
  const { server } = await setUp({ ...accepting(), ...acknowledging }, {}, {}, streams);
  await until("the gap is acknowledged", () => streams.cursor("cloud", "summaries") === 40);
  expect(server.publishes.map(batchOf)).toMatchObject([{ from: 1, to: 40, gap: { cause: "evicted" } }]);
});

test("what was read for a connection that broke meanwhile is not sent on the next", async () => {
  const streams = new MemoryStreams();
  const dropped: (() => void)[] = [];
  const script: MqttScript = {
    connect(packet, connection) {
      dropped.push(() => connection.destroy());
      accepting().connect(packet, connection);
    },
    publish(packet, connection) {
      // The first connection takes a batch, and dies before it acknowledges it.
      if (dropped.length > 1) acknowledging.publish(packet, connection);
    },
  };
  const { server, forwarder } = await setUp(script, { alerts: 2 }, {}, streams);
  await until("the first batch is out", () => server.publishes.length === 1);
  const gate = Promise.withResolvers<void>();
  streams.readGate = gate.promise;
  streams.grow({ alerts: 2 });
  await until("the second is being read", () => streams.reads === 2);
  dropped[0]?.();
  await until("there is a new connection", () => dropped.length === 2 && forwarder.report().state === "up");
  gate.resolve();
  await until("everything is sent", () => streams.cursor("cloud", "alerts") === 4);
  expect(server.publishes.map(batchOf)).toMatchObject([
    { from: 1, to: 2 },
    { from: 1, to: 4 },
  ]);
});

test("acknowledgements out of order move the cursor only to the end of the unbroken run", async () => {
  const held: (() => void)[] = [];
  const script: MqttScript = {
    ...accepting({ maximumPacketSize: 1_000 }),
    publish: (packet, connection) => held.push(() => acknowledging.publish(packet, connection)),
  };
  const { server, streams } = await setUp(script, { alerts: 12 });
  await until("all batches are out", () => {
    const last = server.publishes.at(-1);
    return last !== undefined && batchOf(last).to === 12;
  });
  const ends = server.publishes.map((packet) => batchOf(packet).to);
  expect(ends.length).toBeGreaterThanOrEqual(3);
  for (const acknowledge of held.slice(1)) acknowledge();
  streams.grow({ ledger: 1 });
  await until("a later batch comes", () =>
    server.publishes.some((packet) => packet.topic.endsWith("/ledger")),
  );
  expect(streams.moves).toEqual([]);
  held[0]?.();
  await until("the cursor jumps", () => streams.cursor("cloud", "alerts") === 12);
  expect(streams.moves.filter(({ stream }) => stream === "alerts")).toHaveLength(1);
});

test("a batch that the server refuses moves nothing and ends the connection", async () => {
  let refused = 0;
  const script: MqttScript = {
    ...accepting(),
    publish(packet, connection) {
      if (refused < 2) {
        refused += 1;
        connection.send({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0x97 });
      } else acknowledging.publish(packet, connection);
    },
  };
  const { server, streams, forwarder } = await setUp(script, { alerts: 2 });
  await until("sent in the end", () => streams.cursor("cloud", "alerts") === 2);
  expect(server.connects.length).toBe(3);
  expect(forwarder.report().lastError).toMatchObject({ code: "UPSTREAM_BUSY" });
});

test("a store that cannot be read is asked again, and the connection stays", async () => {
  const streams = new MemoryStreams();
  streams.readFailure = new Error("store is reopening");
  const { server, logger } = await setUp({ ...accepting(), ...acknowledging }, { alerts: 2 }, {}, streams);
  await until("it was noticed", () =>
    logger.lines.some(({ fields }) => fields["event"] === "upstream-read-failed"),
  );
  streams.readFailure = undefined;
  await until("sent", () => streams.cursor("cloud", "alerts") === 2);
  expect(server.connects.length).toBe(1);
});

test("closing waits for acknowledgements that are under way", async () => {
  const held: (() => void)[] = [];
  const script: MqttScript = {
    ...accepting(),
    publish: (packet, connection) => held.push(() => acknowledging.publish(packet, connection)),
  };
  const { streams, forwarder } = await setUp(script, { alerts: 2 }, { timing: { closeMs: 20_000 } });
  await until("sent", () => held.length === 1);
  const startedAt = performance.now();
  const closed = forwarder.close();
  held[0]?.();
  await closed;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(streams.cursor("cloud", "alerts")).toBe(2);
  expect(forwarder.report().state).toBe("closed");
  expect(streams.listeners).toBe(0);
});

test("closing does not wait for a server that never answers", async () => {
  const { server, forwarder, streams } = await setUp(accepting(), { alerts: 2 }, { timing: { closeMs: 50 } });
  await until("sent", () => server.publishes.length === 1);
  const startedAt = performance.now();
  await forwarder.close();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(streams.moves).toEqual([]);
});

test("an acknowledgement after closing moves nothing", async () => {
  const held: (() => void)[] = [];
  const script: MqttScript = {
    ...accepting(),
    publish: (packet, connection) => held.push(() => acknowledging.publish(packet, connection)),
  };
  const { forwarder, streams } = await setUp(script, { alerts: 2 }, { timing: { closeMs: 10 } });
  await until("sent", () => held.length === 1);
  await forwarder.close();
  held[0]?.();
  expect(streams.moves).toEqual([]);
});
