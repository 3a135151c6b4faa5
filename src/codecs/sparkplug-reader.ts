/**
 * Reads Sparkplug B payloads: protocol buffers, of which only what holdfast uses is kept.
 *
 * Members of templates, and of data sets with one row, follow the metric that they belong to. Of properties
 * quality, unit and label are read. Other fields, extensions among them, are passed over. A field that is
 * known and has another wire type than its own makes the payload malformed.
 *
 * Source: Sparkplug 3.0.0, § 6.4 and its `sparkplug_b.proto`.
 */
import type { Rejection } from "../core/decode.ts";
import { birthMetricsMax, nameCharactersMax, packetBytesMax, payloadDepthMax } from "../core/limits.ts";
import { malformed, ProtobufFields, Refusal, WireType } from "./protobuf-fields.ts";
import { rejected } from "./rejection.ts";
import { inflated } from "./sparkplug-compression.ts";
import { type SparkplugMetric, SparkplugPayload, ValueField } from "./sparkplug-payload.ts";

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
/** Types of columns come one by one, or packed. */
const dataSetTypes = [WireType.varint, WireType.bytes, undefined, WireType.bytes];
const rowTypes = [WireType.bytes];
const noBytes = new Uint8Array();

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

/** One object reads payload after payload. */
export class SparkplugReader {
  /** What was read last. */
  readonly payload: SparkplugPayload = new SparkplugPayload();
  readonly #fields: ProtobufFields = new ProtobufFields();
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
    this.#fields.release();
  }

  #readCompressed(): void {
    const { at, seq } = this.payload;
    const { payload } = this;
    const algorithm = payload.named("algorithm");
    const name =
      algorithm?.field === ValueField.string ? this.#fields.textAt(algorithm.from, algorithm.to) : "DEFLATE";
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
    const fields = this.#fields;
    fields.begin(bytes, start);
    while (fields.more(end)) {
      switch (fields.next(payloadTypes, end)) {
        case 1:
          payload.at = fields.number();
          break;
        case 2:
          this.#readMetric(fields.endOfPart(end), -1, 1);
          break;
        case 3:
          payload.seq = fields.number() & 0xff;
          break;
        case 4:
          this.#uuid = fields.text(end);
          break;
        case 5:
          this.#bodyTo = fields.endOfPart(end);
          this.#bodyFrom = fields.position;
          fields.position = this.#bodyTo;
          break;
        default:
          fields.skip();
      }
    }
  }

  #readMetric(end: number, within: number, depth: number): void {
    const { payload } = this;
    const fields = this.#fields;
    if (payload.count >= birthMetricsMax) {
      throw new Refusal("too-many-items", `The payload holds more than ${birthMetricsMax} metrics.`);
    }
    const index = payload.count;
    const metric = payload.add(within);
    while (fields.more(end)) {
      const field = fields.next(metricTypes, end);
      switch (field) {
        case 1:
          metric.name = fields.text(end);
          break;
        case 2:
          metric.alias = fields.number();
          break;
        case 3:
          metric.at = fields.number();
          break;
        case 4:
          metric.datatype = fields.number();
          break;
        case 5:
          metric.historical = fields.boolean();
          break;
        case 7:
          metric.isNull = fields.boolean();
          break;
        case 9:
          this.#readProperties(metric, fields.endOfPart(end));
          break;
        case ValueField.dataSet:
          metric.field = field;
          this.#readDataSet(index, fields.endOfPart(end));
          break;
        case ValueField.template:
          metric.field = field;
          this.#readTemplate(index, fields.endOfPart(end), depth + 1);
          break;
        default:
          if (field >= ValueField.int && field <= ValueField.extension) this.#readValue(metric, field, end);
          else fields.skip();
      }
    }
    if (metric.alias > Number.MAX_SAFE_INTEGER) {
      throw new Refusal("unsupported", "A metric has an alias beyond 2^53.");
    }
  }

  /** Reads a value that is no container. */
  #readValue(metric: SparkplugMetric, field: number, end: number): void {
    const fields = this.#fields;
    metric.field = field;
    metric.from = fields.position;
    switch (field) {
      case ValueField.int:
      case ValueField.long:
        metric.number = fields.number(true);
        break;
      case ValueField.float:
        metric.number = fields.float();
        break;
      case ValueField.double:
        metric.number = fields.double();
        break;
      case ValueField.boolean:
        metric.number = fields.boolean() ? 1 : 0;
        break;
      default:
        metric.to = fields.endOfPart(end);
        metric.from = fields.position;
        fields.position = metric.to;
        if (field === ValueField.string) fields.checkText(metric.from, metric.to);
    }
  }

  /** Reads quality, unit and label. Keys stand before the values that they belong to. */
  #readProperties(metric: SparkplugMetric, end: number): void {
    const fields = this.#fields;
    let valueCount = 0;
    this.#roles.length = 0;
    while (fields.more(end)) {
      switch (fields.next(keysAndValues, end)) {
        case 1:
          this.#roles.push(roles.get(fields.text(end)) ?? Role.none);
          break;
        case 2: {
          const valueEnd = fields.endOfPart(end);
          const role = this.#roles[valueCount] ?? Role.none;
          valueCount += 1;
          if (role === Role.none) fields.position = valueEnd;
          else this.#readProperty(metric, role, valueEnd);
          break;
        }
        default:
          fields.skip();
      }
    }
  }

  #readProperty(metric: SparkplugMetric, role: number, end: number): void {
    const fields = this.#fields;
    while (fields.more(end)) {
      const field = fields.next(propertyTypes, end);
      if (role === Role.quality && (field === 3 || field === 4)) metric.quality = fields.number();
      else if (role !== Role.quality && field === 8) {
        const text = fields.text(end).trim();
        if (text.length > 0 && text.length <= nameCharactersMax && !/\p{Cc}/u.test(text)) {
          if (role === Role.unit) metric.unit = text;
          else metric.label = text;
        }
      } else fields.skip();
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
    const fields = this.#fields;
    let isDefinition = false;
    while (fields.more(end)) {
      const field = fields.next(templateTypes, end);
      if (field === 2) this.#readMetric(fields.endOfPart(end), index, depth);
      else if (field === 5) isDefinition = fields.boolean();
      else fields.skip();
    }
    // What a template is made of says nothing about any device.
    if (isDefinition) payload.count = index + 1;
    payload.metrics[index]!.memberCount = payload.count - index - 1;
  }

  /** Reads a data set of one row: each column is a member. Others have no time for their rows. */
  #readDataSet(index: number, end: number): void {
    const fields = this.#fields;
    const columns: string[] = [];
    const types: number[] = [];
    let rowCount = 0;
    let rowFrom = 0;
    let rowTo = 0;
    while (fields.more(end)) {
      const field = fields.next(dataSetTypes, end);
      if (field === 2) columns.push(fields.text(end));
      else if (field === 3) {
        if (fields.type === WireType.bytes) this.#readPacked(types, end);
        else if (fields.type === WireType.varint) types.push(fields.number());
        else throw malformed();
      } else if (field === 4) {
        rowTo = fields.endOfPart(end);
        rowFrom = fields.position;
        rowCount += 1;
        fields.position = rowTo;
      } else fields.skip();
    }
    if (rowCount !== 1) return;
    const after = fields.position;
    fields.position = rowFrom;
    this.#readRow(index, rowTo, columns, types);
    fields.position = after;
  }

  #readRow(index: number, end: number, columns: readonly string[], types: readonly number[]): void {
    const { payload } = this;
    const fields = this.#fields;
    let column = 0;
    while (fields.more(end)) {
      if (fields.next(rowTypes, end) !== 1) fields.skip();
      else {
        const elementEnd = fields.endOfPart(end);
        if (payload.count >= birthMetricsMax) {
          throw new Refusal("too-many-items", `The payload holds more than ${birthMetricsMax} metrics.`);
        }
        const member = payload.add(index);
        member.name = columns[column] ?? "";
        member.datatype = types[column] ?? 0;
        column += 1;
        this.#readElement(member, elementEnd);
      }
    }
    payload.metrics[index]!.memberCount = payload.count - index - 1;
  }

  #readElement(member: SparkplugMetric, end: number): void {
    const fields = this.#fields;
    while (fields.more(end)) {
      const field = fields.next(valueTypes, end);
      // The values of a data set are numbered from 1 as those of a metric are from 10.
      if (field <= 6) this.#readValue(member, field + ValueField.int - 1, end);
      else fields.skip();
    }
  }

  #readPacked(numbers: number[], within: number): void {
    const fields = this.#fields;
    const end = fields.endOfPart(within);
    while (fields.more(end)) numbers.push(fields.number());
  }
}
