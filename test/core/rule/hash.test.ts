import fc from "fast-check";
import { expect, test } from "vitest";
import { hashOf } from "../../../src/core/rule/hash.ts";

test("the hash is FNV-1a of 64 bits over the units of the text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      let hash = 0xcbf29ce484222325n;
      for (let index = 0; index < text.length; index += 1) {
        hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
      }
      expect(hashOf(text)).toBe(hash.toString(16).padStart(16, "0"));
    }),
  );
});

test("the published value of the empty text comes out", () => {
  expect(hashOf("")).toBe("cbf29ce484222325");
});
