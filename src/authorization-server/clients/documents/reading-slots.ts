/** Whether the application of a document is stored already. */
export type Wanted = 'new' | 'known';

/** How many documents are read at a time, counted apart for new and for known applications. */
const MAXIMUM_READING = 32;
/** How many of known applications are read from one host at a time, so that one that is silent leaves room for others. */
const MAXIMUM_OF_HOST = 4;

/** Counts the metadata documents that are being read. New ones of a host are limited by their rate. */
export class ReadingSlots {
  private readonly taken: Record<Wanted, number> = { new: 0, known: 0 };
  private readonly knownOfHost = new Map<string, number>();

  /** Takes a slot, to be given back when the read is over; `false` if there is none. */
  take(hostname: string, wanted: Wanted): boolean {
    const ofHost = this.knownOfHost.get(hostname) ?? 0;
    if (this.taken[wanted] >= MAXIMUM_READING || (wanted === 'known' && ofHost >= MAXIMUM_OF_HOST)) return false;
    this.taken[wanted] += 1;
    if (wanted === 'known') this.knownOfHost.set(hostname, ofHost + 1);
    return true;
  }

  giveBack(hostname: string, wanted: Wanted): void {
    this.taken[wanted] -= 1;
    if (wanted === 'new') return;
    const ofHost = this.knownOfHost.get(hostname) ?? 0;
    if (ofHost > 1) this.knownOfHost.set(hostname, ofHost - 1);
    else this.knownOfHost.delete(hostname);
  }
}
