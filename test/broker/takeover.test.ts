/** Many clients that fight for one client id. */
import { expect, test } from "vitest";
import {
  openTestBroker,
  publishPacket,
  RawClient,
  connectPacket,
  type TestBroker,
  until,
} from "./harness.ts";

const rounds = 600;

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

/** Opens all of them at once, each with a will that names it. */
function storm(broker: TestBroker, version: 4 | 5, clean: boolean): RawClient[] {
  return Array.from({ length: rounds }, (_, index) => {
    const client = new RawClient(broker.port, version);
    const will = { topic: "wills/contested", payload: Buffer.from(`${index}`), qos: 1, retain: false };
    const properties = version === 5 && !clean ? { properties: { sessionExpiryInterval: 600 } } : {};
    client.send(connectPacket(version, "contested", { clean, will, ...properties }));
    return client;
  });
}

test.each([
  ["clean sessions of 3.1.1", 4, true],
  ["stored sessions of 3.1.1", 4, false],
  ["clean sessions of 5", 5, true],
  ["stored sessions of 5", 5, false],
] as const)(
  "600 takeovers leave one connection, one will for each that lost it, and nothing else: %s",
  { timeout: 60_000 },
  async (_what, version, clean) => {
    const socketsBefore = openSockets();
    await using broker = await openTestBroker();
    const clients = storm(broker, version, clean);
    await until(() => clients.filter(({ closed }) => closed).length === rounds - 1, "one is left", 40_000);
    const winner = clients.find(({ closed }) => !closed);
    expect(winner?.packets).toMatchObject([{ cmd: "connack" }]);
    winner?.send(publishPacket("t", "1", { qos: 1, messageId: 1, version }));
    expect(await winner?.take("puback")).toHaveLength(1);
    expect(broker.metric("connections")).toBe(1);
    expect(broker.metric("sessions")).toBe(clean ? 0 : 1);

    // The last one wins, always.
    using last = await RawClient.connected(broker.port, { version, clientId: "contested", clean });
    await winner?.gone();
    await last.ping();

    // Each of those that lost was let in before, and has a will; nobody has two.
    const wills = broker.sink.received.filter(({ topic }) => topic === "wills/contested");
    const letIn = clients.filter(({ packets }) => packets.some(({ cmd }) => cmd === "connack"));
    expect(new Set(wills.map(({ payload }) => payload)).size).toBe(wills.length);
    expect(wills.length).toBeLessThanOrEqual(rounds);
    expect(wills.length).toBeGreaterThanOrEqual(letIn.length - 1);

    last.send({ cmd: "disconnect" });
    await last.gone();
    for (const client of clients) client.socket.destroy();
    await until(() => broker.metric("connections") === 0, "nobody is left");
    expect(broker.metric("connections_total")).toBe(rounds + 1);
    expect(broker.metric("connections_closed_total")).toBe(rounds + 1);
    expect(broker.metric("in_flight_bytes")).toBe(0);
    expect(broker.errors).toEqual([]);
    await broker.broker.close();
    await until(() => openSockets() <= socketsBefore, "no socket is left");
  },
);
