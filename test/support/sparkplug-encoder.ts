/** Sparkplug payloads made by another library than the one that reads them, from the message types as published. */
import { parse } from "protobufjs";

/** The fields of the types that tests use; numbers as in `sparkplug_b.proto` of Sparkplug 3.0.0, § 6.4.1. */
const types = `
syntax = "proto2";
message Template {
  optional string version = 1;
  repeated Metric metrics = 2;
  optional string template_ref = 4;
  optional bool is_definition = 5;
}
message DataSetValue {
  oneof value {
    uint32 int_value = 1; uint64 long_value = 2; float float_value = 3;
    double double_value = 4; bool boolean_value = 5; string string_value = 6;
  }
}
message Row { repeated DataSetValue elements = 1; }
message DataSet {
  optional uint64 num_of_columns = 1;
  repeated string columns = 2;
  repeated uint32 types = 3;
  repeated Row rows = 4;
}
message PropertyValue {
  optional uint32 type = 1;
  optional bool is_null = 2;
  oneof value {
    uint32 int_value = 3; uint64 long_value = 4; float float_value = 5; double double_value = 6;
    bool boolean_value = 7; string string_value = 8; PropertySet propertyset_value = 9;
  }
}
message PropertySet { repeated string keys = 1; repeated PropertyValue values = 2; }
message MetaData { optional string content_type = 2; optional uint64 size = 3; }
message Metric {
  optional string name = 1;
  optional uint64 alias = 2;
  optional uint64 timestamp = 3;
  optional uint32 datatype = 4;
  optional bool is_historical = 5;
  optional bool is_transient = 6;
  optional bool is_null = 7;
  optional MetaData metadata = 8;
  optional PropertySet properties = 9;
  oneof value {
    uint32 int_value = 10; uint64 long_value = 11; float float_value = 12; double double_value = 13;
    bool boolean_value = 14; string string_value = 15; bytes bytes_value = 16; DataSet dataset_value = 17;
    Template template_value = 18;
  }
}
message Payload {
  optional uint64 timestamp = 1;
  repeated Metric metrics = 2;
  optional uint64 seq = 3;
  optional string uuid = 4;
  optional bytes body = 5;
}`;

const payloadType = parse(types, { keepCase: true }).root.lookupType("Payload");

/** A metric, with its fields as the message types name them; 64-bit integers beyond 2^53 as text. */
export type EncodableMetric = Readonly<Record<string, unknown>>;

export interface EncodablePayload {
  readonly timestamp?: number;
  readonly metrics?: readonly EncodableMetric[];
  readonly seq?: number;
  readonly uuid?: string;
  readonly body?: Uint8Array;
}

/** The bytes of a payload. */
export function encodeSparkplug(payload: EncodablePayload): Buffer {
  return Buffer.from(payloadType.encode(payloadType.fromObject({ ...payload })).finish());
}

/** What a payload holds, by the other library. */
export function decodeSparkplug(bytes: Uint8Array): EncodablePayload {
  return payloadType.toObject(payloadType.decode(bytes), { longs: Number });
}
