/**
 * Who a device is, where every message says so: it is noted when it differs from what was noted last. One for each
 * plan; a message that says nothing new costs a few comparisons.
 */
import type { DecodeTarget } from "../core/decode.ts";
import type { IdentityFact } from "../core/fact.ts";
import { ValueKind } from "../core/sample.ts";
import { factTexts } from "./fact-text.ts";
import type { Leaves } from "./leaves.ts";
import { nameProblem } from "./naming.ts";
import { leafAt } from "./object-plan.ts";

/** Members of an identity that a message may say. */
type Part = "label" | "vendor" | "model" | "firmware";

export class IdentityMemory {
  readonly #parts: readonly { readonly part: Part; readonly path: string; last: string }[];
  #device = "";

  /** @param paths - Where each part stands in a payload. */
  constructor(paths: Readonly<Partial<Record<Part, string>>>) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are those of the argument
    const parts = Object.entries(paths) as [Part, string][];
    this.#parts = parts.map(([part, path]) => ({ part, path, last: "" }));
  }

  /** Looks at what a payload says of a device; without any part of it there is nothing to note. */
  look(leaves: Leaves, device: string, target: DecodeTarget): void {
    let changed = device !== this.#device;
    let any = false;
    for (const known of this.#parts) {
      const leaf = leafAt(leaves, known.path);
      const text = leaf?.kind === ValueKind.text ? leaf.text : "";
      if (text !== known.last) changed = true;
      if (text !== "") any = true;
      known.last = text;
    }
    this.#device = device;
    if (changed && any) this.#note(target);
  }

  #note(target: DecodeTarget): void {
    const device = this.#device.normalize("NFC");
    if (nameProblem("device", device) !== undefined) return;
    const said: Partial<Record<Part, string>> = {};
    for (const { part, last } of this.#parts) said[part] = last;
    const fact: IdentityFact = { kind: "identity", source: "payload", device, ...factTexts(said) };
    target.note(fact);
  }
}
