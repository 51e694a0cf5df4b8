import { type Clock, systemClock } from '../../core/clock.js';
import { ConfigurationError } from '../../core/errors.js';
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

/** How long a process may go on with the keys that it has read, in seconds. */
export const KEYS_RELOAD_SECONDS = 30;

/** How long caches on the way may go on with what `/jwks` answered, in seconds. */
export const KEYS_CACHED_SECONDS = 30;

/**
 * How long a new key is published before it signs, in seconds: long enough that every process has read it and every cache
 * on the way has dropped the answer before, with room for clocks that differ. Else a client could be sent to a process that does not publish yet what another signed with.
 */
export const KEYS_ANNOUNCE_SECONDS = 90;

export { KEYS_PUBLISH_SECONDS };

/** The keys of a moment. */
export interface SigningKeySet {
  /** Private keys; of each algorithm first the one that signs, then the others that are published. */
  readonly jwks: { readonly keys: readonly PrivateJwk[] };
}

/** What a key does at the moment: it will sign, it signs, or it only verifies. */
export type SigningKeyState = 'announced' | 'signing' | 'retired';

/** A key without its secret part. */
export interface DescribedSigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: SigningKeyState;
  readonly createdAtMilliseconds: number;
  readonly signsFromMilliseconds: number;
  /** When it is published no longer; `undefined` as long as it has no successor. */
  readonly expiresAtMilliseconds: number | undefined;
}

/** What `rotate` may be told. */
export interface RotateOptions {
  /**
   * The keys are known to someone who must not have them: the new ones sign at once, and the old ones verify nothing
   * any more. Tokens that they signed are refused, and for `KEYS_RELOAD_SECONDS` a process may still sign with them.
   */
  readonly compromised?: boolean;
  /**
   * The stored keys cannot be opened any more, since the encryption key that they were sealed under is lost. They are
   * replaced as if they were compromised.
   */
  readonly encryptionKeyLost?: boolean;
}

/** What a rotation did for one algorithm. */
export interface RotatedSigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly signsFromMilliseconds: number;
  /** `false`: another call had just made the next key, which is the one named here. */
  readonly created: boolean;
}

/** What the keys work with. */
export interface SigningKeysDependencies {
  readonly repository: SigningKeyRepository;
  readonly sealer: Sealer;
  readonly clock?: Clock;
  /** Told why the keys could not be read again, at most each ten seconds. */
  readonly logger?: Logger;
}

/** After a failure, when the keys are read again, in milliseconds. */
const RETRY_MILLISECONDS = 10_000;

/** A reading that takes longer is not waited for by further calls, as it may not know of a rotation; in milliseconds. */
const JOIN_MILLISECONDS = 2_000;

/** The keys that were read, and when the reading began by the monotonic clock: the wall clock may be set back. */
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
  /** Opened keys by their sealed form: reading again costs one statement and no decryption. */
  private opened = new Map<string, PrivateJwk>();
  private held: HeldKeys | undefined;
  private reading: Reading | undefined;

  /** @internal */
  constructor({ repository, sealer, clock = systemClock, logger = silentLogger }: SigningKeysDependencies) {
    this.repository = repository;
    this.sealer = sealer;
    this.clock = clock;
    this.logger = logger;
  }

  /**
   * The keys as they are now: the same object as long as nothing changed, so that a comparison tells what is to be
   * rebuilt. Read again after `KEYS_RELOAD_SECONDS`, and at the moment when another key begins to sign; while that
   * fails, the keys that were read last stay in use.
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
      this.logger.warn(`The signing keys could not be read again; those that were read last stay in use: ${reason}`);
      return held.set;
    });
  }

  /**
   * Reads the keys now, and makes those that are missing. Calls at one time share one reading, unless it is slow; what an
   * older reading answers never takes the place of what a newer one found.
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

  /** All keys that are published, without their secret parts. */
  async list(): Promise<DescribedSigningKey[]> {
    return describeSigningKeys(await this.repository.list(), this.clock.nowMilliseconds());
  }

  /**
   * Gives each algorithm its next key, and removes those that are published no longer. While a next key is announced and
   * does not sign yet, a further call makes no other; of any number of calls at one time, one makes it.
   *
   * @throws ConfigurationError if the stored keys cannot be opened: what is sealed here, the servers could not open
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
   * Seals every key under the newest encryption key, so that older ones can be taken out of the options; resolves to how
   * many that were. Every server must know the newest encryption key before.
   */
  async reseal(): Promise<number> {
    let resealed = 0;
    for (const row of await this.repository.list()) {
      const sealed = row.privateKeyEncrypted;
      if (this.sealer.isCurrent(sealed.toString('latin1'))) continue;
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
      // Another process may do the same: the first to store its key wins, and all read that one.
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
      const sealed = row.privateKeyEncrypted.toString('latin1');
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
    await this.repository.add({
      kid: key.kid,
      algorithm,
      generation: 1,
      privateKeyEncrypted: this.seal(key),
      signsFromMilliseconds: this.clock.nowMilliseconds(),
    });
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
    if (await this.repository.succeed(next, expiresAtMilliseconds))
      return { kid: key.kid, algorithm, signsFromMilliseconds, created: true };
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
      const key = JSON.parse(
        this.sealer.open(row.privateKeyEncrypted.toString('latin1'), context(row.kid)),
      ) as PrivateJwk;
      if (key.kid === row.kid && thumbprint(key) === row.kid) return key;
    } catch {
      // Told below, without what failed.
    }
    throw new ConfigurationError(
      `The signing key ${row.kid} cannot be opened; add the key that it was sealed under to encryptionKeys, or, if it is lost, rotate with encryptionKeyLost.`,
    );
  }
}

/** What keys do at a time, without their secret parts; the rows as `SigningKeyRepository.list` answers them. */
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

function context(kid: string): string {
  return `signing-key:${kid}`;
}

/** The rows of each algorithm, newest first as they come, in the order in which clients prefer them. */
function byAlgorithm(rows: readonly SigningKey[]): SigningKey[][] {
  const known: readonly string[] = SIGNING_ALGORITHMS;
  // A newer version may have stored others: what they signed is still to be verified.
  const names = [...new Set([...known, ...rows.map((row) => row.algorithm)])];
  return names.map((name) => rows.filter((row) => row.algorithm === name)).filter((keys) => keys.length > 0);
}

/** The newest whose time has come; before any has, the oldest. */
function signingKey(keys: readonly SigningKey[], nowMilliseconds: number): SigningKey {
  return (keys.find((key) => key.signsFromMilliseconds <= nowMilliseconds) ?? keys.at(-1)) as SigningKey;
}
