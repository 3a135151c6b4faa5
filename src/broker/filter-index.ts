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

/** Values by filter and key; one key has one value under one filter. */
export class FilterIndex<V> {
  readonly #root: Node<V> = makeNode();
  #size = 0;

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
    node.values ??= new Map();
    if (!node.values.has(key)) this.#size += 1;
    node.values.set(key, value);
  }

  clear(): void {
    this.#root.children.clear();
    this.#root.values = undefined;
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
    if (leaf.values.size === 0) leaf.values = undefined;
    for (let depth = levels.length; depth > 0; depth -= 1) {
      const node = path[depth]!;
      if (node.values !== undefined || node.children.size > 0) return;
      path[depth - 1]!.children.delete(levels[depth - 1]!);
    }
  }

  /** Tells whether any filter matches the topic. */
  has(topic: string): boolean {
    if (this.#size === 0) return false;
    return visit(this.#root, topic.split("/"), 0, () => true);
  }

  /** Calls back for every value whose filter matches the topic, in no particular order. */
  forEach(topic: string, callback: (value: V, key: string) => void): void {
    if (this.#size === 0) return;
    visit(this.#root, topic.split("/"), 0, (values) => {
      values.forEach(callback);
      return false;
    });
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

/** Visits the values of every matching filter below a node until a visit returns true. */
function visit<V>(
  node: Node<V>,
  levels: readonly string[],
  depth: number,
  callback: (values: Map<string, V>) => boolean,
): boolean {
  const wildcards = depth > 0 || !levels[0]!.startsWith("$");
  const rest = wildcards ? node.children.get("#")?.values : undefined;
  if (rest !== undefined && callback(rest)) return true;
  if (depth === levels.length) return node.values !== undefined && callback(node.values);
  const exact = node.children.get(levels[depth]!);
  if (exact !== undefined && visit(exact, levels, depth + 1, callback)) return true;
  const any = wildcards ? node.children.get("+") : undefined;
  return any !== undefined && visit(any, levels, depth + 1, callback);
}
