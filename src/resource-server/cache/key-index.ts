/** An index of cache keys by name (a user, an application), so that all of them can be dropped without a search. */
export class KeyIndex {
  private readonly keys = new Map<string, Set<string>>();

  add(name: string | undefined, key: string): void {
    if (name === undefined) return;
    const keys = this.keys.get(name);
    if (keys === undefined) this.keys.set(name, new Set([key]));
    else keys.add(key);
  }

  remove(name: string | undefined, key: string): void {
    if (name === undefined) return;
    const keys = this.keys.get(name);
    if (keys?.delete(key) && keys.size === 0) this.keys.delete(name);
  }

  /** The keys of a name, as a copy, so that the index may change during iteration. */
  keysOf(name: string): readonly string[] {
    return [...(this.keys.get(name) ?? [])];
  }

  clear(): void {
    this.keys.clear();
  }
}
