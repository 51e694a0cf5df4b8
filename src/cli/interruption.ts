import { EXIT_CODES } from './exit-codes.js';

/**
 * Lets a command end by itself on SIGINT or SIGTERM. The first signal asks; a second one does not wait any longer.
 */
export class Interruption {
  private received: NodeJS.Signals | undefined;
  private readonly onImpatience: () => void;
  private readonly controller = new AbortController();

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    if (this.received !== undefined) {
      this.onImpatience();
      process.exit(exitCodeOf(this.received));
    }
    this.received = signal;
    this.controller.abort();
  };

  /** @param onImpatience what must be put in order before a second signal ends the process */
  constructor(onImpatience: () => void) {
    this.onImpatience = onImpatience;
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
  }

  /** Aborted when a signal has come. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What the process exits with after the signal; `undefined` while none has come. */
  get exitCode(): number | undefined {
    return this.received === undefined ? undefined : exitCodeOf(this.received);
  }

  /** Gives the signals back to their default. */
  dispose(): void {
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
  }
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return signal === 'SIGTERM' ? EXIT_CODES.terminated : EXIT_CODES.interrupted;
}
