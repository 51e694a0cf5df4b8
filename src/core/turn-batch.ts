/**
 * Collects what comes up in one turn of the event loop and hands it over together, because each call to a store has a cost
 * of its own. The turn ends before anybody could have waited for it.
 */
export class TurnBatch<Item> {
  private items: Item[] = [];

  /**
   * @param most how many are handed over at once; more are split
   * @param handle must not throw
   */
  constructor(
    private readonly most: number,
    private readonly handle: (items: readonly Item[]) => void,
  ) {}

  add(item: Item): void {
    if (this.items.length === 0) setImmediate(() => this.end());
    this.items.push(item);
  }

  private end(): void {
    const { items, most } = this;
    this.items = [];
    for (let start = 0; start < items.length; start += most) this.handle(items.slice(start, start + most));
  }
}
