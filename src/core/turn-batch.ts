/**
 * Collects what comes up in one turn of the event loop and hands it over together, because each call to a store has a cost
 * of its own. The turn ends before anybody could have waited for it. What nobody waits for can be collected for longer.
 */
export class TurnBatch<Item> {
  private items: Item[] = [];

  /**
   * @param most how many are handed over at once; more are split
   * @param handle must not throw
   * @param milliseconds for how long they are collected; without it, for a turn
   */
  constructor(
    private readonly most: number,
    private readonly handle: (items: readonly Item[]) => void,
    private readonly milliseconds?: number,
  ) {}

  add(item: Item): void {
    if (this.items.length === 0) {
      if (this.milliseconds === undefined) setImmediate(this.end);
      else setTimeout(this.end, this.milliseconds);
    }
    this.items.push(item);
  }

  private readonly end = (): void => {
    const { items, most } = this;
    this.items = [];
    for (let start = 0; start < items.length; start += most) this.handle(items.slice(start, start + most));
  };
}
