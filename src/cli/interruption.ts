import { EXIT_CODES } from './exit-codes.js';

/** Lets a command finish its step on SIGINT or SIGTERM. A second signal ends the process immediately. */
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

  /** @param onImpatience cleans up before a second signal ends the process */
  constructor(onImpatience: () => void) {
    this.onImpatience = onImpatience;
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
  }

  /** Aborted when a signal has arrived. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The exit code after a signal; `undefined` if none has arrived. */
  get exitCode(): number | undefined {
    return this.received === undefined ? undefined : exitCodeOf(this.received);
  }

  /** Restores the default handling of the signals. */
  dispose(): void {
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
  }
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return signal === 'SIGTERM' ? EXIT_CODES.terminated : EXIT_CODES.interrupted;
}
