import type { Clock } from '../core/clock.js';
import { keyOfDigest, sha256, sha256Key } from '../core/digest.js';
import { InvalidClientError, InvalidScopeError, InvalidTokenError, TOKEN_EXPIRED } from '../core/errors.js';
import type { Observation } from '../core/observation/observation.js';
import type { OpaqueTokens } from '../core/opaque-tokens/index.js';
import { formatScope, isScopeName, parseScope, type ScopeDescriptions } from '../core/scopes.js';
import { formOf } from '../core/token-form.js';
import { generateTokenValue, isTokenValue, type RandomBytes } from '../core/token-value.js';
import type { UserStore } from '../core/users.js';
import { INVALID, type Verification, type VerifiedToken } from '../core/verified-token.js';
import type {
  AccessToken,
  Application,
  ApplicationRepository,
  ClearExpiredOptions,
  ClearExpiredResult,
  Page,
  TokenRepository,
} from '../storage/index.js';
import type { TokenCache } from './cache/token-cache.js';
import { INACTIVE, type Inspection, inspectionOf } from './inspection.js';
import type { IssuedToken, IssueOptions } from './issued-token.js';
import type { TokenLookUps } from './token-look-ups.js';
import type { ApplicationReference, RevokedOwner, TokenOwner } from './token-owner.js';
import { type UserReference, userIdOf } from './user-reference.js';
import type { VerifierChain } from './verifiers/chain.js';
import { DatabaseVerifier } from './verifiers/database.js';

/** What the service depends on. */
export interface TokenServiceDependencies {
  readonly tokens: TokenRepository;
  readonly opaqueTokens: OpaqueTokens;
  readonly applications: ApplicationRepository;
  readonly verifiers: VerifierChain;
  readonly cache: TokenCache;
  readonly lookUps: TokenLookUps;
  readonly observation: Observation;
  readonly users: UserStore | undefined;
  readonly scopes: ScopeDescriptions | undefined;
  /** The scopes that an application may have, if an authorization server limits them; `undefined`: any. */
  readonly allowedScopes?: ((application: Application) => readonly string[] | undefined) | undefined;
  /** The subset of the scopes that a user may grant to an application, if the host limits them. */
  readonly grantableScopes?:
    | ((userId: string, application: Application, scopes: readonly string[]) => Promise<readonly string[]>)
    | undefined;
  readonly resource: string | undefined;
  readonly defaultLifetimeSeconds: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Ends all sessions of a user's browsers. */
  readonly endSessionsOf: (userId: string) => Promise<unknown>;
}

/** The `grantType` in events about tokens that no grant was used for. */
const ISSUED_BY_HOST = 'host';

/** The longest lifetime of a token: a hundred years. */
const LONGEST_LIFETIME_SECONDS = 100 * 366 * 86_400;

/**
 * Issues, inspects and revokes access tokens. Inject it (typedi), or take it from `oauth2.tokens`.
 *
 * @example
 * ```ts
 * import { createOAuth2, TokenService } from 'routing-controllers-oauth2';
 * import { Container, Service } from 'typedi';
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', container: Container });
 *
 * @Service()
 * export class Offboarding {
 *   constructor(private readonly tokens: TokenService) {}
 *
 *   // Answers how many tokens were revoked.
 *   leave(userId: string): Promise<number> {
 *     return this.tokens.revokeAllOf({ user: userId });
 *   }
 * }
 * ```
 */
export class TokenService {
  private readonly closing = new AbortController();
  private readonly unfinished = new Set<Promise<void>>();

  /** @internal */
  constructor(private readonly dependencies: TokenServiceDependencies) {}

  /**
   * The state of a token in the format of RFC 7662 §2.2: exactly `{active: false}` for every token that would be
   * refused, whatever the reason. `model` is the stored row, if there is one; it is not enumerable. A token of another
   * verifier than `databaseTokens()` has none, and is told of as far as that verifier knows it, from the cache if it is
   * there.
   *
   * @throws TemporarilyUnavailableError if what is asked cannot answer
   */
  async inspect(token: string): Promise<Inspection> {
    if (!isTokenValue(token)) return INACTIVE;
    const verifier = this.dependencies.verifiers.select(token);
    if (verifier === undefined) return INACTIVE;
    const key = sha256Key(token);
    if (!(verifier instanceof DatabaseVerifier)) {
      const verification = await this.resolve(token, key);
      return verification.status === 'active' ? inspectionOf(verification, undefined) : INACTIVE;
    }
    const model = await this.dependencies.tokens.findAccessTokenByHash(sha256(token));
    if (model === undefined) return INACTIVE;
    return inspectionOf(await this.dependencies.lookUps.verify(verifier, token, key), model);
  }

  /**
   * The verified token, from the cache or its verifier, as a guard would see it that is shown the token alone: one that is
   * bound to a key or a certificate is refused.
   *
   * @throws InvalidTokenError if a guard would refuse it
   * @throws TemporarilyUnavailableError if the verifier cannot answer now
   */
  async verify(token: string): Promise<VerifiedToken> {
    if (!isTokenValue(token)) throw new InvalidTokenError();
    const verification = await this.resolve(token, sha256Key(token));
    if (verification.status === 'active' && verification.token.confirmation === undefined) return verification.token;
    throw new InvalidTokenError(verification.status === 'expired' ? TOKEN_EXPIRED : undefined);
  }

  private resolve(token: string, key: string): Verification | Promise<Verification> {
    const { lookUps, verifiers } = this.dependencies;
    const known = lookUps.peek(key);
    if (known !== undefined) return known;
    const verifier = verifiers.select(token);
    if (verifier === undefined) return INVALID;
    return lookUps.resolve(verifier, token, key);
  }

  /**
   * The same as `verify` for this application's own tokens; `undefined` for those that a guard would refuse, and for every
   * token of others, about which nobody is asked.
   *
   * @internal
   */
  async verifyOwn(token: string): Promise<VerifiedToken | undefined> {
    if (!isTokenValue(token) || this.dependencies.verifiers.select(token)?.isOwn !== true) return undefined;
    const verification = await this.resolve(token, sha256Key(token));
    return verification.status === 'active' && verification.token.confirmation === undefined
      ? verification.token
      : undefined;
  }

  /**
   * The same if it is known now, without asking anybody; `undefined`: ask `verifyOwn`.
   *
   * @internal
   */
  peekOwn(token: string): VerifiedToken | undefined {
    if (!isTokenValue(token)) return undefined;
    const verification = this.dependencies.lookUps.peek(sha256Key(token));
    if (verification?.status !== 'active') return undefined;
    const { token: known } = verification;
    if (known.issuer !== undefined || known.confirmation !== undefined) return undefined;
    // The token of a verifier of the host's may name no issuer, too.
    return this.dependencies.verifiers.select(token)?.isOwn === true ? known : undefined;
  }

  /**
   * Issues an access token.
   *
   * @throws InvalidClientError if the application is unknown or disabled
   * @throws InvalidScopeError if a scope is malformed, unknown, or not allowed for the application, or if the user may
   * not have it (`scopesOf`, `mayGrant`)
   * @throws TemporarilyUnavailableError if the host cannot say what the user may have
   * @throws RangeError if the lifetime is not a whole number of seconds
   */
  async issue(options: IssueOptions): Promise<IssuedToken> {
    const { tokens, opaqueTokens, cache, clock, random, resource, defaultLifetimeSeconds, observation } =
      this.dependencies;
    const application = await this.application(options.application);
    const lifetimeSeconds = options.lifetimeSeconds ?? application.accessTokenLifetimeSeconds ?? defaultLifetimeSeconds;
    if (!Number.isSafeInteger(lifetimeSeconds) || Math.abs(lifetimeSeconds) > LONGEST_LIFETIME_SECONDS) {
      throw new RangeError(
        `lifetimeSeconds must be a whole number of seconds, at most a hundred years; it is ${lifetimeSeconds}.`,
      );
    }
    const scopes = this.scopesFor(options.scope, application);
    const userId = options.user === undefined ? null : this.userIdOf(options.user);
    await this.requireGrantable(userId, application, scopes);
    await opaqueTokens.ready();
    const token = opaqueTokens.token(generateTokenValue(random));
    const createdAtMilliseconds = clock.nowMilliseconds();
    const model = await tokens.insertAccessToken({
      tokenHash: sha256(token),
      applicationId: application.id,
      userId,
      scope: formatScope(scopes),
      audience: resource === undefined ? null : [resource],
      createdAtMilliseconds,
      expiresAtMilliseconds: createdAtMilliseconds + lifetimeSeconds * 1000,
    });
    cache.forgetMiss(sha256Key(token));
    observation.events.tell('token.issued', () => ({
      clientId: application.clientId,
      userId: userId ?? undefined,
      grantType: ISSUED_BY_HOST,
      scopes,
      familyId: undefined,
    }));
    const issued = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      scope: model.scope,
    } as const;
    return Object.defineProperty(issued, 'model', { value: model, enumerable: false }) as IssuedToken;
  }

  /**
   * Revokes a token, in the database and then in every cache: an access token, or a refresh token with its whole family
   * (RFC 7009 §2.1). Resolves to whether this call revoked anything; an unknown token is not an error.
   *
   * @throws TypeError if it is a token of a foreign issuer, as far as its form tells: only that issuer can revoke it
   * @throws TemporarilyUnavailableError if the database cannot answer (nothing is revoked), or only the shared cache
   *   cannot be reached (then the token is revoked, and other processes refuse it within the cache's `maxAgeSeconds`)
   */
  async revoke(token: string | AccessToken): Promise<boolean> {
    if (typeof token !== 'string') return this.revokeByHash(token.tokenHash);
    if (!isTokenValue(token)) return false;
    const verifier = this.dependencies.verifiers.select(token);
    const { opaqueTokens } = this.dependencies;
    if (verifier === undefined && this.isForged(token) && (await opaqueTokens.isStillForged(token))) return false;
    const key = sha256Key(token);
    if (verifier?.revoke !== undefined) {
      const revoked = await verifier.revoke(token, key);
      await this.dependencies.cache.invalidate({ kind: 'token', key }, [key]);
      return revoked;
    }
    const result = await this.revokeInDatabase(sha256(token));
    if (result === 'unknown' && verifier !== undefined && !(verifier instanceof DatabaseVerifier)) {
      throw new TypeError(`Only its issuer can revoke this token, which is one of ${verifier.name}.`);
    }
    return result === 'revoked';
  }

  /**
   * The same for a token of which only the SHA-256 is known: 32 bytes.
   *
   * @throws TemporarilyUnavailableError as `revoke`
   */
  async revokeByHash(digest: Buffer): Promise<boolean> {
    return (await this.revokeInDatabase(digest)) === 'revoked';
  }

  /** Refresh tokens have the same form as access tokens, but no verifier. */
  private isForged(token: string): boolean {
    return formOf(token).kind === 'opaque' && this.dependencies.opaqueTokens.isForged(token);
  }

  /** `known`: it was revoked before. */
  private async revokeInDatabase(digest: Buffer): Promise<'revoked' | 'known' | 'unknown'> {
    const key = keyOfDigest(digest);
    const { tokens, cache } = this.dependencies;
    if (await tokens.revokeAccessToken(digest)) {
      await cache.invalidate({ kind: 'token', key }, [key]);
      await this.tellRevoked('access_token', digest);
      return 'revoked';
    }
    const refreshToken = await tokens.findRefreshTokenByHash(digest);
    if (refreshToken === undefined) {
      // It was revoked before, perhaps by a process that could not reach the caches; invalidating again is harmless.
      await cache.invalidate({ kind: 'token', key }, [key]);
      return (await tokens.findAccessTokenByHash(digest)) === undefined ? 'unknown' : 'known';
    }
    const alreadyRevoked = refreshToken.isRevoked();
    const keys = await tokens.revokeFamily(refreshToken.familyId);
    const [first] = keys;
    if (first !== undefined) await cache.invalidate({ kind: 'token', key: first }, keys);
    if (alreadyRevoked) return 'known';
    await this.tellRevoked('refresh_token', digest);
    return 'revoked';
  }

  /** Whose token it was is read only if somebody listens; if that fails, the token is revoked all the same. */
  private async tellRevoked(kind: 'access_token' | 'refresh_token', digest: Buffer): Promise<void> {
    const { tokens, observation } = this.dependencies;
    const topic = observation.events.topics['token.revoked'];
    const find = () =>
      kind === 'access_token' ? tokens.findAccessTokenByHash(digest) : tokens.findRefreshTokenByHash(digest);
    const model = topic.isHeard ? await find().catch(() => undefined) : undefined;
    topic.tell(() => ({
      clientId: model?.application?.clientId,
      userId: model?.userId ?? undefined,
      token: kind,
      familyId: model?.familyId ?? undefined,
    }));
  }

  /**
   * Revokes all live tokens of a user, of an application, or of a user at an application. When it resolves, all of them
   * are refused; if there are very many, their rows are changed afterwards, in batches.
   *
   * For a user without an application it also ends the user's browser sessions, unless `sessions` is `false`: a browser
   * that stays signed in would get new tokens without asking.
   *
   * @returns how many access and refresh tokens were revoked, not counting those that ended with a session
   * @throws TypeError if neither is given, or `sessions` is `true` together with an application
   */
  async revokeAllOf(owner: RevokedOwner): Promise<number> {
    const { userId, application } = await this.owner(owner);
    const isUserAlone = userId !== undefined && application === undefined;
    const { sessions = isUserAlone } = owner;
    if (sessions && !isUserAlone) {
      throw new TypeError(
        'sessions cannot be true here: sessions belong to a user, across all applications. Give only the user.',
      );
    }
    // First, so that no browser gets new tokens while the present ones are revoked.
    if (sessions && userId !== undefined) await this.dependencies.endSessionsOf(userId);
    const revoked = await this.dependencies.tokens.revokeAllOf(
      { userId, applicationId: application?.id },
      this.closing.signal,
    );
    this.unfinished.add(revoked.finished);
    void revoked.finished.then(() => this.unfinished.delete(revoked.finished));
    await this.dropFromCaches(userId, application);
    const { count } = revoked;
    const { observation } = this.dependencies;
    observation.statistics.tokensRevokedByOwner += count;
    observation.events.tell('tokens.revoked', () => ({ clientId: application?.clientId, userId, count }));
    return count;
  }

  /**
   * Removes cached tokens of a user or an application without revoking anything: call it after a user was disabled,
   * enabled or changed, so that every process asks again.
   *
   * @throws TypeError if neither is given
   */
  async invalidate(owner: TokenOwner): Promise<void> {
    const { userId, application } = await this.owner(owner);
    await this.dropFromCaches(userId, application);
  }

  /**
   * A page of the live access tokens of a user, newest first, each with its application; 50 by default. For the next
   * page pass `beforeId`, the `id` of the last one.
   *
   * @throws TypeError if `limit` is not a whole number from 1 to 1000
   */
  listFor(user: UserReference, page: Page = {}): Promise<AccessToken[]> {
    return this.dependencies.tokens.listFor(this.userIdOf(user), page);
  }

  /**
   * Stops the background work of `revokeAllOf` after the current batch, and waits for that. The revocations stay in
   * force; `clearExpired` changes the remaining rows.
   *
   * @internal
   */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.unfinished);
  }

  /**
   * Waits until the rows of all tokens revoked by `revokeAllOf` have been changed.
   *
   * @internal
   */
  async finished(): Promise<void> {
    await Promise.all(this.unfinished);
  }

  /** Deletes expired rows in small batches, so that a large table is never locked for long. */
  clearExpired(options: ClearExpiredOptions = {}): Promise<ClearExpiredResult> {
    return this.dependencies.tokens.clearExpired(options);
  }

  private async dropFromCaches(userId: string | undefined, application: Application | undefined): Promise<void> {
    const { cache } = this.dependencies;
    if (userId !== undefined) await cache.invalidate({ kind: 'user', userId }, []);
    else if (application !== undefined)
      await cache.invalidate({ kind: 'application', clientId: application.clientId }, []);
  }

  private async owner(
    owner: TokenOwner,
  ): Promise<{ userId: string | undefined; application: Application | undefined }> {
    if (owner.user === undefined && owner.application === undefined) {
      throw new TypeError('Name a user, an application, or both; this method never applies to all tokens.');
    }
    return {
      userId: owner.user === undefined ? undefined : this.userIdOf(owner.user),
      application: owner.application === undefined ? undefined : await this.application(owner.application, true),
    };
  }

  private async application(reference: ApplicationReference, disabledToo = false): Promise<Application> {
    const application =
      typeof reference === 'string' ? await this.dependencies.applications.findByClientId(reference) : reference;
    if (application === undefined)
      throw new InvalidClientError(`There is no application with the client id ${JSON.stringify(reference)}.`);
    if (!disabledToo && application.isDisabled()) throw new InvalidClientError('The application is disabled.');
    return application;
  }

  private async requireGrantable(
    userId: string | null,
    application: Application,
    scopes: readonly string[],
  ): Promise<void> {
    if (userId === null) return;
    const grantable = await this.dependencies.grantableScopes?.(userId, application, scopes);
    if (grantable !== undefined && !scopes.every((scope) => grantable.includes(scope)))
      throw new InvalidScopeError('The user may not grant one of these scopes.');
  }

  private scopesFor(scope: string | readonly string[], application: Application): readonly string[] {
    const scopes = typeof scope === 'string' ? parseScope(scope) : [...new Set(scope)];
    for (const name of scopes) {
      if (!isScopeName(name)) throw new InvalidScopeError(`${JSON.stringify(name)} is not a scope name.`);
      if (this.dependencies.scopes !== undefined && !Object.hasOwn(this.dependencies.scopes, name))
        throw new InvalidScopeError(`The scope ${name} is unknown.`);
    }
    const bound = this.dependencies.allowedScopes?.(application);
    if (!application.allowsScopes(scopes) || (bound !== undefined && !scopes.every((name) => bound.includes(name))))
      throw new InvalidScopeError('The application is not allowed one of these scopes.');
    return scopes;
  }

  private userIdOf(user: UserReference): string {
    return userIdOf(user, this.dependencies.users);
  }
}
