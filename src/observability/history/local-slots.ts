import {
  SLOT_COUNT,
  SLOT_MILLISECONDS,
  type SlotCounts,
  type SlotSpan,
  slotNumbers,
} from '../../core/observation/history-store.js';
import { addTo } from './slot-counts.js';

const SPANS: readonly SlotSpan[] = ['minute', 'quarter'];

/** The slots of one process, in its memory. */
export class LocalSlots {
  private readonly slots: Readonly<Record<SlotSpan, Map<number, Record<string, number>>>> = {
    minute: new Map(),
    quarter: new Map(),
  };

  add(atMilliseconds: number, counts: SlotCounts): void {
    for (const span of SPANS) {
      const slots = this.slots[span];
      const number = Math.floor(atMilliseconds / SLOT_MILLISECONDS[span]);
      let slot = slots.get(number);
      if (slot === undefined) {
        slot = {};
        slots.set(number, slot);
        for (const known of slots.keys()) if (Math.abs(number - known) >= SLOT_COUNT[span]) slots.delete(known);
      }
      addTo(slot, counts);
    }
  }

  read(span: SlotSpan, upToMilliseconds: number): readonly SlotCounts[] {
    return slotNumbers(span, upToMilliseconds).map((number) => this.slots[span].get(number) ?? {});
  }
}
