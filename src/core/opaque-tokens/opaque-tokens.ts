import type { Clock } from '../clock.js';
import { TemporarilyUnavailableError } from '../errors.js';
import { reasonOf } from '../logged-failure.js';
import type { Logger } from '../logger.js';
import { OpaqueFormat } from './opaque-format.js';
import type { OpaqueTokenSettings } from './opaque-token-options.js';

/** What the database says about the check characters of its tokens. */
export interface StoredTokenCheck {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Whether every token in it was issued with check characters, by any process. */
  readonly coversAll: boolean;
}

/** What opaque tokens depend on. */
export interface OpaqueTokensDependencies {
  /**
   * Asks the database; `undefined`: it is not migrated far enough.
   *
   * @throws TemporarilyUnavailableError if it cannot answer
   */
  readonly read: () => Promise<StoredTokenCheck | undefined>;
  /** Records in the database that it holds tokens without check characters. */
  readonly admitUnchecked: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a failed attempt keeps requests from starting the next one. */
const PAUSE_MILLISECONDS = 1_000;

/** How long what the database says about tokens without prefix is relied on before it is asked again. */
const AGAIN_MILLISECONDS = 30_000;

/** The same for those whose refusal lasts: clients discard a refresh token that was refused. */
const SOON_MILLISECONDS = 1_000;

/**
 * Makes the values of opaque tokens, and recognizes forged ones without I/O. What the database holds for that is read once:
 * by `ready`, or in the background when the first token is presented. Until it is known, no token counts as forged.
 */
export class OpaqueTokens {
  private format: OpaqueFormat;
  /** Whether what is needed from the database is known. */
  private isComplete: boolean;
  private refusesUnchecked: boolean;
  private reading: Promise<void> | undefined;
  private notBeforeMilliseconds = Number.NEGATIVE_INFINITY;
  private notAgainBeforeMilliseconds = Number.NEGATIVE_INFINITY;
  private notSoonBeforeMilliseconds = Number.NEGATIVE_INFINITY;
  /** The last answer to `isStillForged`, which holds for a moment, also if it is that the database is away. */
  private recent: Promise<void> | undefined;
  private isSaid = false;
  /** Whether this process made tokens while it did not know what their check characters are made with. */
  private hasMadeUnchecked = false;

  constructor(
    private readonly settings: OpaqueTokenSettings,
    private readonly dependencies: OpaqueTokensDependencies,
  ) {
    const { prefix, secrets, unchecked } = settings;
    this.format = new OpaqueFormat(prefix, secrets.filter(isKnown));
    this.isComplete = unchecked !== undefined && secrets.every(isKnown);
    this.refusesUnchecked = unchecked === 'refuse';
  }

  /**
   * Resolves when tokens can be issued; `undefined`: they can be now.
   *
   * @throws TemporarilyUnavailableError (rejects) if the database cannot answer
   */
  ready(): Promise<void> | undefined {
    if (this.isComplete || this.isPausing) return undefined;
    return this.read();
  }

  /** Asks the database now, which may have been migrated. */
  async askAnew(): Promise<void> {
    if (!this.isComplete) await this.read();
  }

  /** The token with this body of 43 random characters. Wait for `ready` first. */
  token(body: string): string {
    if (!this.isComplete && !this.format.hasKeys) this.hasMadeUnchecked = true;
    return this.format.token(body);
  }

  /** All tokens that may have been made of a body, by any process. */
  tokensOf(body: string): readonly string[] {
    return this.format.tokensOf(body);
  }

  /**
   * Whether a token, which is not a JWT, was not issued here, as its form alone shows. Synchronous, and it never throws.
   * `false` says nothing.
   */
  isForged(token: string): boolean {
    if (!this.isComplete && !this.isPausing) this.read().catch(() => undefined);
    if (!this.format.isPrefixed(token)) {
      if (this.refusesUnchecked) this.askAgain();
      return this.refusesUnchecked;
    }
    return this.isComplete && !this.format.isGenuine(token);
  }

  /**
   * Whether a token that `isForged` refuses is refused also by what the database says now: for those whose holder does not try
   * again. However many are presented, the database is asked at most once in a second.
   *
   * @throws TemporarilyUnavailableError (rejects) if the database cannot answer
   */
  async isStillForged(token: string): Promise<boolean> {
    if (this.settings.unchecked !== undefined || this.format.isPrefixed(token)) return true;
    await this.askSoon();
    return this.refusesUnchecked;
  }

  private askSoon(): Promise<void> {
    const now = this.dependencies.clock.monotonicMilliseconds();
    if (this.recent === undefined || now >= this.notSoonBeforeMilliseconds) {
      this.notSoonBeforeMilliseconds = now + SOON_MILLISECONDS;
      this.recent = this.read();
    }
    return this.recent;
  }

  /** Tokens may have been imported since: then the database says something else. Asked in the background, now and then. */
  private askAgain(): void {
    const now = this.dependencies.clock.monotonicMilliseconds();
    if (this.settings.unchecked !== undefined || now < this.notAgainBeforeMilliseconds) return;
    this.notAgainBeforeMilliseconds = now + AGAIN_MILLISECONDS;
    this.read().catch(() => undefined);
  }

  private get isPausing(): boolean {
    return this.dependencies.clock.monotonicMilliseconds() < this.notBeforeMilliseconds;
  }

  private read(): Promise<void> {
    this.reading ??= this.attempt().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async attempt(): Promise<void> {
    const { read, clock, logger } = this.dependencies;
    try {
      const stored = await read();
      if (stored !== undefined) return this.learn(await this.corrected(stored));
    } catch (error) {
      // An outage concerns this request; whoever issues a token then must not do so without check characters.
      if (error instanceof TemporarilyUnavailableError) throw error;
      this.sayOnce(() => logger.warn(`${UNREADABLE} (${reasonOf(error)}).`));
    }
    this.notBeforeMilliseconds = clock.monotonicMilliseconds() + PAUSE_MILLISECONDS;
  }

  /** What the database says is wrong once this process has issued tokens without check characters; it is told so. */
  private async corrected(stored: StoredTokenCheck): Promise<StoredTokenCheck> {
    if (!this.hasMadeUnchecked || !stored.coversAll) return stored;
    await this.dependencies.admitUnchecked();
    return { ...stored, coversAll: false };
  }

  private learn({ secret, coversAll }: StoredTokenCheck): void {
    const { prefix, secrets, unchecked } = this.settings;
    this.format = new OpaqueFormat(
      prefix,
      secrets.map((known) => known ?? secret),
    );
    if (unchecked === undefined) {
      this.notAgainBeforeMilliseconds = this.dependencies.clock.monotonicMilliseconds() + AGAIN_MILLISECONDS;
      this.refusesUnchecked = coversAll;
      if (!coversAll) this.sayOnce(() => this.dependencies.logger.info(ACCEPTS_UNCHECKED));
    }
    this.isComplete = true;
  }

  private sayOnce(say: () => void): void {
    if (this.isSaid) return;
    this.isSaid = true;
    say();
  }
}

const UNREADABLE =
  'What the check characters of tokens are made with cannot be read from the database; until it can, this process issues tokens without them, and looks up forged ones';

const ACCEPTS_UNCHECKED =
  "Tokens without check characters are looked up, because this database may hold some from before there were such. Once they have expired, set opaqueTokens: { unchecked: 'refuse' }, so that forged tokens cost no look-up.";

function isKnown(secret: Buffer | undefined): secret is Buffer {
  return secret !== undefined;
}
