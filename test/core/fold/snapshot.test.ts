import { expect, test } from "vitest";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

/** A NaN with the bits that it is made of. */
function nanOf(high: number, low: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, high);
  view.setUint32(4, low);
  return view.getFloat64(0);
}

function bytesOf(value: number): Uint8Array {
  const writer = new SnapshotWriter(8);
  writer.number(value);
  return writer.finish();
}

test.each([
  ["with a sign, as a processor makes it of 0 / 0", 0xfff8_0000, 0],
  ["with a payload", 0x7ff8_0000, 1],
  ["that signals", 0x7ff0_0000, 1],
])("a NaN %s gives the same bytes as any other", (_which, high, low) => {
  expect(bytesOf(nanOf(high, low))).toEqual(bytesOf(Number.NaN));
});

test.each([0, -0, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, Number.MAX_VALUE])(
  "%s is read back as it was written",
  (value) => {
    expect(new SnapshotReader(bytesOf(value)).number()).toBe(value);
  },
);
