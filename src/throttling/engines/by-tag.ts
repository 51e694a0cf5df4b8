/** Groups items by their tag, in the order in which the tags first occur: a Redis Cluster serves one tag in one call. */
export function groupByTag<Item>(items: readonly Item[], tagOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const tag = tagOf(item);
    const group = groups.get(tag);
    if (group === undefined) groups.set(tag, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
