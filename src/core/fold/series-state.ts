/** What the fold keeps of one series. */
import type { SeriesDefinition } from "../sample.ts";
import { StampWindow } from "./duplicates.ts";
import type { Group } from "./group.ts";
import type { SeriesRollup } from "./rollup.ts";

export class SeriesState {
  readonly definition: SeriesDefinition;
  readonly stamps: StampWindow = new StampWindow();
  /** The groups that its samples belong to, in the order of the rules. */
  groups: readonly Group[] = [];
  /** Made with the first numeric sample: a series of texts has no summaries. */
  rollup: SeriesRollup | undefined;

  constructor(definition: SeriesDefinition) {
    this.definition = definition;
  }
}
