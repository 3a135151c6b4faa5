/** Whose a session is outlives a restart, and so does what is known of its user. */
import { expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import type { BrokerOptions } from "../../src/broker/broker.ts";
import { KeyKind } from "../../src/broker/session-values.ts";
import { credentialsOf, roleOf, userOf } from "../support/access-world.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { openSessionBroker } from "../support/session-broker.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { until } from "../support/until.ts";

const listeners = [{ protocol: "mqtt", host: "127.0.0.1", port: 0, anonymous: false }] as const;

/** Two users who may do everything, or only what is said. */
async function guarded(
  names: readonly string[],
  publish: readonly string[] = ["#"],
  subscribe: readonly string[] = ["#"],
): Promise<Partial<BrokerOptions>> {
  const users = await Promise.all(names.map((name) => userOf({ name })));
  const roles = [roleOf({ publish, subscribe })];
  const { gatekeeper } = new Access({
    definition: { roles, users, certificateRoles: [], tokens: [], claims: [], tenants: [] },
    clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
    random: () => 0.5,
    logger: quietLogger,
  });
  return { gatekeeper, listeners };
}

test("after a restart a session still belongs to its user, and to nobody else", async () => {
  const broker = await openSessionBroker(await temporaryDirectory(), await guarded(["ada", "eve"]));
  const client = broker.client("desk", { connect: credentialsOf("ada") });
  await client.connect();
  await client.subscribe("t/#", 1);
  await client.leave();
  await broker.restart();
  const stranger = broker.client("desk", { connect: credentialsOf("eve") });
  await expect(stranger.connect()).rejects.toThrow("refused");
  const wiping = broker.client("desk", { connect: { ...credentialsOf("eve"), clean: true } });
  await expect(wiping.connect()).rejects.toThrow("refused");
  const again = broker.client("desk", { connect: credentialsOf("ada") });
  await again.connect();
  expect(again.sessionPresent).toBe(true);
});

test("QoS 2 messages that wait for a user who may not read them any more are dropped after the restart", async () => {
  const directory = await temporaryDirectory();
  const before = await openSessionBroker(directory, await guarded(["ada"]));
  const client = before.client("desk", { connect: credentialsOf("ada") });
  await client.connect();
  await client.subscribe("t/#", 2);
  await client.subscribe("u/#", 2);
  await client.leave();
  const publisher = before.client("press", { connect: { ...credentialsOf("ada"), clean: true } });
  await publisher.connect();
  for (const [index, topic] of ["t/x", "u/x", "t/y"].entries()) {
    const message = { cmd: "publish", topic, payload: topic, qos: 2, retain: false, dup: false } as const;
    publisher.send({ ...message, messageId: index + 1 });
  }
  await publisher.take("pubrec", 3);
  await before.close();
  const after = await openSessionBroker(directory, await guarded(["ada"], ["#"], ["u/#"]));
  const again = after.client("desk", { connect: credentialsOf("ada") });
  await again.connect();
  await until("what it may read is there", () => again.arrivals.length > 0);
  await until("nothing is queued", () => after.metric("session_queue_bytes") === 0);
  expect(again.payloads).toEqual(["u/x"]);
});

test("a QoS 2 message that was begun before its user lost the right to publish has no second effect", async () => {
  const directory = await temporaryDirectory();
  const before = await openSessionBroker(directory, await guarded(["ada"]));
  const message = {
    cmd: "publish",
    topic: "t/x",
    payload: "1",
    qos: 2,
    retain: false,
    messageId: 7,
  } as const;
  const client = before.client("desk", { connect: credentialsOf("ada"), answers: false });
  await client.connect();
  client.send({ ...message, dup: false });
  await client.take("pubrec");
  await before.close();
  const after = await openSessionBroker(directory, await guarded(["ada"], ["other/#"]));
  const again = after.client("desk", { connect: credentialsOf("ada"), version: 5 });
  await again.connect({ properties: { sessionExpiryInterval: 60 } });
  again.send({ ...message, dup: true });
  expect((await again.take("pubrec"))[0]).toMatchObject({ messageId: 7 });
  again.send({ cmd: "pubrel", messageId: 7 });
  await again.take("pubcomp");
  const received = after.store.committed.reduce((sum, { record }) => sum + record.counts.receivedMessages, 0);
  expect(received).toBe(0);
});

test("the session of a user who was removed meanwhile is gone after the restart", async () => {
  const directory = await temporaryDirectory();
  const before = await openSessionBroker(directory, await guarded(["ada"]));
  const client = before.client("desk", { connect: credentialsOf("ada") });
  await client.connect();
  await client.subscribe("t/#", 1);
  await before.close();
  const after = await openSessionBroker(directory, await guarded(["eve"]));
  expect(after.metric("sessions")).toBe(0);
  const other = after.client("desk", { connect: credentialsOf("eve") });
  await other.connect();
  expect(other.sessionPresent).toBe(false);
});

test.each([
  { kind: "may still publish it", publish: ["#"], count: 1 },
  { kind: "may not publish it any more", publish: ["other/#"], count: 0 },
])("a will of the run before is published when its user $kind", async ({ publish, count }) => {
  const directory = await temporaryDirectory();
  const before = await openSessionBroker(directory, await guarded(["ada"]));
  const witness = before.client("witness", { connect: credentialsOf("ada") });
  await witness.connect();
  await witness.subscribe("t/#", 1);
  await witness.leave();
  const will = { topic: "t/will", payload: "lost", qos: 1, retain: false };
  const mortal = before.client("mortal", { connect: { ...credentialsOf("ada"), will } });
  await mortal.connect();
  await before.close();
  const after = await openSessionBroker(directory, await guarded(["ada"], publish));
  await until("the will is dealt with", async () => {
    const keys = await after.keys();
    return !keys.some((key) => key.startsWith(`0${KeyKind.will}`));
  });
  const again = after.client("witness", { connect: credentialsOf("ada") });
  await again.connect();
  await until("it has come", () => again.arrivals.length === count);
  again.send({ cmd: "pingreq" });
  await again.take("pingresp");
  expect(again.payloads).toEqual(Array.from({ length: count }, () => "lost"));
});
