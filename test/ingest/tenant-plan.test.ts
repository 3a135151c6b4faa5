/** What tenants publish is decoded like what anybody publishes, and what comes of it is theirs. */
import { expect, test } from "vitest";
import { decoders } from "../../src/codec-makers.ts";
import { namedAvailabilityPlan } from "../../src/codecs/named-availability.ts";
import { SparkplugHost } from "../../src/codecs/sparkplug-host.ts";
import type { DecodeTarget, Rejection } from "../../src/core/decode.ts";
import type { DeviceFact } from "../../src/core/fact.ts";
import { routesOfPresets } from "../../src/core/presets.ts";
import { SampleColumns } from "../../src/core/sample.ts";
import { mountOf } from "../../src/core/tenant.ts";
import { DecodePlans } from "../../src/ingest/decode-plans.ts";
import { NamedTopics } from "../../src/ingest/named-topics.ts";
import { parseRoutes } from "../../src/ingest/routes.ts";

class World {
  readonly named = new NamedTopics(() => undefined);
  readonly plans: DecodePlans;
  readonly series: string[] = [];
  readonly facts: DeviceFact[] = [];

  constructor() {
    const routes = parseRoutes(
      [
        { match: "plant/+/+", codec: "json", device: "{2}", unit: "°C" },
        { match: "spBv1.0/#", codec: "sparkplug" },
        { match: "homeassistant/#", codec: "home-assistant" },
        { match: "zigbee2mqtt/#", codec: "zigbee2mqtt" },
      ],
      { presets: routesOfPresets([]) },
    );
    if (!routes.ok) throw new Error(JSON.stringify(routes.problems));
    const named = { topics: this.named, make: namedAvailabilityPlan };
    this.plans = new DecodePlans(routes.value, decoders(new SparkplugHost()), 100, named);
  }

  take(topic: string, payload: string): Rejection | undefined {
    const bytes = Buffer.from(payload);
    const message = { topic, clientId: "c", bytes, start: 0, end: bytes.length };
    const target: DecodeTarget = {
      rows: new SampleColumns(64),
      receivedAt: 0,
      stampAt: Number.NaN,
      stampUnreadable: false,
      ownStamps: false,
      note: (fact) => {
        this.facts.push(fact);
        this.plans.noted(fact);
      },
      series: (device, metric, unit) => this.series.push([device, metric, unit ?? ""].join(" ")) - 1,
    };
    return this.plans.planOf(message).decode(bytes, 0, bytes.length, target);
  }
}

test("routes name devices by the topic as the tenant calls it, and the device is the tenant's", () => {
  const world = new World();
  for (const mount of ["", mountOf("north"), mountOf("south")]) {
    expect(world.take(`${mount}plant/line1/press-7`, '{"t": 1}')).toBeUndefined();
    expect(world.take(`${mount}cellar/t`, "2")).toBeUndefined();
  }
  expect(world.series).toEqual([
    "press-7 t °C",
    "cellar t ",
    "@north/press-7 t °C",
    "@north/cellar t ",
    "@south/press-7 t °C",
    "@south/cellar t ",
  ]);
});

const discovery = JSON.stringify({
  name: "Temperature",
  unique_id: "x",
  state_topic: "z/t",
  availability_topic: "z/there",
  unit_of_measurement: "°C",
  device: { identifiers: ["z"], name: "Sensor" },
});

test("what a tenant's devices announce is said of its own topics and devices only", () => {
  const world = new World();
  expect(world.take("@north/homeassistant/sensor/x/config", discovery)).toBeUndefined();
  const text = JSON.stringify(world.facts);
  expect(world.facts.length).toBeGreaterThan(1);
  expect(text).toContain('"topic":"@north/z/there"');
  expect(text).not.toContain('"topic":"z/');
  for (const mount of [mountOf("north"), mountOf("south"), ""]) world.take(`${mount}z/there`, "online");
  expect(world.series.filter((one) => one.includes("online"))).toEqual(["@north/z online "]);
});

test("Sparkplug of a tenant is refused, and that of the gateway's own clients is not", () => {
  const world = new World();
  expect(world.take("@north/spBv1.0/g/NBIRTH/n", "x")).toMatchObject({ cause: "unsupported" });
  expect(world.take("spBv1.0/g/NBIRTH/n", "x")?.cause).not.toBe("unsupported");
});
