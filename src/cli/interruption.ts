import { EXIT_CODES } from './exit-codes.js';

/**
 * Lets a command end by itself on SIGINT or SIGTERM. The first signal asks; a second one does not wait any longer.
 */
export class Interruption {
  #signal: NodeJS.Signals | undefined;
  readonly #onImpatience: () => void;
  readonly #controller = new AbortController();

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#signal !== undefined) {
      this.#onImpatience();
      process.exit(exitCodeOf(this.#signal));
    }
    this.#signal = signal;
    this.#controller.abort();
  };

  /** @param onImpatience what must be put in order before a second signal ends the process */
  constructor(onImpatience: () => void) {
    this.#onImpatience = onImpatience;
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  /** Aborted when a signal has come. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the process exits with after the signal; `undefined` while none has come. */
  get exitCode(): number | undefined {
    return this.#signal === undefined ? undefined : exitCodeOf(this.#signal);
  }

  /** Gives the signals back to their default. */
  dispose(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return signal === 'SIGTERM' ? EXIT_CODES.terminated : EXIT_CODES.interrupted;
}
