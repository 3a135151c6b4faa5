/** Where the panes of all windows live: a pool for each shape of pane. */
import { invariant } from "../errors.ts";
import { PanePool } from "./pane-pool.ts";
import { basicShape, type PaneShape } from "./shape.ts";
import type { SketchMaker } from "./sketch.ts";

export class PaneStore {
  readonly #sketches: SketchMaker | undefined;
  readonly #pools = new Map<string, PanePool>();
  /** Of panes that know only the basics: of all rollups and most rules. */
  readonly basic: PanePool;

  /** @param sketches - May be left out where no aggregate needs a sketch. */
  constructor(sketches?: SketchMaker) {
    this.#sketches = sketches;
    this.basic = new PanePool(basicShape, undefined);
    this.#pools.set(basicShape.key, this.basic);
  }

  /** Panes held. */
  get size(): number {
    let size = 0;
    for (const pool of this.#pools.values()) size += pool.size;
    return size;
  }

  /** The pool of a shape; the same for the same shape. */
  poolOf(shape: PaneShape): PanePool {
    let pool = this.#pools.get(shape.key);
    if (pool === undefined) {
      invariant(!shape.sketched || this.#sketches !== undefined, "panes with sketches need a sketch maker");
      pool = new PanePool(shape, this.#sketches);
      this.#pools.set(shape.key, pool);
    }
    return pool;
  }
}
