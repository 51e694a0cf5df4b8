import { createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { type RandomBytes, systemRandomBytes } from './token-value.js';

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

/** How many secrets that matched are remembered. */
const MAXIMUM_REMEMBERED = 1_000;

/**
 * Checks secrets against hashes that came from Django.
 *
 * A secret that matched is remembered in this process, as a digest under a key that this process made up, so that an
 * application which asks for a token each second costs one derivation and not one each second. The stored hash is part
 * of what is digested: a changed hash is a new question. Nothing is stored: whoever reads the database still has to
 * guess through PBKDF2, which matters because such a secret may have been chosen by a person.
 */
export class DjangoSecretChecker {
  private readonly key: Buffer;
  private readonly remembered = new LRUCache<string, true>({ max: MAXIMUM_REMEMBERED });
  private readonly running = new Map<string, Promise<boolean>>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(random: RandomBytes = systemRandomBytes) {
    this.key = random(32);
  }

  /** Whether it is the secret; compared in constant time. A hash that is none matches nothing. */
  check(secret: string, encoded: string): boolean | Promise<boolean> {
    const stored = parse(encoded);
    if (stored === undefined) return false;
    const question = createHmac('sha256', this.key).update(encoded).update('\0').update(secret).digest('base64url');
    if (this.remembered.get(question)) return true;
    const running = this.running.get(question) ?? this.start(question, secret, stored);
    this.running.set(question, running);
    return running;
  }

  private async start(question: string, secret: string, stored: DjangoSecret): Promise<boolean> {
    try {
      const matches = await this.oneOfFew(async () => {
        const { salt, iterations, hash, digest } = stored;
        return timingSafeEqual(await derive(secret, salt, iterations, hash.length, digest), hash);
      });
      if (matches) this.remembered.set(question, true);
      return matches;
    } finally {
      this.running.delete(question);
    }
  }

  private async oneOfFew<T>(work: () => Promise<T>): Promise<T> {
    if (this.busy === MAXIMUM_AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.busy += 1;
    try {
      return await work();
    } finally {
      // The place goes to who waits longest, or is free.
      const next = this.waiting.shift();
      if (next === undefined) this.busy -= 1;
      else next();
    }
  }
}
