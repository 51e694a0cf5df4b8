import type { Clock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import type { Observation } from '../../core/observation/observation.js';
import type { OpaqueTokens } from '../../core/opaque-tokens/index.js';
import { knownOptions, textOption } from '../../core/options/index.js';
import { after, nativePromise } from '../../core/promises.js';
import { parseScope } from '../../core/scopes.js';
import type { TokenForm, TokenKind } from '../../core/token-form.js';
import type { UserStore } from '../../core/users.js';
import { EXPIRED, INVALID, type Verification } from '../../core/verified-token.js';
import type { AccessTokenRow, TokenReader } from '../../storage/index.js';
import { isReadableRow } from '../../storage/token-row.js';
import { admit } from './admission.js';
import { type ChainedVerifier, VERIFIER, type VerifierFactory } from './verifier.js';

/** Which tokens are meant for this resource (RFC 8707, RFC 9068 §4). */
export interface AudienceOptions {
  /** This resource's identifier, an absolute URI; tokens for another resource are refused. */
  readonly resource?: string | undefined;
  /** Whether a token without any audience is refused when `resource` is set. Default true. */
  readonly requireAudience?: boolean | undefined;
  /** If there is no `resource`: an identifier that tokens may name, but need not. */
  readonly impliedResource?: string | undefined;
}

/** What the database verifier depends on. */
export interface DatabaseVerifierDependencies extends AudienceOptions {
  readonly reader: TokenReader;
  readonly users: UserStore | undefined;
  readonly clock: Clock;
  readonly observation: Observation;
  /** The issuer of JWTs that are stored in this database like opaque tokens; `undefined`: there are none. */
  readonly jwtIssuer?: string | undefined;
  readonly opaqueTokens?: OpaqueTokens | undefined;
}

/** The options of `databaseTokens`. */
export interface DatabaseTokensOptions {
  /**
   * The issuer of JWT access tokens that are stored in this database, where the authorization server that issues them runs
   * in another process. Default: that of the option `authorizationServer`, if it issues any.
   */
  readonly jwtIssuer?: string | undefined;
}

/**
 * The verifier of this application's own tokens: those that it issued, in its database. It takes every token that is not a
 * JWT, and the JWTs of its own authorization server, which are stored too. The option `verifiers` has it by default.
 *
 * @returns an entry for the option `verifiers`
 * @throws ConfigurationError if an option is not known, or no text
 *
 * @example
 * ```ts
 * import { createOAuth2, databaseTokens, type TokenVerifier } from 'routing-controllers-oauth2';
 *
 * // Tokens of this application, and of a partner whose verifier is the host's own.
 * export const configured = (partner: TokenVerifier) =>
 *   createOAuth2({ database: ':memory:', verifiers: [databaseTokens(), partner] });
 * ```
 */
export function databaseTokens(options: DatabaseTokensOptions = {}): VerifierFactory {
  const read = knownOptions<DatabaseTokensOptions>('databaseTokens', options, ['jwtIssuer']);
  if (read.jwtIssuer !== undefined) textOption('databaseTokens.jwtIssuer', read.jwtIssuer);
  const factory: VerifierFactory = {
    [VERIFIER]: (dependencies) =>
      new DatabaseVerifier({ ...dependencies, jwtIssuer: read.jwtIssuer ?? dependencies.jwtIssuer }),
  };
  ofDatabase.add(factory);
  return factory;
}

const ofDatabase = new WeakSet<object>();

/** Whether an entry of the option `verifiers` is one of `databaseTokens()`. */
export function readsDatabase(verifier: object): boolean {
  return ofDatabase.has(verifier);
}

/** The name of the verifier of tokens that are in the database. */
export const DATABASE_VERIFIER = 'databaseTokens()';

/**
 * Verifies stored tokens by one statement over their SHA-256, and asks the host whether their user may act. What a JWT says
 * of itself is not read: what counts is what was stored when it was issued, and whether it was revoked since.
 */
export class DatabaseVerifier implements ChainedVerifier {
  readonly name = DATABASE_VERIFIER;
  readonly isOwn = true;
  readonly kinds: readonly TokenKind[];
  readonly exhausts = ['opaque'] as const;
  readonly isShared = true;
  readonly policy: string;
  readonly issuer: string | undefined;

  constructor(private readonly dependencies: DatabaseVerifierDependencies) {
    const { resource, impliedResource, requireAudience, jwtIssuer } = dependencies;
    const name = resource ?? impliedResource;
    const orNone = resource === undefined || requireAudience === false;
    this.policy = name === undefined ? 'default' : `${name}${orNone ? ' or none' : ''}`;
    this.issuer = jwtIssuer;
    this.kinds = jwtIssuer === undefined ? ['opaque'] : ['opaque', 'jwt'];
  }

  accepts(form: TokenForm): boolean {
    return form.kind === 'opaque' || (this.issuer !== undefined && form.issuer === this.issuer);
  }

  isForged({ kind, token }: TokenForm): boolean {
    return kind === 'opaque' && this.dependencies.opaqueTokens?.isForged(token) === true;
  }

  verify(token: string, key: string): Verification | Promise<Verification> {
    const { reader, observation } = this.dependencies;
    const row = observation.tracing.around('database.read', () => reader.read(sha256(token)));
    return after(nativePromise(row), (found) => this.judge(found, key));
  }

  private judge(row: AccessTokenRow | undefined, key: string): Verification | Promise<Verification> {
    if (row === undefined || row.revokedAtMilliseconds !== null || row.coveredByRevocation || row.applicationDisabled)
      return INVALID;
    if (!isReadableRow(row)) return INVALID;
    const { confirmation } = row;
    if (confirmation === 'unreadable' || !this.isForThisResource(row.audience)) return INVALID;
    if (row.expiresAtMilliseconds <= this.dependencies.clock.nowMilliseconds()) return EXPIRED;
    return admit(
      {
        key,
        id: row.id,
        clientId: row.clientId ?? undefined,
        applicationName: row.applicationName ?? undefined,
        userId: row.userId ?? undefined,
        scopes: parseScope(row.scope),
        audience: row.audience,
        acr: row.acr,
        amr: row.amr,
        authenticatedAtMilliseconds: row.authenticatedAtMilliseconds,
        issuedAtMilliseconds: row.createdAtMilliseconds,
        expiresAtMilliseconds: row.expiresAtMilliseconds,
        confirmation,
      },
      this.dependencies.users,
    );
  }

  private isForThisResource(audience: readonly string[] | undefined): boolean {
    const { resource, impliedResource, requireAudience = true } = this.dependencies;
    if (audience === undefined || audience.length === 0) return resource === undefined || !requireAudience;
    // If this resource has no identifier, a token with an audience cannot be shown to be meant for it.
    const name = resource ?? impliedResource;
    return name !== undefined && audience.includes(name);
  }
}
