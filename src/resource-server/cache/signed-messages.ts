import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { type InvalidationMessage, parseInvalidationMessage, splitMessage } from './invalidation-message.js';
import type { MessageAuthenticator } from './message-authenticator.js';

/** The shortest interval between log lines about ignored messages. */
const LOG_PAUSE_MILLISECONDS = 60_000;

/** Reads the messages on the channel for invalidations that processes of the same database sent. */
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
   * Reads a message: `ignored` if it is not authenticated, since anyone may be able to publish in Redis; `undefined` if
   * it is authenticated but cannot be parsed, so that it may have meant anything.
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
      `Token cache: ${this.ignored} messages in Redis were ignored, because no key of this process authenticates them. Either somebody else publishes there, or processes have different cache.authenticationKeys.`,
    );
    this.ignored = 0;
  }
}
