import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { type InvalidationMessage, parseInvalidationMessage, splitMessage } from './invalidation-message.js';
import type { MessageAuthenticator } from './message-authenticator.js';

/** That messages are ignored is said at most this often. */
const LOG_PAUSE_MILLISECONDS = 60_000;

/** Reads the messages of the channel of invalidations, as far as a process of the same database sent them. */
export class SignedMessages {
  private readonly authenticator: MessageAuthenticator;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private ignored = 0;
  private quietUntil = Number.NEGATIVE_INFINITY;

  constructor(
    authenticator: MessageAuthenticator,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.authenticator = authenticator;
    this.clock = clock;
    this.logger = logger;
  }

  /**
   * Reads a message: `ignored` if it is not authenticated, for whoever may publish in Redis is nobody yet; `undefined`
   * if it is, and still cannot be read, so that it may have meant anything.
   */
  read(channel: string, message: string): InvalidationMessage | 'ignored' | undefined {
    const { generation, signed } = splitMessage(message);
    const text = this.authenticator.verify([channel], signed);
    if (text !== undefined) return parseInvalidationMessage(generation + text);
    this.ignore();
    return 'ignored';
  }

  private ignore(): void {
    this.ignored += 1;
    const now = this.clock.monotonicMilliseconds();
    if (now < this.quietUntil) return;
    this.quietUntil = now + LOG_PAUSE_MILLISECONDS;
    this.logger.warn(
      `Token cache: ${this.ignored} messages in Redis were ignored, as no key of this process authenticates them. Either somebody else publishes there, or processes have different cache.authenticationKeys.`,
    );
    this.ignored = 0;
  }
}
