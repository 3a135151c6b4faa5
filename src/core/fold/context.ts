/** What every group of the fold works with. */
import type { InhibitionIndex, InhibitionParty } from "../alert/inhibition.ts";
import type { GatewayTime } from "../alert/shelf.ts";
import type { PaneStore } from "../window/pane-store.ts";
import type { FoldOutput } from "./output.ts";

/** An alert that others may mute, and that is to be told when that changes. */
export interface MutableAlert extends InhibitionParty {
  inhibitionChanged(): void;
}

export interface FoldContext {
  readonly output: FoldOutput;
  readonly panes: PaneStore;
  /** The gateway's time as of the record that is being folded. */
  readonly now: GatewayTime;
  /** Of the rules in force; another one when they change. */
  inhibitions: InhibitionIndex<MutableAlert>;
}
