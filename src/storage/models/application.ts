import type { Pojo, Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { DjangoSecretChecker } from '../../core/django-secret.js';
import { parseScope } from '../../core/scopes.js';
import { generateClientId, generateTokenValue, type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { LIFETIME_NAMES } from './application-lifetimes.js';
import { importedHash, isStoredDigest } from './application-secrets.js';
import type { ClientType } from './client-type.js';
import {
  type ApplicationRules,
  applicationColumns,
  hasKeys,
  importedSecret,
  type NewApplication,
  needsSecret,
} from './new-application.js';
import { PROTOCOL_FLAGS } from './protocol-metadata.js';
import type { Registrar } from './registrar.js';
import { StoredModel } from './stored-model.js';

/** What `Application.create` takes besides the application itself. */
export interface CreateApplicationOptions extends ApplicationRules {
  /** The clock, for tests. Default: the system's. */
  readonly clock?: Clock;
  /** The source of randomness, for tests. Default: the system's. */
  readonly random?: RandomBytes;
  /** The transaction in which it is created. */
  readonly transaction?: Transaction;
}

/** One for the process, so that the secrets that it remembers help every look-up of an application. */
const djangoSecrets = new DjangoSecretChecker();

/**
 * An application (client) that can get tokens.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { Application } from 'routing-controllers-oauth2/storage';
 *
 * class ShopApplication extends Application {
 *   static override tableName = 'shop_applications';
 *   // A column that the host adds by a migration of its own.
 *   declare contact: string | null;
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { Application: ShopApplication } });
 * ```
 */
export class Application extends StoredModel {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_applications';
  static override booleanProperties: readonly string[] = ['skipAuthorization', 'mayIntrospect', ...PROTOCOL_FLAGS];
  static override numericProperties: readonly string[] = [...LIFETIME_NAMES, 'defaultMaxAgeSeconds'];
  static override hiddenProperties: readonly string[] = [
    'clientSecretHash',
    'clientSecretImported',
    'previousClientSecretHash',
    'previousClientSecretImported',
  ];

  /** The client identifier (RFC 6749 §2.2); unique, case-sensitive. */
  clientId!: string;
  /** SHA-256 of the client secret; `null` for an application without a generated secret. */
  clientSecretHash!: Buffer | null;
  /** The hash of a secret imported from Django (`pbkdf2_sha256$…`); used while there is no `clientSecretHash`. */
  clientSecretImported!: string | null;
  /** The previous secret, in either form; valid until `previousSecretExpiresAtMilliseconds`. */
  previousClientSecretHash!: Buffer | null;
  /** The same for a secret that was imported. */
  previousClientSecretImported!: string | null;
  /** When the previous secret expires, in milliseconds since the Unix epoch. */
  previousSecretExpiresAtMilliseconds!: number | null;
  /** What people see; the text of a stranger. */
  name!: string;
  /** Whether it can keep a secret (RFC 6749 §2.1). */
  clientType!: ClientType;
  /** Grant types, separated by spaces. */
  grantTypes!: string;
  /** Redirect URIs, separated by spaces. */
  redirectUris!: string;
  /**
   * URIs to which users may be redirected after signing out (OpenID Connect RP-Initiated Logout §3.1), separated by
   * spaces.
   */
  postLogoutRedirectUris!: string | null;
  /** Origins whose pages may read responses to it (CORS), separated by spaces. */
  allowedOrigins!: string | null;
  /**
   * A set of public keys as JSON (RFC 7517 §5); with it the application authenticates by `private_key_jwt` rather than
   * a secret.
   */
  jwks!: string | null;
  /** The URL of such a set; at most one of the two is set. */
  jwksUri!: string | null;
  /** The scopes that it may have, separated by spaces; `null`: all scopes that the server knows. */
  scope!: string | null;
  /** The id of the user who owns it. */
  userId!: string | null;
  /** Whether its users are never asked for consent. */
  skipAuthorization!: boolean;
  /** Whether it may introspect tokens of other applications (RFC 7662 §2.1). */
  mayIntrospect!: boolean;
  /** Lifetimes of its own, in seconds; `null`: the server's. See `ApplicationLifetimes`. */
  accessTokenLifetimeSeconds!: number | null;
  /** How long its refresh tokens are valid; `null`: as the server says. */
  refreshTokenLifetimeSeconds!: number | null;
  /** How long its refresh tokens are valid without being used; `null`: as the server says. */
  refreshTokenIdleSeconds!: number | null;
  /** How long its ID tokens are valid; `null`: as the server says. */
  idTokenLifetimeSeconds!: number | null;
  /** Who registered it, if known; see `registrarOf`. */
  registeredBy!: Registrar | null;
  /** Scopes that staff approved in addition to those that the options allow its registrar, separated by spaces. */
  approvedScope!: string | null;
  /** Grant types that staff approved in the same way. */
  approvedGrantTypes!: string | null;
  /** When an edit by its owner removed the trust of staff, in milliseconds since the Unix epoch. */
  trustClearedAtMilliseconds!: number | null;
  /** Whether its access tokens must be bound to a key (RFC 9449 §5.2). */
  dpopBoundAccessTokens!: boolean;
  /** Whether its access tokens must be bound to its certificate (RFC 8705 §3.4). */
  certificateBoundAccessTokens!: boolean;
  /** Whether it must use pushed authorization requests (RFC 9126 §6). */
  requirePushedAuthorizationRequests!: boolean;
  /** Whether its ID tokens always have `auth_time`. */
  requireAuthTime!: boolean;
  /** `max_age` of its authorization requests without one, in seconds. */
  defaultMaxAgeSeconds!: number | null;
  /** The algorithm of its ID tokens; `null`: `RS256`. */
  idTokenSignedResponseAlg!: string | null;
  /** How it sends its secret; `null`: `client_secret_basic`. */
  tokenEndpointAuthMethod!: string | null;
  /** The only algorithm of its client assertions; `null`: any. */
  tokenEndpointAuthSigningAlg!: string | null;
  /**
   * For an application that was registered by its metadata document: until when that is used without reading it again,
   * in milliseconds since the Unix epoch.
   */
  metadataExpiresAtMilliseconds!: number | null;
  /** When it was disabled, in milliseconds since the Unix epoch. */
  disabledAtMilliseconds!: number | null;
  /** When it was registered, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it was last changed, in milliseconds since the Unix epoch. */
  updatedAtMilliseconds!: number;

  /**
   * Stores a new application under a generated identifier. The secret of a confidential application is generated too,
   * unless it has keys or an imported secret: 256 random bits, returned only this once and stored only as a hash.
   *
   * @throws ConfigurationError if the application is invalid; the message names the option, the value and the fix
   */
  static async create<Class extends typeof Application>(
    this: Class,
    application: NewApplication,
    options: CreateApplicationOptions = {},
  ): Promise<{
    /** The application as it is stored. */
    application: InstanceType<Class>;
    /** Its secret, which is shown only now; `undefined` if it has none. */
    clientSecret: string | undefined;
  }> {
    const columns = applicationColumns(application, options);
    const random = options.random ?? systemRandomBytes;
    const clientSecretImported = importedSecret(application, columns);
    const clientSecret = needsSecret(columns) && clientSecretImported === null ? generateTokenValue(random) : undefined;
    const now = (options.clock ?? systemClock).nowMilliseconds();
    const row: Pojo = {
      ...application.extra,
      ...columns,
      clientId: application.clientId ?? generateClientId(random),
      clientSecretHash: clientSecret === undefined ? null : sha256(clientSecret),
      clientSecretImported,
      previousClientSecretHash: null,
      previousClientSecretImported: null,
      previousSecretExpiresAtMilliseconds: null,
      disabledAtMilliseconds: null,
      createdAtMilliseconds: now,
      updatedAtMilliseconds: now,
    };
    // biome-ignore lint/complexity/noThisInStatic: a host's subclass, bound to a knex instance.
    const stored = (await this.query(options.transaction).insert(row)) as InstanceType<Class>;
    return { application: stored, clientSecret };
  }

  /** Whether it was disabled: its tokens are refused, and it gets no new ones. */
  isDisabled(): boolean {
    return this.disabledAtMilliseconds !== null && this.disabledAtMilliseconds !== undefined;
  }

  /** Whether it may have all of these scopes. */
  allowsScopes(scopes: Iterable<string>): boolean {
    if (this.scope === null || this.scope === undefined) return true;
    const allowed = new Set(parseScope(this.scope));
    return [...scopes].every((scope) => allowed.has(scope));
  }

  /** Whether it may use this grant type. */
  allowsGrantType(grantType: string): boolean {
    return this.grantTypes.split(' ').includes(grantType);
  }

  /** Whether it authenticates with keys (`private_key_jwt`, OpenID Connect Core §9) rather than a secret. */
  hasKeys(): boolean {
    return hasKeys(this);
  }

  /**
   * Whether this is its secret, or the previous one while that is valid (`ApplicationRepository.rotateSecret`).
   * Compares in constant time. For an application without a secret, such as a public one, nothing matches.
   *
   * A secret that was generated here is stored as its SHA-256. A slow hash would add nothing: 256 random bits cannot be
   * guessed. A secret imported from Django may have been chosen by a person, so it stays under Django's PBKDF2 unless
   * it looks generated (`ApplicationRepository.rehashImportedSecret`). Only the check of an imported secret returns a
   * promise.
   *
   * @param isKnown whether the caller is known; then the check of an imported secret does not wait behind strangers
   * @throws TemporarilyUnavailableError (rejects) if too many imported secrets are being checked
   */
  checkSecret(
    secret: string,
    isKnown = false,
    nowMilliseconds = systemClock.nowMilliseconds(),
  ): boolean | Promise<boolean> {
    const matches = this.isGeneratedSecret(sha256(secret), nowMilliseconds);
    const imported = importedHash(this, nowMilliseconds);
    return matches || imported === undefined ? matches : djangoSecrets.check(secret, imported, isKnown);
  }

  /** The same, if it is known without a slow derivation; `undefined`: call `checkSecret`. */
  recallSecret(secret: string, nowMilliseconds = systemClock.nowMilliseconds()): boolean | undefined {
    const matches = this.isGeneratedSecret(sha256(secret), nowMilliseconds);
    const imported = importedHash(this, nowMilliseconds);
    if (matches || imported === undefined) return matches;
    return djangoSecrets.remembers(secret, imported) ? true : undefined;
  }

  /** Whether this is the SHA-256 of a generated secret that is valid now. */
  isGeneratedSecret(secretHash: Buffer, nowMilliseconds: number): boolean {
    return isStoredDigest(this, secretHash, nowMilliseconds);
  }
}
