/** Sets of keys by name; a name without keys takes no room. */
const none: ReadonlySet<string> = new Set();

export class KeyIndex {
  readonly #sets: Map<string, Set<string>> = new Map();

  /** The keys of a name, in the order in which they were added. It changes with the index. */
  keys(name: string): ReadonlySet<string> {
    return this.#sets.get(name) ?? none;
  }

  add(name: string, key: string): void {
    const keys = this.#sets.get(name);
    if (keys === undefined) this.#sets.set(name, new Set([key]));
    else keys.add(key);
  }

  remove(name: string, key: string): void {
    const keys = this.#sets.get(name);
    if (keys?.delete(key) === true && keys.size === 0) this.#sets.delete(name);
  }
}
