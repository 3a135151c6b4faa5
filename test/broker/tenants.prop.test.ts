/**
 * Tenants are alone: whatever the clients of one do, over live connections and restarts, they are answered and sent
 * exactly what they would be at a broker that serves nobody else.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Access } from "../../src/access/access.ts";
import type { AccessDefinition } from "../../src/core/access/definition.ts";
import { credentialsOf, roleOf, userOf } from "../support/access-world.ts";
import { quietLogger } from "../support/quiet-logger.ts";
import { openSessionBroker, type SessionBroker } from "../support/session-broker.ts";
import type { SessionClient } from "../support/session-client.ts";
import { temporaryDirectory } from "../support/stores.ts";
import { until } from "../support/until.ts";

const runs = process.env["HOLDFAST_FAULT_RUN"] === "long" ? 300 : 8;

const tenants = ["north", "south"] as const;
type Tenant = (typeof tenants)[number];

/** Of each tenant: a user who may do everything, and one with few grants. Their client ids are the same in both. */
const users = ["all", "few"] as const;
const clientIds = ["a", "b"] as const;
const topics = ["t", "t", "t/a", "t/a", "t/b/x", "u", "/t", "holdfast/x", "@south/t", "$x"] as const;
const filters = [
  "#",
  "t/#",
  "#",
  "+",
  "t/#",
  "t/+",
  "t/a",
  "+/+/x",
  "u",
  "/#",
  "@south/#",
  "@north/t",
  "holdfast/#",
  "$x",
] as const;

interface Actor {
  readonly tenant: Tenant;
  readonly user: (typeof users)[number];
  readonly clientId: (typeof clientIds)[number];
}

type Step =
  | { readonly do: "connect"; readonly by: Actor; readonly clean: boolean; readonly will: string | undefined }
  | { readonly do: "subscribe"; readonly by: Actor; readonly filter: string; readonly qos: 0 | 1 | 2 }
  | { readonly do: "unsubscribe"; readonly by: Actor; readonly filter: string }
  | {
      readonly do: "publish";
      readonly by: Actor;
      readonly topic: string;
      readonly qos: 0 | 1 | 2;
      readonly retain: boolean;
      readonly isEmpty: boolean;
      readonly hasProperties: boolean;
    }
  | { readonly do: "leave" | "cut"; readonly by: Actor }
  | { readonly do: "operator"; readonly topic: string; readonly retain: boolean }
  | { readonly do: "restart" };

/** Mostly each user has its client id; now and then one comes with that of the other. */
const actor: fc.Arbitrary<Actor> = fc
  .record({ tenant: fc.constantFrom(...tenants), clientId: fc.constantFrom(...clientIds), isOdd: fc.nat(9) })
  .map(({ tenant, clientId, isOdd }) => ({
    tenant,
    clientId,
    user: (clientId === "a") === isOdd > 0 ? "all" : "few",
  }));
const qos = fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2);
const topic = fc.constantFrom(...topics);
const filter = fc.constantFrom(...filters);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      by: actor,
      clean: fc.boolean(),
      will: fc.option(topic, { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("subscribe" as const), by: actor, filter, qos }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unsubscribe" as const), by: actor, filter }) },
  {
    weight: 16,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      by: actor,
      topic,
      qos,
      retain: fc.boolean(),
      isEmpty: fc.nat(9).map((value) => value === 0),
      hasProperties: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "cut" as const), by: actor }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("operator" as const),
      topic: fc.constantFrom("t", "u", "@north", "@east/t"),
      retain: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

async function accessFor(isShared: boolean, of: readonly Tenant[]): Promise<Access> {
  const all = of.flatMap((tenant) => users.map((user) => ({ tenant, user })));
  const definition: AccessDefinition = {
    roles: [
      roleOf({ name: "all", publish: ["#"], subscribe: ["#"] }),
      roleOf({ name: "few", publish: ["t/%c", "u"], subscribe: ["t/#", "u"], receive: ["t/+"] }),
    ],
    users: await Promise.all([
      ...all.map(({ tenant, user }) =>
        userOf({ name: `${tenant}-${user}`, roles: [user], ...(isShared ? { tenant } : {}) }),
      ),
      userOf({ name: "operator", roles: ["all"] }),
    ]),
    certificateRoles: [],
    tokens: [],
    claims: [],
    tenants: [],
  };
  const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  return new Access({ definition, clock, random: () => 0.5, logger: quietLogger });
}

/** What one client has been told. */
interface Seen {
  readonly connected: boolean;
  readonly answers: readonly string[];
  readonly arrivals: readonly string[];
}

/** A broker, and clients that do what they are told. */
class World {
  readonly broker: SessionBroker;
  readonly #clients = new Map<string, SessionClient>();
  /** What each has been answered. */
  readonly #answers = new Map<string, string[]>();
  #sent = 0;

  constructor(broker: SessionBroker) {
    this.broker = broker;
  }

  static async open(isShared: boolean, of: readonly Tenant[]): Promise<World> {
    const { gatekeeper } = await accessFor(isShared, of);
    const listeners = [{ protocol: "mqtt", host: "127.0.0.1", port: 0, anonymous: false }] as const;
    // Whether a client is back before its will is due is a race; that of a restart has a test of its own.
    const timings = { willGraceMs: 600_000 };
    const options = { gatekeeper, listeners, timings };
    return new World(await openSessionBroker(await temporaryDirectory(), options));
  }

  client({ tenant, user, clientId }: Actor): SessionClient {
    const key = `${tenant} ${user} ${clientId}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      const version = clientId === "a" ? 4 : 5;
      client = this.broker.client(clientId, { version, connect: credentialsOf(`${tenant}-${user}`) });
      this.#clients.set(key, client);
      this.#answers.set(key, []);
    }
    return client;
  }

  #note({ tenant, user, clientId }: Actor, answer: string): void {
    this.#answers.get(`${tenant} ${user} ${clientId}`)?.push(answer);
  }

  async take(step: Step, number: number): Promise<void> {
    if (step.do === "restart") {
      await this.broker.restart();
      this.#reopen();
      return;
    }
    if (step.do === "operator") {
      this.broker.broker.publish({
        topic: step.topic,
        payload: `operator ${number}`,
        qos: 1,
        retain: step.retain,
      });
      return;
    }
    const client = this.client(step.by);
    if (step.do === "connect") {
      if (!client.connected) await this.#connect(step, client, number);
      return;
    }
    // Who has something to say or to hear connects for it.
    if (!client.connected && (step.do === "subscribe" || step.do === "publish")) {
      await this.#connect(
        { do: "connect", by: step.by, clean: false, will: number % 2 === 0 ? "t/a" : undefined },
        client,
        number,
      );
    }
    if (!client.connected) return;
    this.#sent += 1;
    const messageId = this.#sent;
    const { by } = step;
    if (step.do === "leave") await client.leave();
    else if (step.do === "cut") await client.cut();
    else if (step.do === "subscribe") {
      client.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: step.filter, qos: step.qos }] });
      this.#note(by, JSON.stringify(await answerTo(client, "suback", messageId)));
    } else if (step.do === "unsubscribe") {
      client.send({ cmd: "unsubscribe", messageId, unsubscriptions: [step.filter] });
      this.#note(by, JSON.stringify(await answerTo(client, "unsuback", messageId)));
    } else if (step.do === "publish") await this.#publish(step, client, { messageId, number });
  }

  async #connect(
    { by, clean, will }: Extract<Step, { do: "connect" }>,
    client: SessionClient,
    number: number,
  ): Promise<void> {
    const isLong = by.clientId === "b" && !clean ? { properties: { sessionExpiryInterval: 1_000 } } : {};
    const hasWill =
      will === undefined || /^[$@]|^holdfast/.test(will)
        ? {}
        : { will: { topic: will, payload: Buffer.from(`will ${number}`), qos: 1, retain: false } };
    const outcome = await client.connect({ clean, ...isLong, ...hasWill }).then(
      () => `connected ${client.sessionPresent}`,
      () => "refused",
    );
    this.#note(by, outcome);
  }

  async #publish(
    { by, topic: to, qos: quality, retain, isEmpty, hasProperties }: Extract<Step, { do: "publish" }>,
    client: SessionClient,
    { messageId, number }: { readonly messageId: number; readonly number: number },
  ): Promise<void> {
    const isFive = by.clientId === "b";
    const properties =
      isFive && hasProperties ? { properties: { topicAlias: 1, userProperties: { a: "b" } } } : {};
    const common = { qos: quality, retain, dup: false, ...(quality > 0 ? { messageId } : {}) };
    client.send({
      cmd: "publish",
      topic: to,
      payload: Buffer.from(isEmpty ? "" : `${number}`),
      ...common,
      ...properties,
    });
    if (quality === 0) return;
    const answer = await answerTo(client, quality === 1 ? "puback" : "pubrec", messageId);
    this.#note(by, JSON.stringify(answer));
    if (quality === 2 && answer !== "closed" && !String(answer).startsWith("1")) {
      client.send({ cmd: "pubrel", messageId });
      await answerTo(client, "pubcomp", messageId);
    }
    if (isFive && hasProperties && client.connected) {
      // Once more, by its alias alone.
      client.send({
        cmd: "publish",
        topic: "",
        payload: Buffer.from(`${number} again`),
        qos: 0,
        retain: false,
        dup: false,
        properties: { topicAlias: 1 },
      });
    }
  }

  /** Ports are others after a restart: clients are made anew, and keep what they have received. */
  #reopen(): void {
    for (const [key, client] of Array.from(this.#clients)) {
      const [tenant, user, clientId] = key.split(" ") as [Tenant, Actor["user"], Actor["clientId"]];
      client[Symbol.dispose]();
      this.#clients.delete(key);
      const answers = this.#answers.get(key) ?? [];
      const next = this.client({ tenant, user, clientId });
      next.arrivals.push(...client.arrivals);
      this.#answers.set(key, answers);
    }
  }

  /** Everything that clients of a tenant have seen. */
  seenBy(tenant: Tenant): Readonly<Record<string, Seen>> {
    const own = [...this.#clients].filter(([key]) => key.startsWith(`${tenant} `));
    const seen = own.map(([key, client]): [string, Seen] => {
      const answers = this.#answers.get(key) ?? [];
      const arrivals = client.arrivals.map(
        ({ topic: at, payload, qos: quality, retain }) => `${at} ${payload} ${quality} ${retain}`,
      );
      return [key, { connected: client.connected, answers, arrivals: arrivals.toSorted() }];
    });
    return Object.fromEntries(seen.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }
}

async function answerTo(client: SessionClient, cmd: string, messageId: number): Promise<unknown> {
  const found = (): unknown =>
    client.packets.find((packet) => packet.cmd === cmd && packet.messageId === messageId);
  await until(`${cmd} ${messageId}`, () => found() !== undefined || !client.connected);
  const packet = found() as { granted?: unknown; reasonCode?: number } | undefined;
  return packet === undefined ? "closed" : (packet.granted ?? packet.reasonCode ?? 0);
}

test(`clients of a tenant see what they would see alone: ${runs} scripts`, { timeout: 900_000 }, async () => {
  const seen = { messages: 0, retained: 0, wills: 0, restored: 0, refusals: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 80, maxLength: 140 }), async (script) => {
      const shared = await World.open(true, tenants);
      const alone = { north: await World.open(false, ["north"]), south: await World.open(false, ["south"]) };
      try {
        for (const [number, one] of script.entries()) {
          const concerned =
            "by" in one ? [alone[one.by.tenant]] : one.do === "restart" ? Object.values(alone) : [];
          await Promise.all([shared, ...concerned].map((world) => world.take(one, number)));
          for (const tenant of tenants) {
            await until(
              `${tenant} sees the same after step ${number}`,
              () => JSON.stringify(shared.seenBy(tenant)) === JSON.stringify(alone[tenant].seenBy(tenant)),
              { withinMs: 3_000, everyMs: 2 },
            ).catch(() => undefined);
            expect(shared.seenBy(tenant)).toEqual(alone[tenant].seenBy(tenant));
          }
        }
        for (const tenant of tenants) {
          for (const { answers, arrivals } of Object.values(shared.seenBy(tenant))) {
            seen.messages += arrivals.length;
            seen.retained += arrivals.filter((arrival) => arrival.endsWith("true")).length;
            seen.wills += arrivals.filter((arrival) => arrival.includes(" will ")).length;
            seen.restored += answers.filter((answer) => answer === "connected true").length;
            seen.refusals += answers.filter((answer) => /128|135|refused|closed/.test(answer)).length;
          }
        }
      } finally {
        for (const world of [shared, ...Object.values(alone)]) await world.broker.close();
      }
    }),
    { numRuns: runs, endOnFailure: true },
  );
  // Each kind is met often enough to mean something.
  expect(Object.entries(seen).filter(([, count]) => count < runs / 4)).toEqual([]);
});
