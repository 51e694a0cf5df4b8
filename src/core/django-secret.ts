import { createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { type RandomBytes, systemRandomBytes } from './token-value.js';
import { WorkQueue } from './work-queue.js';

const derive = promisify(pbkdf2);

/** The hash functions of Django's two PBKDF2 hashers, with the length of their output. */
const HASHERS: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>> = {
  pbkdf2_sha256: { digest: 'sha256', bytes: 32 },
  pbkdf2_sha1: { digest: 'sha1', bytes: 20 },
};

/** RFC 8018 §4.2 asks for at least 1000. */
const MINIMUM_ITERATIONS = 1_000;

/** Twice the number of Django 6, about a second of work. A higher limit would only help to overload the server. */
const MAXIMUM_ITERATIONS = 3_000_000;

/** `algorithm$iterations$salt$hash`, as Django's `make_password` writes it. */
const ENCODED = /^(pbkdf2_sha256|pbkdf2_sha1)\$([1-9]\d{0,7})\$([^$\s]{1,128})\$([A-Za-z0-9+/]+={0,2})$/;

interface DjangoSecret {
  readonly digest: string;
  readonly iterations: number;
  readonly salt: string;
  readonly hash: Buffer;
}

/**
 * Whether a string is a secret in the format of Django's `make_password`: PBKDF2 with SHA-256 or SHA-1, within the
 * limits.
 */
export function isDjangoSecret(encoded: unknown): encoded is string {
  return typeof encoded === 'string' && parse(encoded) !== undefined;
}

function parse(encoded: string): DjangoSecret | undefined {
  const [, name = '', count = '', salt = '', text = ''] = ENCODED.exec(encoded) ?? [];
  const hasher = HASHERS[name];
  const iterations = Number(count);
  const hash = Buffer.from(text, 'base64');
  if (hasher === undefined || hash.length !== hasher.bytes) return undefined;
  if (iterations < MINIMUM_ITERATIONS || iterations > MAXIMUM_ITERATIONS) return undefined;
  return { digest: hasher.digest, iterations, salt, hash };
}

/**
 * How many derivations run at once. Node's thread pool has four threads, which also serve file access and DNS look-ups.
 */
const MAXIMUM_AT_ONCE = 2;

/** How many derivations wait in each queue: a few seconds of work at Django's number of iterations. */
const MAXIMUM_WAITING = 16;

/** How many matching secrets are remembered, and for how long. */
const MAXIMUM_REMEMBERED = 1_000;
const REMEMBERED_MILLISECONDS = 3_600_000;

/**
 * Checks secrets against hashes that were imported from Django.
 *
 * A matching secret is remembered in this process for an hour, as a digest under a random key, so that an application
 * that requests a token every second does not cost a derivation every second. The digest includes the stored hash, so a
 * changed hash is checked anew. Nothing is stored: someone who reads the database still has to guess through PBKDF2,
 * which matters because a person may have chosen the secret.
 *
 * Few derivations run at once and few wait, so that guesses do not pile up. Known callers have a queue of their own,
 * which is served first.
 */
export class DjangoSecretChecker {
  private readonly key: Buffer;
  private readonly remembered = new LRUCache<string, true>({ max: MAXIMUM_REMEMBERED, ttl: REMEMBERED_MILLISECONDS });
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly queue = new WorkQueue({ atOnce: MAXIMUM_AT_ONCE, waiting: MAXIMUM_WAITING, part: 'secrets' });

  constructor(random: RandomBytes = systemRandomBytes) {
    this.key = random(32);
  }

  /** Whether the secret is remembered as a match; needs no derivation. */
  remembers(secret: string, encoded: string): boolean {
    return this.remembered.get(this.memoryKeyOf(secret, encoded)) === true;
  }

  /**
   * Whether the secret matches, compared in constant time. A malformed hash matches nothing.
   *
   * @param isKnown whether the caller is known and need not wait behind strangers
   * @throws TemporarilyUnavailableError (rejects) if too many checks are waiting
   */
  check(secret: string, encoded: string, isKnown = false): boolean | Promise<boolean> {
    const stored = parse(encoded);
    if (stored === undefined) return false;
    const memoryKey = this.memoryKeyOf(secret, encoded);
    if (this.remembered.get(memoryKey)) return true;
    // The two queues do not share derivations: a known caller must not wait for one that a stranger started.
    const queueKey = `${isKnown} ${memoryKey}`;
    const running = this.running.get(queueKey) ?? this.start(memoryKey, queueKey, isKnown, secret, stored);
    this.running.set(queueKey, running);
    return running;
  }

  private memoryKeyOf(secret: string, encoded: string): string {
    return createHmac('sha256', this.key).update(encoded).update('\0').update(secret).digest('base64url');
  }

  private async start(
    memoryKey: string,
    queueKey: string,
    isKnown: boolean,
    secret: string,
    { salt, iterations, hash, digest }: DjangoSecret,
  ): Promise<boolean> {
    try {
      const derived = await this.queue.run(isKnown, () => derive(secret, salt, iterations, hash.length, digest));
      const matches = timingSafeEqual(derived, hash);
      if (matches) this.remembered.set(memoryKey, true);
      return matches;
    } finally {
      this.running.delete(queueKey);
    }
  }
}
