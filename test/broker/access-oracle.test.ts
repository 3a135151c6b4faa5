/** What live connections may do, compared with the slow and plain model, while the rules change under them. */
import { expect, test } from "vitest";
import {
  CaseSource,
  modelAllows,
  modelCovers,
  modelMatches,
  type Subject,
} from "../core/access/access-model.ts";
import type { RoleDefinition } from "../../src/core/access/definition.ts";
import { type AccessWorld, credentialsOf, openAccessWorld, userOf } from "../support/access-world.ts";
import { publishPacket, RawClient, until } from "./harness.ts";

const casesPerClient = 50;
const clients = process.env["HOLDFAST_FAULT_RUN"] === "long" ? 2_000 : 50;
const syncTopic = "sync/sync";

/** Names that a user and a client can have on the wire, those chosen to reach too far included. */
const names = ["a", "b", "1", "press-1", "+", "#", "a/b", "$SYS", "z", "a+", "%c", "$"] as const;

function withSync(role: RoleDefinition): RoleDefinition {
  return {
    ...role,
    subscribe: [...role.subscribe, syncTopic],
    receive: [...(role.receive ?? role.subscribe), syncTopic],
  };
}

async function useRole(world: AccessWorld, subject: Subject, role: RoleDefinition): Promise<void> {
  world.replace({ roles: [withSync(role)], users: [await userOf({ name: subject.user })] });
}

function expected(subject: Subject, drawn: Case): Outcome {
  const { first, second, filter, topic } = drawn;
  const now = second ?? first;
  const isCovered = (role: RoleDefinition): boolean => modelCovers(role.subscribe, subject, filter);
  const isGranted = isCovered(first);
  const mayPublish = !topic.startsWith("$") && modelAllows(now.publish, subject, topic);
  const isDelivered =
    isGranted &&
    isCovered(now) &&
    modelMatches(filter, topic) &&
    modelAllows(now.receive ?? now.subscribe, subject, topic);
  return { isGranted, mayPublish, isDelivered };
}

interface Case {
  readonly first: RoleDefinition;
  /** In force after the subscription, before anything is published. */
  readonly second: RoleDefinition | undefined;
  readonly filter: string;
  readonly topic: string;
}

interface Outcome {
  readonly isGranted: boolean;
  readonly mayPublish: boolean;
  readonly isDelivered: boolean;
}

async function observed(
  world: AccessWorld,
  client: RawClient,
  { subject, drawn, id }: { readonly subject: Subject; readonly drawn: Case; readonly id: number },
): Promise<Outcome> {
  const { first, second, filter, topic } = drawn;
  await useRole(world, subject, first);
  client.packets.length = 0;
  client.send({ cmd: "subscribe", messageId: id, subscriptions: [{ topic: filter, qos: 0 }] });
  const [suback] = await client.take("suback");
  if (second !== undefined) await useRole(world, subject, second);
  client.send(publishPacket(topic, "mine", { qos: 1, messageId: id, version: 5 }));
  const [puback] = await client.take("puback");
  // What it has published itself may have come back to it.
  await client.ping();
  client.packets.length = 0;
  world.broker.publish({ topic, payload: `${id}`, qos: 0, retain: false });
  world.broker.publish({ topic: syncTopic, payload: `sync ${id}`, qos: 0, retain: false });
  const received = (): readonly string[] =>
    client.packets.flatMap((packet) => (packet.cmd === "publish" ? [packet.payload.toString()] : []));
  await until(() => received().includes(`sync ${id}`), `the message behind case ${id}`);
  client.send({ cmd: "unsubscribe", messageId: id, unsubscriptions: [filter] });
  await client.take("unsuback");
  return {
    isGranted: (Number(suback?.granted[0]) & 0x80) === 0,
    mayPublish: puback?.reasonCode !== 0x87,
    isDelivered: received().includes(String(id)),
  };
}

test(`${clients * casesPerClient} cases over live connections agree with the model`, {
  timeout: 1_200_000,
}, async () => {
  const source = new CaseSource(7);
  const differing: string[] = [];
  const seen = { isGranted: 0, mayPublish: 0, isDelivered: 0 };
  await using world = await openAccessWorld({});
  for (let round = 0; round < clients; round += 1) {
    const subject = { user: source.pick(names), clientId: source.pick(names) };
    await useRole(world, subject, source.role());
    const credentials = credentialsOf(subject.user);
    using client = await RawClient.connected(world.port, {
      version: 5,
      clientId: subject.clientId,
      ...credentials,
    });
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: syncTopic, qos: 0 }] });
    await client.take("suback");
    for (let id = 2; id < casesPerClient + 2; id += 1) {
      const [first, second] = [source.role(), source.pick([undefined, undefined, source.role()])];
      const filter = source.filterAt(second ?? first, subject);
      const drawn: Case = { first, second, filter, topic: source.topicIn(filter) };
      const [should, did] = [expected(subject, drawn), await observed(world, client, { subject, drawn, id })];
      if (JSON.stringify(should) !== JSON.stringify(did)) {
        differing.push(JSON.stringify({ subject, drawn, should, did }));
      }
      for (const key of ["isGranted", "mayPublish", "isDelivered"] as const) if (did[key]) seen[key] += 1;
    }
  }
  expect(differing).toEqual([]);
  // Each answer is met often enough to mean something.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(clients / 2);
});
