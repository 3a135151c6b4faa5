/** What ten thousand devices in the registry cost in memory, beside the same series of a single device. */
import { FoldState } from "../../src/core/fold/state.ts";
import type { DeviceFact } from "../../src/core/fact.ts";
import { RowFlag, SampleColumns, type SeriesDefinition, ValueKind } from "../../src/core/sample.ts";
import { recordOf } from "../support/records.ts";
import { record } from "./history.ts";
import { memoryBytes } from "./memory.ts";

const devices = 10_000;
const metrics = ["temperature", "battery"];
const startAt = 1_762_000_000_000;

export async function measureRegistry(): Promise<void> {
  const alone = registryBytes(() => "gateway/alone", false);
  const many = registryBytes((index) => `plant/line-${index % 40}/sensor-${index}`, true);
  await record({
    metric: "registry-mb-of-10000-devices",
    value: (many - alone) / 1e6,
    target: "<= 40",
    detail: { devices, seriesEach: metrics.length, factsEach: 2 },
  });
}

/** Memory of a state with 20,000 series that have each sent ten times. */
function registryBytes(deviceOf: (index: number) => string, described: boolean): number {
  const before = memoryBytes();
  const state = new FoldState();
  state.step(recordOf({ seq: 1, settings: { rules: [], rollups: [], devices: [] } }));
  for (let round = 0; round < 10; round += 1) {
    for (let from = 0; from < devices; from += 1_000) {
      const indexes = Array.from({ length: 1_000 }, (_, offset) => from + offset);
      const definitions = round > 0 ? [] : indexes.flatMap((index) => seriesOf(index, deviceOf, described));
      const facts = round > 0 || !described ? [] : indexes.flatMap((index) => factsOf(deviceOf(index)));
      const rows = rowsOf(from, startAt + round * 60_000 + from);
      const part = { rows, definitions, facts, at: startAt + round * 60_000 + from };
      const next = recordOf({ seq: state.seq + 1, monotonicMs: round * 60_000 + from, ...part });
      state.admit(next, "new");
      state.step(next);
    }
  }
  const bytes = memoryBytes() - before;
  if (state.seriesCount !== devices * metrics.length) throw new Error("series are missing");
  return bytes;
}

/** Of a single device the metrics differ, so that there are as many series. */
function seriesOf(
  index: number,
  deviceOf: (index: number) => string,
  described: boolean,
): SeriesDefinition[] {
  const device = deviceOf(index);
  return metrics.map((metric, which) => ({
    id: index * metrics.length + which,
    device,
    metric: described ? metric : `${metric}-${index}`,
    topic: device,
  }));
}

function factsOf(device: string): DeviceFact[] {
  return [
    {
      kind: "identity",
      source: "discovery",
      device,
      label: `Sensor of ${device}`,
      vendor: "Acme",
      model: "T1",
    },
    {
      kind: "metric",
      source: "discovery",
      of: { topic: device, path: "temperature" },
      unit: "°C",
      class: "temperature",
    },
  ];
}

function rowsOf(from: number, at: number): SampleColumns {
  const rows = new SampleColumns(2_048);
  for (let id = from * metrics.length; id < (from + 1_000) * metrics.length; id += 1) {
    rows.push(id, ValueKind.number, 20 + (id % 7));
  }
  rows.stamp(0, at, RowFlag.stamped);
  return rows;
}
