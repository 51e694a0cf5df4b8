import { createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { type RandomBytes, systemRandomBytes } from './token-value.js';
import { WorkQueue } from './work-queue.js';

const derive = promisify(pbkdf2);

/** The hash functions of Django's two PBKDF2 hashers, with the size of what they store. */
const HASHERS: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>> = {
  pbkdf2_sha256: { digest: 'sha256', bytes: 32 },
  pbkdf2_sha1: { digest: 'sha1', bytes: 20 },
};

/** RFC 8018 §4.2 asks for at least 1000. */
const MINIMUM_ITERATIONS = 1_000;

/** Twice of what Django 6 does: about a second. More would only be a way to keep this server busy. */
const MAXIMUM_ITERATIONS = 3_000_000;

/** `algorithm$iterations$salt$hash`, as Django's `make_password` writes it. */
const ENCODED = /^(pbkdf2_sha256|pbkdf2_sha1)\$([1-9]\d{0,7})\$([^$\s]{1,128})\$([A-Za-z0-9+/]+={0,2})$/;

interface DjangoSecret {
  readonly digest: string;
  readonly iterations: number;
  readonly salt: string;
  readonly hash: Buffer;
}

/** Whether a text is a secret as Django's `make_password` stores it, PBKDF2 with SHA-256 or SHA-1, within bounds. */
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

/** How many derivations run at once. Node has four threads for them, and for files and name look-ups too. */
const MAXIMUM_AT_ONCE = 2;

/** How many wait in each line: at Django's own number of iterations that is a few seconds. */
const MAXIMUM_WAITING = 16;

/** How many secrets that matched are remembered, and for how long. */
const MAXIMUM_REMEMBERED = 1_000;
const REMEMBERED_MILLISECONDS = 3_600_000;

/**
 * Checks secrets against hashes that came from Django.
 *
 * A secret that matched is remembered in this process for an hour, as a digest under a key that this process made up, so
 * that an application which asks for a token each second costs one derivation and not one each second. The stored hash
 * is part of what is digested: a changed hash is a new question. Nothing is stored: whoever reads the database still has
 * to guess through PBKDF2, which matters because such a secret may have been chosen by a person.
 *
 * Few derivations run at once and few wait, so that guesses do not pile up; callers who are known wait in a line of their
 * own and go first.
 */
export class DjangoSecretChecker {
  private readonly key: Buffer;
  private readonly remembered = new LRUCache<string, true>({ max: MAXIMUM_REMEMBERED, ttl: REMEMBERED_MILLISECONDS });
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly queue = new WorkQueue({ atOnce: MAXIMUM_AT_ONCE, waiting: MAXIMUM_WAITING, part: 'secrets' });

  constructor(random: RandomBytes = systemRandomBytes) {
    this.key = random(32);
  }

  /** Whether it is known to be the secret, without a derivation. */
  remembers(secret: string, encoded: string): boolean {
    return this.remembered.get(this.question(secret, encoded)) === true;
  }

  /**
   * Whether it is the secret; compared in constant time. A hash that is none matches nothing.
   *
   * @param isKnown whether the caller is known, and does not wait behind strangers
   * @throws TemporarilyUnavailableError (rejects) if too many are being checked
   */
  check(secret: string, encoded: string, isKnown = false): boolean | Promise<boolean> {
    const stored = parse(encoded);
    if (stored === undefined) return false;
    const question = this.question(secret, encoded);
    if (this.remembered.get(question)) return true;
    // Each line by itself: who is known does not wait for what a stranger asked.
    const place = `${isKnown} ${question}`;
    const running = this.running.get(place) ?? this.start(question, place, isKnown, secret, stored);
    this.running.set(place, running);
    return running;
  }

  private question(secret: string, encoded: string): string {
    return createHmac('sha256', this.key).update(encoded).update('\0').update(secret).digest('base64url');
  }

  private async start(
    question: string,
    place: string,
    isKnown: boolean,
    secret: string,
    { salt, iterations, hash, digest }: DjangoSecret,
  ): Promise<boolean> {
    try {
      const derived = await this.queue.run(isKnown, () => derive(secret, salt, iterations, hash.length, digest));
      const matches = timingSafeEqual(derived, hash);
      if (matches) this.remembered.set(question, true);
      return matches;
    } finally {
      this.running.delete(place);
    }
  }
}
