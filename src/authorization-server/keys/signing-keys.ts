import { type Clock, systemClock } from '../../core/clock.js';
import { ConfigurationError } from '../../core/errors.js';
import type { OAuth2Events } from '../../core/events/events.js';
import { KEYS_PUBLISH_SECONDS } from '../../core/key-publication.js';
import { type Logger, silentLogger } from '../../core/logger.js';
import type { SigningKey, SigningKeyRepository } from '../../storage/index.js';
import {
  generateSigningKey,
  type PrivateJwk,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  thumbprint,
} from './key-pair.js';
import type { Sealer } from './sealer.js';

/** How long a process may use the keys that it has read, in seconds. */
export const KEYS_RELOAD_SECONDS = 30;

/** How long caches may keep the response of `/jwks`, in seconds. */
export const KEYS_CACHED_SECONDS = 30;

/**
 * How long a new key is published before it signs, in seconds: long enough for every process to have read it and for
 * every cache to have dropped the earlier response, with room for differing clocks. Otherwise a client could ask a
 * process that does not yet publish the key with which another has signed.
 */
export const KEYS_ANNOUNCE_SECONDS = 90;

export { KEYS_PUBLISH_SECONDS };

/** The keys at a moment. */
export interface SigningKeySet {
  /** Private keys; of each algorithm first the one that signs, then the others that are published. */
  readonly jwks: {
    /** The keys (RFC 7517 §5.1). */
    readonly keys: readonly PrivateJwk[];
  };
}

/** The state of a key: it will sign, it signs, or it only verifies. */
export type SigningKeyState = 'announced' | 'signing' | 'retired';

/** A key without its secret part. */
export interface DescribedSigningKey {
  /** Its identifier (RFC 7517 §4.5). */
  readonly kid: string;
  /** Its algorithm (RFC 7518 §3.1). */
  readonly algorithm: string;
  /** What it is used for now. */
  readonly state: SigningKeyState;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly createdAtMilliseconds: number;
  /** When it starts to sign, in milliseconds since the Unix epoch. */
  readonly signsFromMilliseconds: number;
  /** When it is no longer published; `undefined` while it has no successor. */
  readonly expiresAtMilliseconds: number | undefined;
}

/** The options of `rotate`. */
export interface RotateOptions {
  /**
   * The keys have leaked: the new ones sign immediately, and the old ones verify nothing any more. Tokens that they
   * signed are refused, and for up to `KEYS_RELOAD_SECONDS` a process may still sign with them.
   */
  readonly compromised?: boolean;
  /**
   * The stored keys cannot be decrypted any more, because their encryption key is lost. They are replaced as if they
   * were compromised.
   */
  readonly encryptionKeyLost?: boolean;
}

/** The result of a rotation for one algorithm. */
export interface RotatedSigningKey {
  /** The identifier of the new key (RFC 7517 §4.5). */
  readonly kid: string;
  /** Its algorithm (RFC 7518 §3.1). */
  readonly algorithm: string;
  /** When it starts to sign, in milliseconds since the Unix epoch. */
  readonly signsFromMilliseconds: number;
  /** `false`: another call had just created the next key, which is described here. */
  readonly created: boolean;
}

/** What the signing keys depend on. */
export interface SigningKeysDependencies {
  readonly repository: SigningKeyRepository;
  readonly sealer: Sealer;
  readonly clock?: Clock;
  /** Receives a line if the keys could not be read again, at most every ten seconds. */
  readonly logger?: Logger;
  readonly events?: OAuth2Events;
}

/** The delay before another attempt after a failure, in milliseconds. */
const RETRY_MILLISECONDS = 10_000;

/**
 * Later calls do not wait for a read that takes longer than this, as it may have missed a rotation; in milliseconds.
 */
const JOIN_MILLISECONDS = 2_000;

/** The keys that were read, and when the read began by the monotonic clock, since the wall clock may be set back. */
interface HeldKeys {
  readonly set: SigningKeySet;
  readonly kids: string;
  readonly begunMonotonicMilliseconds: number;
  readonly untilMilliseconds: number;
  readonly untilMonotonicMilliseconds: number;
}

interface Reading {
  readonly promise: Promise<SigningKeySet>;
  readonly begunMonotonicMilliseconds: number;
}

/**
 * The keys that the authorization server signs with: made when they are first needed, stored sealed, rotated by command
 * and read again by every process within `KEYS_RELOAD_SECONDS`.
 *
 * Every method rejects with `TemporarilyUnavailableError` if the database cannot answer, and with `ConfigurationError`
 * if a key was sealed under an encryption key that is not given.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Replaces the signing keys, at once if they are known to somebody else.
 * export async function rotate({ authorizationServer }: OAuth2, compromised: boolean): Promise<string[]> {
 *   const keys = await authorizationServer?.signingKeys.rotate({ compromised });
 *   return keys?.map(({ kid }) => kid) ?? [];
 * }
 * ```
 */
export class SigningKeys {
  private readonly repository: SigningKeyRepository;
  private readonly sealer: Sealer;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly events: OAuth2Events | undefined;
  /** Decrypted keys by their encrypted form: reading again costs one statement and no decryption. */
  private opened = new Map<string, PrivateJwk>();
  private held: HeldKeys | undefined;
  private reading: Reading | undefined;

  /** @internal */
  constructor({ repository, sealer, clock = systemClock, logger = silentLogger, events }: SigningKeysDependencies) {
    this.repository = repository;
    this.sealer = sealer;
    this.clock = clock;
    this.logger = logger;
    this.events = events;
  }

  /**
   * The present keys, as the same object while nothing changes, so that a comparison shows what has to be rebuilt. They
   * are read again after `KEYS_RELOAD_SECONDS`, and when another key starts to sign; if that fails, the previous ones
   * stay in use.
   */
  current(): SigningKeySet | Promise<SigningKeySet> {
    const { held } = this;
    if (
      held !== undefined &&
      this.clock.nowMilliseconds() < held.untilMilliseconds &&
      this.clock.monotonicMilliseconds() < held.untilMonotonicMilliseconds
    )
      return held.set;
    if (held === undefined) return this.load();
    return this.load().catch((error: unknown) => {
      if (this.held !== held) return this.held?.set ?? held.set;
      this.held = {
        ...held,
        untilMilliseconds: this.clock.nowMilliseconds() + RETRY_MILLISECONDS,
        untilMonotonicMilliseconds: this.clock.monotonicMilliseconds() + RETRY_MILLISECONDS,
      };
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(`The signing keys could not be read again; the previous ones stay in use: ${reason}`);
      return held.set;
    });
  }

  /**
   * Reads the keys now, and creates missing ones. Concurrent calls share one read, unless it is slow; the result of an
   * older read never replaces that of a newer one.
   */
  load(): Promise<SigningKeySet> {
    const now = this.clock.monotonicMilliseconds();
    const { reading } = this;
    if (reading !== undefined && now - reading.begunMonotonicMilliseconds <= JOIN_MILLISECONDS) return reading.promise;
    const promise = this.read().finally(() => {
      if (this.reading?.promise === promise) this.reading = undefined;
    });
    this.reading = { promise, begunMonotonicMilliseconds: now };
    return promise;
  }

  /** All published keys, without their secret parts. */
  async list(): Promise<DescribedSigningKey[]> {
    return describeSigningKeys(await this.repository.list(), this.clock.nowMilliseconds());
  }

  /**
   * Creates the next key of each algorithm, and removes those that are no longer published. While a next key is
   * announced and does not sign yet, further calls create no other; of concurrent calls, one creates it.
   *
   * @throws ConfigurationError if the stored keys cannot be decrypted: the servers could not decrypt a key encrypted
   *   here
   */
  async rotate({ compromised = false, encryptionKeyLost = false }: RotateOptions = {}): Promise<RotatedSigningKey[]> {
    if (!encryptionKeyLost) for (const row of await this.repository.list()) this.open(row);
    const rotated: RotatedSigningKey[] = [];
    for (const algorithm of SIGNING_ALGORITHMS) {
      rotated.push(await this.rotateOne(algorithm, compromised || encryptionKeyLost));
    }
    await this.repository.deleteExpired();
    return rotated;
  }

  /**
   * Encrypts every key under the newest encryption key, so that older ones can be removed from the options; resolves to
   * the number of keys that were encrypted again. Every server must have the newest encryption key before.
   */
  async reseal(): Promise<number> {
    let resealed = 0;
    for (const row of await this.repository.list()) {
      const sealed = row.privateKeyEncrypted;
      if (this.sealer.isCurrent(sealedTextOf(row))) continue;
      const again = this.seal(this.open(row));
      if (await this.repository.replaceEncrypted(row.kid, sealed, again)) resealed += 1;
    }
    return resealed;
  }

  private async read(): Promise<SigningKeySet> {
    const begunMilliseconds = this.clock.nowMilliseconds();
    const begunMonotonicMilliseconds = this.clock.monotonicMilliseconds();
    let rows = await this.repository.list();
    const missing = SIGNING_ALGORITHMS.filter((algorithm) => rows.every((row) => row.algorithm !== algorithm));
    if (missing.length > 0) {
      // Another process may do the same: the first to store its key wins, and all use that one.
      await Promise.all(missing.map((algorithm) => this.addFirst(algorithm)));
      rows = await this.repository.list();
    }
    if (this.held !== undefined && this.held.begunMonotonicMilliseconds > begunMonotonicMilliseconds)
      return this.held.set;
    return this.hold(rows, begunMilliseconds, begunMonotonicMilliseconds);
  }

  private hold(
    rows: readonly SigningKey[],
    nowMilliseconds: number,
    begunMonotonicMilliseconds: number,
  ): SigningKeySet {
    const ordered = byAlgorithm(rows).flatMap((keys) => {
      const signing = signingKey(keys, nowMilliseconds);
      return [signing, ...keys.filter((key) => key !== signing)];
    });
    const before = this.opened;
    this.opened = new Map();
    const keys = ordered.map((row) => {
      const sealed = sealedTextOf(row);
      const key = before.get(sealed) ?? this.open(row);
      this.opened.set(sealed, key);
      return key;
    });
    const kids = keys.map(({ kid }) => kid).join(' ');
    const changes = rows
      .flatMap((row) => [row.signsFromMilliseconds, row.expiresAtMilliseconds ?? 0])
      .filter((timeMilliseconds) => timeMilliseconds > nowMilliseconds);
    const untilMilliseconds = Math.min(nowMilliseconds + KEYS_RELOAD_SECONDS * 1000, ...changes);
    const set = this.held?.kids === kids ? this.held.set : { jwks: { keys } };
    const untilMonotonicMilliseconds = begunMonotonicMilliseconds + KEYS_RELOAD_SECONDS * 1000;
    this.held = { set, kids, begunMonotonicMilliseconds, untilMilliseconds, untilMonotonicMilliseconds };
    return set;
  }

  private async addFirst(algorithm: SigningAlgorithm): Promise<void> {
    const key = await generateSigningKey(algorithm);
    const signsFromMilliseconds = this.clock.nowMilliseconds();
    await this.repository.add({
      kid: key.kid,
      algorithm,
      generation: 1,
      privateKeyEncrypted: this.seal(key),
      signsFromMilliseconds,
    });
    const { kid } = key;
    this.events?.tell('key.created', () => ({ kid, algorithm, signsFromMilliseconds, compromised: false }));
  }

  private async rotateOne(algorithm: SigningAlgorithm, compromised: boolean): Promise<RotatedSigningKey> {
    const newest = await this.newest(algorithm);
    if (newest !== undefined && newest.signsFromMilliseconds > this.clock.nowMilliseconds() && !compromised) {
      return { kid: newest.kid, algorithm, signsFromMilliseconds: newest.signsFromMilliseconds, created: false };
    }
    const key = await generateSigningKey(algorithm);
    const nowMilliseconds = this.clock.nowMilliseconds();
    const atOnce = compromised || newest === undefined;
    const signsFromMilliseconds = atOnce ? nowMilliseconds : nowMilliseconds + KEYS_ANNOUNCE_SECONDS * 1000;
    const generation = (newest?.generation ?? 0) + 1;
    const next = { kid: key.kid, algorithm, generation, privateKeyEncrypted: this.seal(key), signsFromMilliseconds };
    const expiresAtMilliseconds = compromised ? nowMilliseconds : signsFromMilliseconds + KEYS_PUBLISH_SECONDS * 1000;
    if (await this.repository.succeed(next, expiresAtMilliseconds)) {
      this.events?.tell('key.created', () => ({ kid: key.kid, algorithm, signsFromMilliseconds, compromised }));
      return { kid: key.kid, algorithm, signsFromMilliseconds, created: true };
    }
    const winner = (await this.newest(algorithm)) ?? next;
    return { kid: winner.kid, algorithm, signsFromMilliseconds: winner.signsFromMilliseconds, created: false };
  }

  private async newest(algorithm: string): Promise<SigningKey | undefined> {
    return (await this.repository.list()).find((row) => row.algorithm === algorithm);
  }

  private seal(key: PrivateJwk): Buffer {
    return Buffer.from(this.sealer.seal(JSON.stringify(key), context(key.kid)), 'latin1');
  }

  private open(row: SigningKey): PrivateJwk {
    try {
      const key = JSON.parse(this.sealer.open(sealedTextOf(row), context(row.kid))) as PrivateJwk;
      if (key.kid === row.kid && thumbprint(key) === row.kid) return key;
    } catch {
      // Reported below, without the details of the failure.
    }
    throw new ConfigurationError(
      `The signing key ${row.kid} cannot be decrypted; add the key with which it was encrypted to encryptionKeys, or, if it is lost, rotate with encryptionKeyLost.`,
    );
  }
}

/** The states of keys at a moment, without their secret parts; takes the rows of `SigningKeyRepository.list`. */
export function describeSigningKeys(rows: readonly SigningKey[], nowMilliseconds: number): DescribedSigningKey[] {
  return byAlgorithm(rows).flatMap((keys) => {
    const signing = signingKey(keys, nowMilliseconds);
    return keys.map((key) => ({
      kid: key.kid,
      algorithm: key.algorithm,
      state: key === signing ? 'signing' : key.generation > signing.generation ? 'announced' : 'retired',
      createdAtMilliseconds: key.createdAtMilliseconds,
      signsFromMilliseconds: key.signsFromMilliseconds,
      expiresAtMilliseconds: key.expiresAtMilliseconds ?? undefined,
    }));
  });
}

/** What is neither bytes nor text cannot be decrypted. */
function sealedTextOf({ privateKeyEncrypted: sealed }: SigningKey): string {
  const stored: unknown = sealed;
  return typeof stored === 'string'
    ? stored
    : stored instanceof Uint8Array
      ? Buffer.from(stored).toString('latin1')
      : '';
}

function context(kid: string): string {
  return `signing-key:${kid}`;
}

/** The rows of each algorithm, newest first, in the order in which clients prefer the algorithms. */
function byAlgorithm(rows: readonly SigningKey[]): SigningKey[][] {
  const known: readonly string[] = SIGNING_ALGORITHMS;
  // A newer version may have stored other algorithms, whose signatures must still be verified.
  const names = [...new Set([...known, ...rows.map((row) => row.algorithm)])];
  return names.map((name) => rows.filter((row) => row.algorithm === name)).filter((keys) => keys.length > 0);
}

/** The newest key whose time has come; if there is none, the oldest. */
function signingKey(keys: readonly SigningKey[], nowMilliseconds: number): SigningKey {
  return (keys.find((key) => key.signsFromMilliseconds <= nowMilliseconds) ?? keys.at(-1)) as SigningKey;
}
