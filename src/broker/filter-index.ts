/**
 * Values filed under topic filters, found by topic name.
 *
 * A tree of levels. Empty levels are levels like any other, `#` also matches its parent, and neither
 * wildcard matches a first level that begins with `$`. Source: MQTT 3.1.1 and 5.0, § 4.7.
 */

interface Node<V> {
  readonly children: Map<string, Node<V>>;
  /** Values of the filter that ends here, by key. */
  values: Map<string, V> | undefined;
}

function makeNode<V>(): Node<V> {
  return { children: new Map(), values: undefined };
}

/** Topics whose filters are remembered; beyond it all are looked up again. 4,096 × some 200 bytes. */
const rememberedMax = 4_096;

/** Values by filter and key; one key has one value under one filter. */
export class FilterIndex<V> {
  readonly #root: Node<V> = makeNode();
  #size = 0;
  /** Values of all filters that match a topic: a sensor sends the same topic for ever, and filters seldom change. */
  readonly #found = new Map<string, readonly ReadonlyMap<string, V>[]>();

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  get(filter: string, key: string): V | undefined {
    return this.#find(filter)?.values?.get(key);
  }

  set(filter: string, key: string, value: V): void {
    let node = this.#root;
    for (const level of filter.split("/")) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = makeNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.values === undefined) {
      node.values = new Map();
      this.#found.clear();
    }
    if (!node.values.has(key)) this.#size += 1;
    node.values.set(key, value);
  }

  clear(): void {
    this.#root.children.clear();
    this.#root.values = undefined;
    this.#found.clear();
    this.#size = 0;
  }

  /** Removes a value; branches that hold nothing any more are removed with it. */
  delete(filter: string, key: string): void {
    const path: Node<V>[] = [this.#root];
    const levels = filter.split("/");
    for (const level of levels) {
      const child = path.at(-1)!.children.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const leaf = path.at(-1)!;
    if (leaf.values?.delete(key) !== true) return;
    this.#size -= 1;
    if (leaf.values.size > 0) return;
    leaf.values = undefined;
    this.#found.clear();
    for (let depth = levels.length; depth > 0; depth -= 1) {
      const node = path[depth]!;
      if (node.values !== undefined || node.children.size > 0) return;
      path[depth - 1]!.children.delete(levels[depth - 1]!);
    }
  }

  /** Tells whether any filter matches the topic. */
  has(topic: string): boolean {
    return this.#size > 0 && this.#matching(topic).length > 0;
  }

  /** Calls back for every value whose filter matches the topic, in no particular order. */
  forEach(topic: string, callback: (value: V, key: string) => void): void {
    if (this.#size === 0) return;
    for (const values of this.#matching(topic)) values.forEach(callback);
  }

  #matching(topic: string): readonly ReadonlyMap<string, V>[] {
    const known = this.#found.get(topic);
    if (known !== undefined) return known;
    const found: ReadonlyMap<string, V>[] = [];
    visit(this.#root, topic.split("/"), 0, (values) => found.push(values));
    if (this.#found.size >= rememberedMax) this.#found.clear();
    this.#found.set(topic, found);
    return found;
  }

  #find(filter: string): Node<V> | undefined {
    let node: Node<V> | undefined = this.#root;
    for (const level of filter.split("/")) {
      node = node.children.get(level);
      if (node === undefined) return undefined;
    }
    return node;
  }
}

/** Visits the values of every matching filter below a node. */
function visit<V>(
  node: Node<V>,
  levels: readonly string[],
  depth: number,
  callback: (values: Map<string, V>) => void,
): void {
  const wildcards = depth > 0 || !levels[0]!.startsWith("$");
  const rest = wildcards ? node.children.get("#")?.values : undefined;
  if (rest !== undefined) callback(rest);
  if (depth === levels.length) {
    if (node.values !== undefined) callback(node.values);
    return;
  }
  const exact = node.children.get(levels[depth]!);
  if (exact !== undefined) visit(exact, levels, depth + 1, callback);
  const any = wildcards ? node.children.get("+") : undefined;
  if (any !== undefined) visit(any, levels, depth + 1, callback);
}
