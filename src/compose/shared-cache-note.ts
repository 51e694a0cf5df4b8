import type { OAuth2Options } from '../options.js';
import { localSettings, sharedTimes } from '../resource-server/cache/cache-options.js';
import { SharedCacheNotes } from '../storage/index.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';
import type { Storage } from './storage.js';

/** Well within the lifetime of a note. */
const RENEWAL_MILLISECONDS = 600_000;

/** Keeps a note in the database that this process shares a token cache in Redis. */
export class SharedCacheNote {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param leave leaves the note, or renews it */
  constructor(private readonly leave: () => Promise<void>) {}

  /** Leaves the note, and renews it from time to time. */
  start(): void {
    if (this.closed) return;
    void this.leave()
      // Nothing in this process needs the note, and a user of the database that may only read cannot leave one.
      .catch(() => undefined)
      .then(() => this.again());
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private again(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => this.start(), RENEWAL_MILLISECONDS);
    this.timer.unref();
  }
}

/** Leaves the note as soon as the identity of the database is known; `undefined` without Redis. */
export function composeSharedCacheNote(
  { cache = {} }: OAuth2Options,
  { clock, keyPrefix }: Basis,
  { identity, models }: Storage,
  opened: Opened,
): SharedCacheNote | undefined {
  if (identity === undefined) return undefined;
  const { maxAgeMilliseconds } = sharedTimes(cache, localSettings(cache, 0));
  const notes = new SharedCacheNotes(models, { clock });
  const note = new SharedCacheNote(() => notes.leave({ keyPrefix, maxAgeSeconds: maxAgeMilliseconds / 1000 }));
  opened.add(async () => note.close());
  identity.subscribe((known) => {
    if (known !== undefined) note.start();
  });
  return note;
}
