/** Counts of a slot of time, by name. Names beginning with `peak:` are greatest values, in thousandths; all others are sums. */
export type SlotCounts = Readonly<Record<string, number>>;

/** How a count becomes part of a greater one. */
export function isPeak(name: string): boolean {
  return name.startsWith('peak:');
}

/** The two kinds of slots: minutes for an hour, and quarters of an hour for a day. */
export type SlotSpan = 'minute' | 'quarter';

export const SLOT_MILLISECONDS: Readonly<Record<SlotSpan, number>> = { minute: 60_000, quarter: 900_000 };

/** How many slots of a kind are kept and shown. */
export const SLOT_COUNT: Readonly<Record<SlotSpan, number>> = { minute: 60, quarter: 96 };

/** The counts of all processes, by slots. What is read is only shown, and nothing is decided by it. */
export interface HistoryStore {
  /** Whether it can be asked now. */
  readonly isAvailable: boolean;
  /** Adds to the slots of a moment (milliseconds since the Unix epoch). @throws any error of the store */
  add(atMilliseconds: number, counts: SlotCounts): Promise<void>;
  /**
   * The slots of a kind up to a moment, oldest first.
   *
   * @throws any error of the store, or if it does not answer in time
   */
  read(span: SlotSpan, upToMilliseconds: number): Promise<readonly SlotCounts[]>;
}

/** The numbers of the slots of a kind up to a moment, oldest first. */
export function slotNumbers(span: SlotSpan, upToMilliseconds: number): readonly number[] {
  const last = Math.floor(upToMilliseconds / SLOT_MILLISECONDS[span]);
  const count = SLOT_COUNT[span];
  return Array.from({ length: count }, (_, index) => last - count + 1 + index);
}
