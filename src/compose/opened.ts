/** Closes a part. */
type Close = () => Promise<unknown>;

/** What was opened while the parts were made, so that an option that is refused leaves nothing open. */
export class Opened {
  private readonly parts: Close[] = [];

  add(close: Close): void {
    this.parts.push(close);
  }

  /** Closes everything, the last first. What does not close either is told by the error that led here. */
  abandon(): void {
    for (const close of this.parts.reverse()) close().catch(() => undefined);
  }
}
