import { expect, test } from "vitest";
import { type DeviceView, deviceViews } from "../../../src/core/device-view.ts";
import type { DeviceFact } from "../../../src/core/fact.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../../src/core/sample.ts";
import type { ProfileSchema } from "../../../src/core/schema.ts";
import { dayStart, FoldHarness, told } from "../../support/fold-harness.ts";
import { recordOf, ruleOf, sourceOf } from "../../support/records.ts";

/** The registry of a harness, by device. */
function registryOf(state: FoldState, seconds: number): Readonly<Record<string, DeviceView>> {
  const views = deviceViews({
    series: state.series(),
    catalogue: state.catalogue,
    runningMs: state.runningMsAt(seconds * 1_000),
    profileOf: (id) => (id === "acme/t1" ? { vendor: "Acme", model: "T1" } : undefined),
  });
  return Object.fromEntries(views.map((view) => [view.device, view]));
}

test("a device appears with its metrics, when it was seen first and last, and how often it sends", () => {
  const gateway = new FoldHarness({ rules: [] });
  for (let seconds = 0; seconds <= 100; seconds += 10) gateway.sample(seconds, "a", 5);
  gateway.sample(105, "a battery", 81);
  gateway.sample(106, "a uplink.rssi", -70);
  const { a } = registryOf(gateway.state, 106);
  expect(a).toMatchObject({
    label: "a",
    firstSeen: dayStart,
    lastSeen: dayStart + 106_000,
    battery: 81,
    link: -70,
    online: true,
    onlineBy: "interval",
  });
  expect(a!.intervalMs).toBeGreaterThan(5_000);
  expect(a!.intervalMs).toBeLessThan(11_000);
  expect(a!.metrics.map(({ metric }) => metric)).toEqual(["temperature", "battery", "uplink.rssi"]);
});

test("a device is gone after three of its intervals in silence, and never before a minute", () => {
  const gateway = new FoldHarness({ rules: [] });
  for (let seconds = 0; seconds <= 600; seconds += 60) gateway.sample(seconds, "a", 5);
  for (let seconds = 601; seconds <= 610; seconds += 1) gateway.sample(seconds, "b", 5);
  const onlineAt = (seconds: number): unknown[] => {
    const { a, b } = registryOf(gateway.state, seconds);
    return [a?.online, b?.online];
  };
  expect(onlineAt(669)).toEqual([true, true]);
  expect(onlineAt(671)).toEqual([true, false]);
  expect(onlineAt(781)).toEqual([false, false]);
});

test("what a device has said of being there counts until it sends again", () => {
  const gateway = new FoldHarness({ rules: [] });
  const say = (seconds: number, online: boolean): void => {
    const rows = new SampleColumns(1);
    rows.push(1, ValueKind.boolean, online ? 1 : 0);
    rows.stamp(0, dayStart + seconds * 1_000, 0);
    const record = recordOf({
      seq: gateway.state.seq + 1,
      at: dayStart + seconds * 1_000,
      monotonicMs: seconds * 1_000,
      rows,
      definitions: seconds === 1 ? [{ id: 1, device: "a", metric: "online" }] : [],
    });
    gateway.state.admit(record, "new");
    gateway.state.step(record);
  };
  gateway.sample(0, "a", 5);
  expect(registryOf(gateway.state, 0)["a"]).toMatchObject({ online: null, onlineBy: null });
  say(1, true);
  expect(registryOf(gateway.state, 2)["a"]).toMatchObject({ online: true, onlineBy: "said" });
  say(3, false);
  expect(registryOf(gateway.state, 4)["a"]).toMatchObject({ online: false, onlineBy: "said" });
  gateway.sample(5, "a", 5);
  expect(registryOf(gateway.state, 6)["a"]).toMatchObject({ online: true });
});

test("time that the gateway was off is no silence of a device", () => {
  const gateway = new FoldHarness({ rules: [] });
  for (let seconds = 0; seconds <= 60; seconds += 10) gateway.sample(seconds, "a", 5);
  gateway.boot(7_200);
  const views = deviceViews({
    series: gateway.state.series(),
    catalogue: gateway.state.catalogue,
    runningMs: gateway.state.runningMsAt(1_000),
    profileOf: () => undefined,
  });
  expect(views[0]?.online).toBe(true);
});

test("a name and tags that people give a device stand above the configuration, and can be taken back", () => {
  const devices = [{ match: ["*"], tags: { site: "north", floor: "1" }, parameters: {} }];
  const gateway = new FoldHarness({ rules: [], devices });
  gateway.sample(0, "a", 5);
  const by = "somebody";
  gateway.command({
    kind: "describe-device",
    device: "a",
    label: "Cellar",
    tags: { site: "south", door: "2" },
    by,
  });
  const tags = { site: "south", floor: "1", door: "2" };
  expect(registryOf(gateway.state, 1)["a"]).toMatchObject({ label: "Cellar", tags });
  gateway.edit({ devices: [{ ...devices[0]!, tags: { site: "east" } }] });
  expect(registryOf(gateway.state, 1)["a"]?.tags).toEqual({ site: "south", door: "2" });
  const restored = FoldState.restore(gateway.state.snapshot())!;
  expect(registryOf(restored, 1)["a"]).toMatchObject({ label: "Cellar", tags: { site: "south", door: "2" } });
  gateway.command({ kind: "describe-device", device: "a", label: null, tags: { site: null }, by });
  expect(registryOf(gateway.state, 1)["a"]).toMatchObject({ label: "a", tags: { site: "east", door: "2" } });
});

test("tags that people give decide which rules a device meets", () => {
  const rules = [ruleOf({ sources: [sourceOf({ tags: { kind: ["freezer"] } })] })];
  const gateway = new FoldHarness({ rules });
  gateway.sample(0, "a", 20);
  expect(told(gateway.passTo(200))).toEqual([]);
  gateway.command({ kind: "describe-device", device: "a", tags: { kind: "freezer" }, by: "somebody" });
  gateway.sample(210, "a", 20);
  expect(told(gateway.passTo(400))).toEqual(["warm a firing warning"]);
});

test("a device that is removed is forgotten, its alerts are resolved, and it comes back as a new one", () => {
  const gateway = new FoldHarness({ rules: [ruleOf({})], rollups: ["1m"] });
  gateway.sample(0, "a", 20);
  gateway.sample(0, "b", 1);
  expect(told(gateway.passTo(150))).toEqual(["warm a firing warning"]);
  gateway.sample(151, "a", 20);
  const removed = gateway.command({ kind: "remove-device", device: "a", by: "somebody" });
  expect(told(removed)).toEqual(["warm a resolved warning"]);
  expect(Object.keys(registryOf(gateway.state, 160))).toEqual(["b"]);
  expect(gateway.state.seriesCount).toBe(1);
  gateway.sample(300, "a", 20);
  expect(registryOf(gateway.state, 300)["a"]?.firstSeen).toBe(dayStart + 300_000);
  expect(Array.from(gateway.state.series(), ({ definition }) => definition.id)).toEqual([1, 2]);
});

test("what still comes under the number of a removed device changes nothing but the log", () => {
  const gateway = new FoldHarness({ rules: [ruleOf({})], rollups: ["1m"] });
  gateway.sample(0, "a", 20);
  gateway.command({ kind: "remove-device", device: "a", by: "somebody" });
  const before = gateway.state.snapshot().length;
  const rows = new SampleColumns(1);
  rows.push(0, ValueKind.number, 99);
  rows.stamp(0, dayStart + 1_000, RowFlag.stamped);
  const record = recordOf({
    seq: gateway.state.seq + 1,
    at: dayStart + 1_000,
    monotonicMs: 1_000,
    rows,
  });
  expect(gateway.state.admit(record, "new")).toEqual({ duplicates: 0, suppressed: 0, corrected: 0 });
  expect(gateway.state.step(record)).toMatchObject({ alerts: [], summaries: [] });
  expect(Math.abs(gateway.state.snapshot().length - before)).toBeLessThan(8);
});

test("a command to a device that is not there changes nothing, and is counted", () => {
  const gateway = new FoldHarness({ rules: [] });
  gateway.command({ kind: "remove-device", device: "a", by: "somebody" });
  gateway.command({ kind: "describe-device", device: "a", label: "A", by: "somebody" });
  expect(gateway.state.unmetCommandCount).toBe(2);
});

test("of what is said about a device the most believed source counts, and other units are shown", () => {
  const gateway = new FoldHarness({ rules: [] });
  gateway.sample(0, "a", 5);
  const of = { device: "a", metric: "temperature" };
  const facts: readonly DeviceFact[] = [
    { kind: "metric", source: "inventory", of, unit: "K", label: "Temp" },
    { kind: "metric", source: "discovery", of: { topic: "plant/a", path: "temperature" }, unit: "°C" },
    { kind: "identity", source: "payload", device: "a", model: "x", vendor: "Guess" },
    { kind: "identity", source: "homie", device: "a", label: "Cellar", model: "X-1" },
  ];
  gateway.state.step(recordOf({ seq: gateway.state.seq + 1, facts }));
  const { a } = registryOf(gateway.state, 1);
  expect(a).toMatchObject({ label: "Cellar", vendor: "Guess", model: "X-1" });
  expect(a?.metrics).toEqual([
    { metric: "temperature", unit: "°C", label: "Temp", conflicts: [{ source: "inventory", unit: "K" }] },
  ]);
});

const schema = (version: number, unit: string): ProfileSchema => ({
  id: "acme/t1",
  version,
  digest: `${version}-${unit}`,
  metrics: [{ name: "temperature", unit, type: "number" }],
});
const ofProfile: SeriesDefinition = {
  id: 0,
  device: "a",
  metric: "temperature",
  unit: "°C",
  profile: "acme/t1",
};

function settled(state: FoldState, profiles: readonly ProfileSchema[], part: object = {}): void {
  state.step(
    recordOf({ seq: state.seq + 1, settings: { rules: [], rollups: [], devices: [], profiles }, ...part }),
  );
}

test("it is known which version of a profile decoded the samples of a record", () => {
  const state = new FoldState();
  settled(state, [schema(1, "°C")], { definitions: [ofProfile] });
  state.step(recordOf({ seq: 2 }));
  settled(state, [schema(2, "°C")]);
  settled(state, []);
  settled(state, [schema(2, "°C")]);
  expect([1, 2, 3, 4, 5].map((seq) => state.schemas.versionAt("acme/t1", seq))).toEqual([1, 1, 2, 2, 2]);
  const periods = state.schemas.all().map(({ version, fromSeq, toSeq }) => [version, fromSeq, toSeq]);
  expect(periods).toEqual([
    [1, 1, 3],
    [2, 3, 4],
    [2, 5, undefined],
  ]);
  expect(state.seriesCount).toBe(0);
  const restored = FoldState.restore(state.snapshot())!;
  expect(restored.schemas.all()).toEqual(state.schemas.all());
});

test("a metric that means something else from now on begins a new series", () => {
  const state = new FoldState();
  settled(state, [schema(1, "°C")]);
  const record = recordOf({ seq: 2, definitions: [ofProfile] });
  state.admit(record, "new");
  state.step(record);
  settled(state, [schema(2, "°C")]);
  expect(state.takeRetired()).toEqual([]);
  settled(state, [schema(3, "K")]);
  expect(state.takeRetired()).toEqual([ofProfile]);
  expect([state.seriesCount, state.deviceCount, state.nextSeries]).toEqual([0, 0, 1]);
});
