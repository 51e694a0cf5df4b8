/**
 * The store answers, but cannot know about these charges: it lost what it had counted in a window that may still be
 * open. The throttle acts on them as while the store is away, and goes on asking it for others.
 */
export class UndecidedError extends Error {
  override readonly name = 'UndecidedError';
  readonly code = 'undecided';
  /** In how many milliseconds the store can know. */
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`The ledger lost what it had counted; it can decide in ${Math.ceil(milliseconds)} ms.`);
    this.milliseconds = milliseconds;
  }
}
