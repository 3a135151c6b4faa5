/** The stored bytes themselves, as `src/store/README.md` describes them: a change here is a new version. */
import { expect, test } from "vitest";
import { RowFlag, SampleColumns, ValueKind } from "../../src/core/sample.ts";
import {
  cursorKey,
  cursorKeyParts,
  KeyKind,
  keySequence,
  sequenceKey,
  sessionKey,
  subjectKey,
} from "../../src/store/keys.ts";
import { decodeRecord, encodeRecord } from "../../src/store/record-codec.ts";
import { encodeEffects } from "../../src/store/stream-codec.ts";
import {
  encodeCheckpoint,
  encodeDefinition,
  encodeGap,
  encodeMeta,
  encodeNumber,
  encodeSession,
} from "../../src/store/values.ts";
import { recordOf } from "../support/records.ts";
import { noEffects, range } from "../support/stores.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("a log record has the bytes that are documented", () => {
  const rows = new SampleColumns();
  rows.push(0, ValueKind.number, 21.53);
  rows.push(1, ValueKind.boolean, 1);
  rows.stamp(0, 1_762_000_000_000, RowFlag.stamped);
  rows.pushText(5, "on");
  rows.push(6, ValueKind.none, Number.NaN);
  rows.push(6, ValueKind.number, 0.1 + 0.2);
  rows.stamp(2, 1_762_000_000_250, RowFlag.stamped);
  const record = recordOf({
    seq: 7,
    at: 1_762_000_000_300,
    rows,
    definitions: [{ id: 0, device: "d", metric: "m", unit: "C" }],
    digests: [1, 0xffff_ffff],
  });
  const bytes = encodeRecord({ record, effectsDigest: 0x0102_0304, heads: [3, 0, 300, 1] });
  expect(hex(bytes)).toBe(
    [
      "0139394dcb04030201070300ac020100c05225f6a379420000000000805140010c626f6f742d3105",
      "05000005000001000264026d010243020001000000ffffffff050001040b010435a2337808d704f4",
      "0302d221343333333333d33f01046f6e",
    ].join(""),
  );
});

test("counts that few records have stand behind the others", () => {
  const plain = recordOf({ seq: 1, at: 1_762_000_000_000 });
  const counts = { ...plain.counts, recoveredMessages: { malformed: 300 }, suppressedSamples: 5 };
  const bytes = encodeRecord({ record: { ...plain, counts }, effectsDigest: 0, heads: [0, 0, 0, 0] });
  expect(hex(bytes).slice(10)).toBe(
    "00000000010000000000004025f6a37942000000000000244081020c626f6f742d31000000000000000301126d616c666f726d6564ac02050000000000000000",
  );
  expect(decodeRecord(bytes, 1)).toMatchObject({ record: { counts } });
});

test("a record that was written before these counts were is read", () => {
  const bytes = Buffer.from(
    "0139394dcb04030201070300ac020100c05225f6a379420000000000805140010c626f6f742d310505000005000001000264026d010243020001000000ffffffff050001040b010435a2337808d704f40302d221343333333333d33f01046f6e",
    "hex",
  );
  expect(decodeRecord(bytes, 7)).toMatchObject({
    record: {
      counts: { receivedMessages: 5, recoveredMessages: {}, suppressedSamples: 0 },
      rows: { count: 5 },
    },
  });
});

test("a chunk of a stream has the bytes that are documented", () => {
  const status = [{ seq: 2, at: 1.5, state: "running", detail: "", version: "0.1.0" }];
  const { chunks, digest } = encodeEffects({ ...noEffects, status });
  expect(chunks.map((chunk) => hex(chunk.value))).toStrictEqual([
    "01c33f0106020136a56373657102626174fb3ff80000000000006573746174656772756e6e696e676664657461696c606776657273696f6e65302e312e30",
  ]);
  expect(digest).toBe(0x27008112);
});

test("small values have the bytes that are documented", () => {
  expect(hex(encodeNumber(300))).toBe("01368065adac02");
  expect(hex(encodeMeta({ version: 1, storeId: "00112233445566778899aabbccddeeff", opened: 2 }))).toBe(
    "01094bf31a0100112233445566778899aabbccddeeff02",
  );
  expect(hex(encodeGap({ to: 9, cause: "missing" }))).toBe("016014ec32090e6d697373696e67");
  expect(hex(encodeDefinition({ id: 1, device: "d", metric: "m" }))).toBe("01ad0571db0264026d00");
  expect(hex(encodeCheckpoint(5, Uint8Array.of(1, 2)))).toBe("01944b9f0e050102");
});

test("keys have the bytes that are documented", () => {
  expect(hex(sequenceKey(KeyKind.log, 258))).toBe("6c0000000000000102");
  expect(hex(subjectKey(KeyKind.stream, "summaries", 2 ** 40))).toBe("7303000001000000".padEnd(20, "0"));
  expect(hex(cursorKey("cloud", "alerts"))).toBe("6101636c6f7564");
  expect(cursorKeyParts(cursorKey("cloud", "alerts"))).toStrictEqual({ upstream: "cloud", stream: "alerts" });
});

test("keys sort by sequence", () => {
  const sequences = [
    ...range(0, 20).map((power) => 2 ** (power * 2.5)),
    255,
    256,
    65_535,
    65_536,
    2 ** 53 - 1,
  ]
    .map(Math.floor)
    .toSorted((a, b) => a - b);
  const keys = sequences.map((sequence) => sequenceKey(KeyKind.log, sequence));
  expect(keys.toSorted((a, b) => Buffer.compare(a, b)).map(keySequence)).toStrictEqual(sequences);
});

test("what the broker remembers has the bytes that are documented", () => {
  expect(hex(sessionKey(Uint8Array.of(1, 2)))).toBe("620102");
  expect(hex(encodeSession(Uint8Array.of(7)))).toBe("012e7a664c07");
});
