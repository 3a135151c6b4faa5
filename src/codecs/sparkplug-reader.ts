/**
 * Reads Sparkplug B payloads: protocol buffers, of which only what holdfast uses is kept.
 *
 * Members of templates, and of data sets with one row, follow the metric that they belong to. Of properties
 * quality, unit and label are read. Other fields, extensions among them, are passed over. A field that is
 * known and has another wire type than its own makes the payload malformed.
 *
 * Source: Sparkplug 3.0.0, § 6.4 and its `sparkplug_b.proto`.
 */
import { PbfReader } from "pbf";
import type { RejectCause, Rejection } from "../core/decode.ts";
import {
  birthMetricsMax,
  nameCharactersMax,
  packetBytesMax,
  payloadDepthMax,
  payloadStringBytesMax,
} from "../core/limits.ts";
import { rejected } from "./rejection.ts";
import { inflated } from "./sparkplug-compression.ts";
import { type SparkplugMetric, SparkplugPayload, ValueField } from "./sparkplug-payload.ts";
import { isText, viewOf } from "./text.ts";

/** Source: protobuf.dev, "Encoding", "Message structure". */
const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Wire types of the fields of `Payload`, `Metric`, and of the values in data sets and properties, from field 1. */
const payloadTypes = [WireType.varint, WireType.bytes, WireType.varint, WireType.bytes, WireType.bytes];
const valueTypes = [
  WireType.varint,
  WireType.varint,
  WireType.fixed32,
  WireType.fixed64,
  WireType.varint,
  WireType.bytes,
];
const metricTypes = [
  WireType.bytes,
  ...Array.from({ length: 6 }, () => WireType.varint),
  WireType.bytes,
  WireType.bytes,
  ...valueTypes,
  ...Array.from({ length: 4 }, () => WireType.bytes),
];
const propertyTypes = [WireType.varint, WireType.varint, ...valueTypes];
const keysAndValues = [WireType.bytes, WireType.bytes];
const templateTypes = [WireType.bytes, WireType.bytes, WireType.bytes, WireType.bytes, WireType.varint];
const rowTypes = [WireType.bytes];

const compressedUuid = "SPBV1.0_COMPRESSED";

/** What a property is read for. */
const Role = { none: 0, quality: 1, unit: 2, label: 3 } as const;
const roles: ReadonlyMap<string, number> = new Map([
  ["Quality", Role.quality],
  ["quality", Role.quality],
  ["engUnit", Role.unit],
  ["Engineering Units", Role.unit],
  ["displayName", Role.label],
  ["Display Name", Role.label],
]);

/** Ends the reading of a payload; caught by {@link SparkplugReader.read}. */
class Refusal extends Error {
  readonly rejection: Rejection;

  constructor(cause: RejectCause, detail: string) {
    super(detail);
    this.rejection = rejected(cause, detail);
  }
}

/** One object reads payload after payload. */
export class SparkplugReader {
  /** What was read last. */
  readonly payload: SparkplugPayload = new SparkplugPayload();
  #reader: PbfReader = new PbfReader(new Uint8Array());
  #uuid = "";
  #bodyFrom = 0;
  #bodyTo = 0;
  readonly #roles: number[] = [];

  /**
   * Reads `bytes[start, end)` into {@link SparkplugReader.payload}, which is valid until the next call and as
   * long as the bytes are.
   *
   * @returns A rejection: `empty`, `too-large`, `malformed`, `invalid-text`, `too-deep`, `too-many-items`, or
   *   `unsupported` for a compression that is none of the specification's.
   */
  read(bytes: Uint8Array, start: number, end: number): Rejection | undefined {
    if (start === end) return rejected("empty", "The payload is empty.");
    if (end - start > packetBytesMax) {
      return rejected("too-large", `The payload is longer than ${packetBytesMax} bytes.`);
    }
    try {
      this.#readPayload(bytes, start, end);
      if (this.#uuid === compressedUuid) this.#readCompressed();
      return undefined;
    } catch (error) {
      // The library throws at what ends in the middle; nothing else in here throws.
      return error instanceof Refusal ? error.rejection : malformed().rejection;
    }
  }

  /** Lets go of the bytes that were read. */
  release(): void {
    this.payload.clear(noBytes);
    this.#reader = idleReader;
  }

  #readCompressed(): void {
    const { at, seq } = this.payload;
    const { payload } = this;
    const algorithm = payload.named("algorithm");
    const name =
      algorithm?.field === ValueField.string ? this.#text(algorithm.from, algorithm.to) : "DEFLATE";
    const body = inflated(payload.bytes.subarray(this.#bodyFrom, this.#bodyTo), name);
    if (!(body instanceof Uint8Array)) throw new Refusal(body.cause, body.detail);
    this.#readPayload(body, 0, body.length);
    if (this.#uuid === compressedUuid) throw new Refusal("unsupported", "The payload is compressed twice.");
    if (Number.isNaN(payload.at)) payload.at = at;
    payload.seq ??= seq;
  }

  #readPayload(bytes: Uint8Array, start: number, end: number): void {
    const { payload } = this;
    payload.clear(bytes);
    this.#uuid = "";
    this.#bodyFrom = 0;
    this.#bodyTo = 0;
    const reader = new PbfReader(bytes);
    this.#reader = reader;
    reader.pos = start;
    while (reader.pos < end) {
      switch (this.#nextField(payloadTypes, end)) {
        case 1:
          payload.at = reader.readVarint();
          break;
        case 2:
          this.#readMetric(this.#endOfPart(end), -1, 1);
          break;
        case 3:
          payload.seq = reader.readVarint() & 0xff;
          break;
        case 4:
          this.#uuid = this.#readText(end);
          break;
        case 5:
          this.#bodyTo = this.#endOfPart(end);
          this.#bodyFrom = reader.pos;
          reader.pos = this.#bodyTo;
          break;
        default:
          reader.skip(reader.type);
      }
      if (reader.pos > end) throw malformed();
    }
  }

  #readMetric(end: number, within: number, depth: number): void {
    const { payload } = this;
    const reader = this.#reader;
    if (payload.count >= birthMetricsMax) {
      throw new Refusal("too-many-items", `The payload holds more than ${birthMetricsMax} metrics.`);
    }
    const index = payload.count;
    const metric = payload.add(within);
    while (reader.pos < end) {
      const field = this.#nextField(metricTypes, end);
      switch (field) {
        case 1:
          metric.name = this.#readText(end);
          break;
        case 2:
          metric.alias = reader.readVarint();
          break;
        case 3:
          metric.at = reader.readVarint();
          break;
        case 4:
          metric.datatype = reader.readVarint();
          break;
        case 5:
          metric.historical = reader.readBoolean();
          break;
        case 7:
          metric.isNull = reader.readBoolean();
          break;
        case 9:
          this.#readProperties(metric, this.#endOfPart(end));
          break;
        case ValueField.dataSet:
          metric.field = field;
          this.#readDataSet(index, this.#endOfPart(end));
          break;
        case ValueField.template:
          metric.field = field;
          this.#readTemplate(index, this.#endOfPart(end), depth + 1);
          break;
        default:
          if (field >= ValueField.int && field <= ValueField.extension) this.#readValue(metric, field, end);
          else reader.skip(reader.type);
      }
      if (reader.pos > end) throw malformed();
    }
    if (metric.alias > Number.MAX_SAFE_INTEGER) {
      throw new Refusal("unsupported", "A metric has an alias beyond 2^53.");
    }
  }

  /** Reads a value that is no container. */
  #readValue(metric: SparkplugMetric, field: number, end: number): void {
    const reader = this.#reader;
    metric.field = field;
    metric.from = reader.pos;
    switch (field) {
      case ValueField.int:
      case ValueField.long:
        metric.number = reader.readVarint(true);
        break;
      case ValueField.float:
        metric.number = reader.readFloat();
        break;
      case ValueField.double:
        metric.number = reader.readDouble();
        break;
      case ValueField.boolean:
        metric.number = reader.readBoolean() ? 1 : 0;
        break;
      default:
        metric.to = this.#endOfPart(end);
        metric.from = reader.pos;
        reader.pos = metric.to;
        if (field === ValueField.string && !isText(reader.buf, metric.from, metric.to)) throw notText();
    }
  }

  /** Reads quality, unit and label. Keys stand before the values that they belong to. */
  #readProperties(metric: SparkplugMetric, end: number): void {
    const reader = this.#reader;
    let valueCount = 0;
    this.#roles.length = 0;
    while (reader.pos < end) {
      switch (this.#nextField(keysAndValues, end)) {
        case 1:
          this.#roles.push(roles.get(this.#readText(end)) ?? Role.none);
          break;
        case 2: {
          const valueEnd = this.#endOfPart(end);
          const role = this.#roles[valueCount] ?? Role.none;
          valueCount += 1;
          if (role === Role.none) reader.pos = valueEnd;
          else this.#readProperty(metric, role, valueEnd);
          break;
        }
        default:
          reader.skip(reader.type);
      }
      if (reader.pos > end) throw malformed();
    }
  }

  #readProperty(metric: SparkplugMetric, role: number, end: number): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const field = this.#nextField(propertyTypes, end);
      if (role === Role.quality && (field === 3 || field === 4)) metric.quality = reader.readVarint();
      else if (role !== Role.quality && field === 8) {
        const text = this.#readText(end).trim();
        if (text.length > 0 && text.length <= nameCharactersMax && !/\p{Cc}/u.test(text)) {
          if (role === Role.unit) metric.unit = text;
          else metric.label = text;
        }
      } else reader.skip(reader.type);
      if (reader.pos > end) throw malformed();
    }
  }

  #readTemplate(index: number, end: number, depth: number): void {
    if (depth > payloadDepthMax) {
      throw new Refusal(
        "too-deep",
        `Templates lie within each other more than ${payloadDepthMax} levels deep.`,
      );
    }
    const { payload } = this;
    const reader = this.#reader;
    let isDefinition = false;
    while (reader.pos < end) {
      const field = this.#nextField(templateTypes, end);
      if (field === 2) this.#readMetric(this.#endOfPart(end), index, depth);
      else if (field === 5) isDefinition = reader.readBoolean();
      else reader.skip(reader.type);
      if (reader.pos > end) throw malformed();
    }
    // What a template is made of says nothing about any device.
    if (isDefinition) payload.count = index + 1;
    payload.metrics[index]!.memberCount = payload.count - index - 1;
  }

  /** Reads a data set of one row: each column is a member. Others have no time for their rows. */
  #readDataSet(index: number, end: number): void {
    const reader = this.#reader;
    const columns: string[] = [];
    const types: number[] = [];
    let rowCount = 0;
    let rowFrom = 0;
    let rowTo = 0;
    while (reader.pos < end) {
      const field = this.#nextField([], end);
      if (field === 2) {
        expectType(reader, WireType.bytes);
        columns.push(this.#readText(end));
      } else if (field === 3) {
        if (reader.type === WireType.bytes) this.#readPacked(types, end);
        else {
          expectType(reader, WireType.varint);
          types.push(reader.readVarint());
        }
      } else if (field === 4) {
        expectType(reader, WireType.bytes);
        rowTo = this.#endOfPart(end);
        rowFrom = reader.pos;
        rowCount += 1;
        reader.pos = rowTo;
      } else reader.skip(reader.type);
      if (reader.pos > end) throw malformed();
    }
    if (rowCount !== 1) return;
    const after = reader.pos;
    reader.pos = rowFrom;
    this.#readRow(index, rowTo, columns, types);
    reader.pos = after;
  }

  #readRow(index: number, end: number, columns: readonly string[], types: readonly number[]): void {
    const { payload } = this;
    const reader = this.#reader;
    let column = 0;
    while (reader.pos < end) {
      if (this.#nextField(rowTypes, end) !== 1) reader.skip(reader.type);
      else {
        const elementEnd = this.#endOfPart(end);
        if (payload.count >= birthMetricsMax) {
          throw new Refusal("too-many-items", `The payload holds more than ${birthMetricsMax} metrics.`);
        }
        const member = payload.add(index);
        member.name = columns[column] ?? "";
        member.datatype = types[column] ?? 0;
        column += 1;
        this.#readElement(member, elementEnd);
      }
      if (reader.pos > end) throw malformed();
    }
    payload.metrics[index]!.memberCount = payload.count - index - 1;
  }

  #readElement(member: SparkplugMetric, end: number): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const field = this.#nextField(valueTypes, end);
      // The values of a data set are numbered from 1 as those of a metric are from 10.
      if (field <= 6) this.#readValue(member, field + ValueField.int - 1, end);
      else reader.skip(reader.type);
      if (reader.pos > end) throw malformed();
    }
  }

  #readPacked(numbers: number[], within: number): void {
    const reader = this.#reader;
    const end = this.#endOfPart(within);
    while (reader.pos < end) numbers.push(reader.readVarint());
    if (reader.pos > end) throw malformed();
  }

  /** Goes to the next field, which has the wire type that is known of it. */
  #nextField(types: readonly number[], end: number): number {
    const reader = this.#reader;
    const field = reader.nextField(end);
    const expected = types[field - 1];
    if (field === 0 || (expected !== undefined && expected !== reader.type)) throw malformed();
    return field;
  }

  /** Reads the length of a part, which ends within what it is part of. */
  #endOfPart(end: number): number {
    const length = this.#reader.readVarint();
    const partEnd = this.#reader.pos + length;
    if (!(partEnd <= end)) throw malformed();
    return partEnd;
  }

  #readText(end: number): string {
    const reader = this.#reader;
    const to = this.#endOfPart(end);
    const from = reader.pos;
    reader.pos = to;
    if (to - from > payloadStringBytesMax) {
      throw new Refusal("too-large", `A name is longer than ${payloadStringBytesMax} bytes.`);
    }
    if (!isText(reader.buf, from, to)) throw notText();
    return this.#text(from, to);
  }

  #text(from: number, to: number): string {
    return viewOf(this.payload.bytes).toString("utf8", from, to);
  }
}

const noBytes = new Uint8Array();
const idleReader = new PbfReader(noBytes);

function expectType(reader: PbfReader, type: number): void {
  if (reader.type !== type) throw malformed();
}

function malformed(): Refusal {
  return new Refusal("malformed", "The payload is not in the form of Sparkplug B.");
}

function notText(): Refusal {
  return new Refusal("invalid-text", "A text is not UTF-8.");
}
