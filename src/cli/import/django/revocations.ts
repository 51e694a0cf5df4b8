import { tellingCaches } from '../../caches.js';
import type { CliContext, CommandServices } from '../../cli-context.js';

/** Beyond this many, caches are told before the end. */
const MOST_WAITING = 10_000;

/** Revokes tokens in the database at once, and tells the caches of running servers of all of them together. */
export class Revocations {
  private waiting: Buffer[] = [];

  constructor(
    private readonly context: CliContext,
    private readonly target: CommandServices,
  ) {}

  /** Revokes a token by its digest; a refresh token with its family. */
  async revoke(tokenHash: Buffer): Promise<void> {
    await this.target.tokens.revokeByHash(tokenHash);
    this.waiting.push(tokenHash);
    if (this.waiting.length >= MOST_WAITING) await this.tell();
  }

  /** @throws CliError if caches could not be told */
  async tell(): Promise<void> {
    const digests = this.waiting;
    this.waiting = [];
    if (digests.length === 0) return;
    const part = { done: `${digests.length} tokens are revoked in the database` };
    await tellingCaches(this.context, this.target, part, async ({ tokens }) => {
      // Again, which in the database has no effect.
      for (const digest of digests) await tokens.revokeByHash(digest);
    });
  }
}
