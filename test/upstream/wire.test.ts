import { Encoder, Tag } from "cbor-x";
import { expect, test } from "vitest";
import type { WireBatch } from "../../src/upstream/batch.ts";
import { decodeBatch, encodeBatch, streamTopic } from "../../src/upstream/wire.ts";
import { recordMakers } from "../support/memory-streams.ts";

const status: WireBatch = {
  gateway: "gw-7",
  stream: "status",
  from: 3,
  to: 3,
  sentAt: 1_760_000_000_000,
  records: [{ seq: 3, at: 1_760_000_000_000, state: "ready", detail: "", version: "0.1.0" }],
};
const gap: WireBatch = {
  gateway: "gw-7",
  stream: "summaries",
  from: 5,
  to: 9,
  sentAt: 1_760_000_000_000,
  gap: { from: 5, to: 9, cause: "evicted" },
};

test("a batch as JSON has the bytes of version 1", () => {
  expect(Buffer.from(encodeBatch(status, "json")).toString()).toBe(
    '{"v":1,"gateway":"gw-7","stream":"status","from":3,"to":3,"sentAt":1760000000000,"records":' +
      '[{"seq":3,"at":1760000000000,"state":"ready","detail":"","version":"0.1.0"}]}',
  );
});

test("a batch as CBOR has the bytes of version 1", () => {
  expect(Buffer.from(encodeBatch(status, "cbor")).toString("hex")).toBe(
    [
      "a7", // map of 7
      "617601", // v: 1
      "67676174657761796467772d37", // gateway: "gw-7"
      "6673747265616d66737461747573", // stream: "status"
      "6466726f6d03", // from: 3
      "62746f03", // to: 3
      "6673656e744174fb42799c82cc000000", // sentAt: 1760000000000, as a float
      "677265636f72647381", // records: array of 1
      "a5", // map of 5
      "6373657103", // seq: 3
      "626174fb42799c82cc000000", // at
      "657374617465657265616479", // state: "ready"
      "6664657461696c60", // detail: ""
      "6776657273696f6e65302e312e30", // version: "0.1.0"
    ].join(""),
  );
});

test.each([
  ["cbor", status],
  ["json", status],
  ["cbor", gap],
  ["json", gap],
] as const)("a %s batch decodes to what was encoded", (format, batch) => {
  expect(decodeBatch(encodeBatch(batch, format))).toEqual({ ok: true, value: { v: 1, ...batch } });
});

test("a gateway's name is one level of the topic", () => {
  expect(streamTopic("north/gw+7", "alerts")).toBe("holdfast/v1/north%2Fgw%2B7/alerts");
});

const encoder = new Encoder({ useRecords: false });
const good = { v: 1, ...status };
const summary = { ...good, stream: "summaries", from: 1, to: 1, records: [recordMakers.summaries(1)] };

test.each([
  ["another version", { ...good, v: 2 }, "WIRE_VERSION", "/v"],
  ["no version", { ...good, v: undefined }, "WIRE_VERSION", "/v"],
  ["no gateway", { ...good, gateway: "" }, "WIRE_INVALID", "/gateway"],
  ["an endless gateway", { ...good, gateway: "g".repeat(129) }, "WIRE_INVALID", "/gateway"],
  ["an unknown stream", { ...good, stream: "constructor" }, "WIRE_INVALID", "/stream"],
  ["a sequence of zero", { ...good, from: 0 }, "WIRE_INVALID", "/from"],
  ["a broken sequence", { ...good, to: 3.5 }, "WIRE_INVALID", "/to"],
  ["an end before the start", { ...good, from: 4 }, "WIRE_INVALID", "/to"],
  ["no time", { ...good, sentAt: "now" }, "WIRE_INVALID", "/sentAt"],
  ["neither records nor gap", { ...good, records: undefined, gap: undefined }, "WIRE_INVALID", ""],
  ["records and a gap", { ...good, gap: gap.gap }, "WIRE_INVALID", ""],
  ["too few records", { ...good, to: 4 }, "WIRE_INVALID", "/records"],
  [
    "a record out of turn",
    { ...good, records: [{ ...status.records[0], seq: 4 }] },
    "WIRE_INVALID",
    "/records/0/seq",
  ],
  [
    "a record without a field",
    { ...good, records: [{ seq: 3, at: 1, state: "x", detail: "" }] },
    "WIRE_INVALID",
    "/records/0/version",
  ],
  [
    "a number that is a text",
    { ...summary, records: [{ ...recordMakers.summaries(1), sum: "1" }] },
    "WIRE_INVALID",
    "/records/0/sum",
  ],
  [
    "a gap of another place",
    { v: 1, ...gap, gap: { from: 5, to: 8, cause: "evicted" } },
    "WIRE_INVALID",
    "/gap",
  ],
  ["a list", [good], "WIRE_MALFORMED", ""],
])("a JSON batch with %s is refused", (_, message, code, pointer) => {
  const bytes = Buffer.from(JSON.stringify(message));
  expect(decodeBatch(bytes)).toMatchObject({ ok: false, problems: [{ code, pointer }] });
});

test("a number that is not finite is refused", () => {
  const bytes = encoder.encode({ ...summary, records: [{ ...recordMakers.summaries(1), sum: Number.NaN }] });
  expect(decodeBatch(bytes)).toMatchObject({ ok: false, problems: [{ pointer: "/records/0/sum" }] });
});

test("a batch of a later program may hold more fields", () => {
  const bytes = encoder.encode({ ...good, hint: { a: 1 } });
  expect(decodeBatch(bytes).ok).toBe(true);
});

test.each([
  ["nothing", ""],
  ["a lone break", "ff"],
  ["a map cut short", "a76176"],
  ["bytes after the end", "a000"],
  ["four billion items", "9affffffff"],
  ["a string of 2^64 bytes", "7bffffffffffffffff"],
  ["an array of 2^63 items", "9b8000000000000000"],
  ["indefinite lengths", "bf617601ff"],
  ["nine levels", `${"81".repeat(9)}00`],
  ["ten thousand levels", `${"81".repeat(10_000)}00`],
  ["undefined", "a16176f7"],
  ["an integer beyond 2^53", "a161761b0020000000000000"],
  ["a reserved length", "a161761c"],
  ["a big integer", "a16176c24101"],
  ["a regular expression", Buffer.from(encoder.encode({ v: new Tag(["a", ""], 27) })).toString("hex")],
  ["a record definition", "d9dfff83190100816161"],
  ["JSON that ends early", Buffer.from('{"v":1').toString("hex")],
  ["JSON that is not UTF-8", "7b22ff223a317d"],
  ["JSON nine deep", Buffer.from(`{"v":${"[".repeat(9)}${"]".repeat(9)}}`).toString("hex")],
])("bytes with %s are malformed", (_, hex) => {
  expect(decodeBatch(Buffer.from(hex, "hex"))).toMatchObject({
    ok: false,
    problems: [{ code: "WIRE_MALFORMED" }],
  });
});
