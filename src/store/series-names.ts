/** A series' definition without its number, as log records and the table of series hold it. */
import { seriesDefinition } from "../core/series.ts";
import type { SeriesDefinition } from "../core/sample.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** Which of the optional parts follow. */
const Part = { unit: 1, topic: 2, profile: 4 } as const;

export function writeSeriesNames(writer: ByteWriter, definition: SeriesDefinition): void {
  const { device, metric, unit, topic, profile } = definition;
  writer.text(device);
  writer.text(metric);
  writer.byte(
    (unit === undefined ? 0 : Part.unit) |
      (topic === undefined ? 0 : Part.topic) |
      (profile === undefined ? 0 : Part.profile),
  );
  if (unit !== undefined) writer.text(unit);
  if (topic !== undefined) writer.text(topic);
  if (profile !== undefined) writer.text(profile);
}

export function readSeriesNames(reader: ByteReader, id: number): SeriesDefinition {
  const device = reader.text();
  const metric = reader.text();
  const parts = reader.byte();
  const unit = (parts & Part.unit) === 0 ? undefined : reader.text();
  const topic = (parts & Part.topic) === 0 ? undefined : reader.text();
  const profile = (parts & Part.profile) === 0 ? undefined : reader.text();
  return seriesDefinition({ id, device, metric, unit, topic, profile });
}
