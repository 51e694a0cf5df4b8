/** Closes a part. */
type Close = () => Promise<unknown>;

/** What was opened during composition, so that a refused option leaves nothing open. */
export class Opened {
  private readonly parts: Close[] = [];

  add(close: Close): void {
    this.parts.push(close);
  }

  /** Closes everything in reverse order. Errors of closing are ignored in favour of the original one. */
  abandon(): void {
    for (const close of this.parts.reverse()) close().catch(() => undefined);
  }
}
