/** Topic aliases towards clients: MQTT 5.0 §§ 3.1.2.11.5, 3.3.2.3.4. */
import { expect, test } from "vitest";
import { outboundAliasesMax } from "../../../src/core/limits.ts";
import { openTestBroker } from "../../broker/harness.ts";
import { connected, messages, publish, subscribed } from "./client.ts";

test("a subscriber that takes aliases is sent a name once, whatever the quality", async () => {
  await using broker = await openTestBroker();
  using client = await connected(broker, { properties: { topicAliasMaximum: 1 } });
  await subscribed(client, "#", { qos: 2 });
  for (const qos of [0, 1, 2] as const) client.send(publish("first", "x", { qos, messageId: 7 }));
  await client.take("publish", 3);
  // There is one alias: other topics keep their names.
  client.send(publish("second", "x"));
  await client.take("publish", 4);
  expect(messages(client).map(({ topic, qos, properties }) => [topic, qos, properties?.topicAlias])).toEqual([
    ["first", 0, 1],
    ["", 1, 1],
    ["", 2, 1],
    ["second", 0, undefined],
  ]);
});

test("[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] no alias is above the client's maximum, and none is given without one", async () => {
  await using broker = await openTestBroker();
  for (const [properties, most] of [
    [{ topicAliasMaximum: 3 }, 3],
    [{ topicAliasMaximum: 65_535 }, outboundAliasesMax],
    [{ topicAliasMaximum: 0 }, 0],
    [{}, 0],
  ] as const) {
    using client = await connected(broker, { properties });
    await subscribed(client, "#");
    for (let index = 0; index < 20; index += 1) client.send(publish(`topic/${index % 19}`, "x"));
    await client.take("publish", 20);
    const aliases = messages(client).flatMap(({ properties: own }) => own?.topicAlias ?? []);
    expect(new Set(aliases).size).toBe(most);
    expect(Math.max(0, ...aliases)).toBe(most);
  }
});

test("an alias holds for one connection", async () => {
  await using broker = await openTestBroker();
  for (let connection = 0; connection < 2; connection += 1) {
    using client = await connected(broker, { properties: { topicAliasMaximum: 5 } });
    await subscribed(client, "#");
    client.send(publish("first", "x"));
    expect(await client.take("publish")).toMatchObject([{ topic: "first", properties: { topicAlias: 1 } }]);
  }
});
