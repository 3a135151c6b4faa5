import { Encoder } from "cbor-x";
import { expect, test } from "vitest";
import { readFields } from "../../src/codecs/fields.ts";
import type { PayloadFields } from "../../src/core/fingerprint.ts";

function fieldsOf(payload: string | Uint8Array): PayloadFields | undefined {
  const bytes = Buffer.concat([Buffer.from("x"), Buffer.from(payload), Buffer.from("x")]);
  return readFields(bytes, 1, bytes.length - 1);
}

const value = { model: "WH65", ok: true, n: { deep: { er: { than: { four: 4 } } } }, none: null, list: [1] };
const cbor = new Encoder({ useRecords: false, variableMapSize: true });

test.each([
  ["JSON", JSON.stringify(value)],
  ["JSON behind white space", ` \n${JSON.stringify(value)}`],
  ["CBOR", cbor.encode(value)],
])("fields of %s are found by their path, at any depth", (_name, payload) => {
  const fields = fieldsOf(payload)!;
  expect(
    ["model", "ok", "n.deep.er.than.four", "none", "list.0"].map((path) => fields.valueOf(path)),
  ).toEqual(["WH65", true, 4, null, 1]);
  expect(["n", "n.deep", "list", "none"].map((path) => fields.has(path))).toEqual([true, true, true, true]);
  expect(
    ["n", "mode", "model.x", "", "__proto__", "constructor"].map((path) => fields.valueOf(path)),
  ).toEqual(Array(6).fill(undefined));
  expect(["mode", "constructor", "toString"].map((path) => fields.has(path))).toEqual([false, false, false]);
});

test("the last of two members of one name counts, as for the codec", () => {
  expect(fieldsOf('{"model":"A","model":"B"}')?.valueOf("model")).toBe("B");
});

test.each<readonly [string, string | Uint8Array]>([
  ["nothing", ""],
  ["a list", "[1]"],
  ["a scalar", "21.5"],
  ["broken JSON", '{"model":'],
  ["broken CBOR", Uint8Array.of(0xa1, 0x61)],
  ["a CBOR list", Uint8Array.of(0x81, 0x01)],
  ["JSON nested too deep", `${'{"a":'.repeat(9)}1${"}".repeat(9)}`],
  ["too many values", `{${Array.from({ length: 1_025 }, (_, index) => `"${index}":1`).join()}}`],
  ["a string too long", `{"model":"${"x".repeat(1_025)}"}`],
  ["no UTF-8", Buffer.from('{"model":"\u00ff"}', "latin1")],
])("%s has no fields", (_name, payload) => {
  expect(fieldsOf(payload)).toBeUndefined();
});
