import { createHmac } from 'node:crypto';
import type { Clock } from '../../core/clock.js';

/** How long a nonce is issued; it is accepted for the same time again. */
const PERIOD_MILLISECONDS = 60_000;

/** 128 bits. */
const NONCE_LENGTH = 22;

/**
 * Nonces for proofs (RFC 9449 §8): an HMAC of the current minute, so that nothing is stored, and processes with the
 * same secrets accept each other's nonces.
 */
export class Nonces {
  private readonly made = new Map<number, string>();

  /** @param secrets 32 bytes each; the first one creates nonces, all are accepted */
  constructor(
    private readonly secrets: readonly Buffer[],
    private readonly clock: Clock,
  ) {}

  /** The nonce to use from now on. */
  current(): string {
    const period = this.period();
    let nonce = this.made.get(period);
    if (nonce === undefined) {
      this.made.clear();
      nonce = nonceOf(this.secrets[0] as Buffer, period);
      this.made.set(period, nonce);
    }
    return nonce;
  }

  /** Whether a nonce was issued recently. A timing-safe comparison is not needed, since callers may know the nonces. */
  accepts(nonce: unknown): boolean {
    if (typeof nonce !== 'string' || nonce.length !== NONCE_LENGTH) return false;
    if (nonce === this.current()) return true;
    const period = this.period();
    return this.secrets.some((secret) => nonce === nonceOf(secret, period) || nonce === nonceOf(secret, period - 1));
  }

  private period(): number {
    return Math.floor(this.clock.nowMilliseconds() / PERIOD_MILLISECONDS);
  }
}

function nonceOf(secret: Buffer, period: number): string {
  return createHmac('sha256', secret).update(`dpop nonce ${period}`).digest('base64url').slice(0, NONCE_LENGTH);
}
