/**
 * The batch on the wire, as CBOR or JSON; one file so that both ends agree. README.md shows the bytes.
 *
 * Version rule: fields may be added at any place and readers ignore those they do not know. A change of
 * meaning gets a new `v`, and a new level in the topic.
 */
import { Encoder } from "cbor-x";
import { failed, messageOf, ok, type Problem, type Result } from "../core/errors.ts";
import type { StreamName } from "../core/streams.ts";
import { topicLevelOf } from "../core/topic.ts";
import { type WireBatch, type WireFormat, wireVersion } from "./batch.ts";
import { refusalOfCbor } from "./cbor-guard.ts";
import { checkBatch } from "./wire-check.ts";

// Plain maps of the shortest form: any CBOR reader understands them, and the bytes are the same each time.
const cbor = new Encoder({ useRecords: false, variableMapSize: true, mapsAsObjects: true });

/** Encodes a batch. Fields always come in the same order, so equal batches have equal bytes. */
export function encodeBatch(batch: WireBatch, format: WireFormat): Uint8Array {
  const { gateway, stream, from, to, sentAt } = batch;
  const envelope = { v: wireVersion, gateway, stream, from, to, sentAt };
  const message =
    "gap" in batch
      ? { ...envelope, gap: { from: batch.gap.from, to: batch.gap.to, cause: batch.gap.cause } }
      : { ...envelope, records: batch.records };
  return format === "cbor" ? cbor.encode(message) : Buffer.from(JSON.stringify(message));
}

/**
 * Decodes a batch of either format, which the first byte tells apart.
 *
 * Nothing that a stranger sends makes it throw, run long or build anything but plain values. What it
 * returns has dense sequences and every field of its kind of record.
 *
 * @returns Problems: `WIRE_MALFORMED` for bytes that are not a message, `WIRE_VERSION` for a version this
 *   program does not know, `WIRE_INVALID` for a field that is missing or wrong.
 */
export function decodeBatch(bytes: Uint8Array): Result<WireBatch> {
  const message = bytes[0] === 0x7b ? parseJson(bytes) : parseCbor(bytes);
  if (!message.ok) return message;
  return checkBatch(message.value);
}

/** The topic of a gateway's stream: `holdfast/v1/<gateway>/<stream>`. */
export function streamTopic(gateway: string, stream: StreamName): string {
  return `holdfast/v${wireVersion}/${topicLevelOf(gateway)}/${stream}`;
}

function parseJson(bytes: Uint8Array): Result<unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return nestsTooDeep(bytes)
      ? failed([malformed("nested more than 8 deep")])
      : ok(JSON.parse(text) as unknown);
  } catch (error) {
    return failed([malformed(`not JSON: ${messageOf(error)}`)]);
  }
}

/** Whoever reads the values later may recurse over them. */
function nestsTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let position = 0; position < bytes.length; position += 1) {
    const byte = bytes[position];
    if (inString) {
      if (byte === 0x5c) position += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (depth > 8) return true;
  }
  return false;
}

function parseCbor(bytes: Uint8Array): Result<unknown> {
  const refusal = refusalOfCbor(bytes);
  if (refusal !== undefined) return failed([malformed(refusal)]);
  try {
    return ok(cbor.decode(bytes) as unknown);
  } catch (error) {
    return failed([malformed(`not CBOR: ${messageOf(error)}`)]);
  }
}

function malformed(message: string): Problem {
  return { code: "WIRE_MALFORMED", message, pointer: "" };
}
