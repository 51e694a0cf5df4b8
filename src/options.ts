import type { Context } from 'koa';
import { type AuthorizationServerFactory, COMPLETE } from './authorization-server/factory.js';
import type { Clock } from './core/clock.js';
import { ConfigurationError } from './core/errors.js';
import type { Logger } from './core/logger.js';
import { isScopeName, type ScopeDescriptions } from './core/scopes.js';
import type { RandomBytes } from './core/token-value.js';
import type { UserStore } from './core/users.js';
import type { Authenticator } from './resource-server/authentication/authenticator.js';
import type { BearerTokenLocations } from './resource-server/authentication/bearer-token.js';
import type { SessionOptions } from './resource-server/authentication/session.js';
import type { RedisClient, TokenCacheOptions } from './resource-server/cache/index.js';
import type { ErrorBody } from './resource-server/error-response.js';
import type { OAuth2Models, openDatabase } from './storage/index.js';
import type { ThrottlingOptions } from './throttling/index.js';

/** Makes an authenticator out of what the package has built; `bearer()` and `session()` give such functions. */
export type AuthenticatorFactory = { readonly [AUTHENTICATOR]: 'bearer' | 'session'; readonly options: object };
export const AUTHENTICATOR = Symbol('authenticator');

/** A database URL, a knex configuration or a knex instance. */
export type DatabaseSource = Parameters<typeof openDatabase>[0];

/** How tokens are cached; the rest comes from the other options. */
export type CacheOptions = Omit<TokenCacheOptions, 'redis' | 'loadUser' | 'keyPrefix' | 'policy' | 'clock' | 'logger'>;

/** A dependency-injection container; typedi's `Container` is one. */
export interface ServiceContainer {
  set(type: Function, service: unknown): unknown;
}

/** The options of `createOAuth2`. Each is checked once, when it is called. */
export interface OAuth2Options {
  /** A database URL (`sqlite:`, `mysql://`, `mariadb://`, `postgres://`, or the path of an SQLite file), a knex configuration, or a knex instance, which stays the host's to close. */
  readonly database: DatabaseSource;
  /**
   * Whether the statements of the hot path stay prepared on their connections; what gives the same without is a little
   * slower. Default true: where that does not work, the statements go unprepared by themselves. Set it to false where it
   * is known that it does not: behind PgBouncer in transaction mode, say.
   */
  readonly preparedStatements?: boolean;
  /** A Redis URL, or an ioredis client (single node, Sentinel or Cluster), which is duplicated. Without it each process caches and throttles for itself. */
  readonly redis?: string | RedisClient;
  /** Comes before every Redis key. Default `oauth2:`. */
  readonly keyPrefix?: string;
  /** The host's models in place of the package's. */
  readonly models?: Partial<OAuth2Models>;
  /** The host's users. Without it `@CurrentUser()` gives `{ id }`. */
  readonly users?: UserStore;
  /** Every scope there is, with its description. Without it any scope name may be issued. */
  readonly scopes?: ScopeDescriptions;
  /** The realm of challenges. Default `api`. */
  readonly realm?: string;
  /** Default `read` and `write`. */
  readonly readScope?: string;
  readonly writeScope?: string;
  /** Whether the body of a scope refusal lists required and provided scopes. Default false. */
  readonly errorResponseWithScopes?: boolean;
  /** The body of refusals. Default `oauth2`. */
  readonly errorBody?: ErrorBody;
  /** Default `[bearer()]`. */
  readonly authenticators?: readonly (AuthenticatorFactory | Authenticator)[];
  /** How many proxies in front of this process append to X-Forwarded-For. Default 0: the field is ignored. */
  readonly trustedProxies?: number;
  /** Default 3600. */
  readonly accessTokenLifetimeSeconds?: number;
  /** This resource's identifier (RFC 8707); tokens for another, or for none, are refused. */
  readonly resource?: string;
  /** Whether a token without audience is refused when `resource` is set. Default true. */
  readonly requireAudience?: boolean;
  readonly cache?: CacheOptions;
  readonly throttling?: ThrottlingOptions;
  /** Makes this application an authorization server too: `authorizationServer({ … })` of the subpath `/authorization-server`. */
  readonly authorizationServer?: AuthorizationServerFactory;
  /** Gets the `TokenService`. Give typedi's `Container`. */
  readonly container?: ServiceContainer;
  /** Default: the console. */
  readonly logger?: Logger;
  /** For tests: the time. */
  readonly clock?: Clock;
  /** For tests: the randomness of tokens. */
  readonly random?: RandomBytes;
}

const NAMES = new Set<string>([
  'database',
  'preparedStatements',
  'redis',
  'keyPrefix',
  'models',
  'users',
  'scopes',
  'realm',
  'readScope',
  'writeScope',
  'errorResponseWithScopes',
  'errorBody',
  'authenticators',
  'trustedProxies',
  'accessTokenLifetimeSeconds',
  'resource',
  'requireAudience',
  'cache',
  'throttling',
  'authorizationServer',
  'container',
  'logger',
  'clock',
  'random',
] satisfies (keyof OAuth2Options)[]);

/** Names of what is never shown. */
const SECRET_NAME = /pass|secret|token|key|cert/i;
/** The credentials of a URL: up to the last `@`, since a password may hold one that is not escaped. */
const CREDENTIALS = /:\/\/[^"\s]*@/g;

/** Reads bearer tokens (RFC 6750): from the header, and from form bodies and the query where that is turned on. */
export function bearer(options: BearerTokenLocations = {}): AuthenticatorFactory {
  return { [AUTHENTICATOR]: 'bearer', options };
}

/** Knows the user of a session, with a CSRF check for methods that change something. */
export function session(options: SessionOptions = {}): AuthenticatorFactory {
  return { [AUTHENTICATOR]: 'session', options };
}

/** Whether an entry of `authenticators` is one of this package's, still to be made. */
export function isFactory(value: AuthenticatorFactory | Authenticator): value is AuthenticatorFactory {
  return AUTHENTICATOR in value;
}

/** @throws ConfigurationError naming the option, its value and the fix */
export function validateOptions(options: OAuth2Options): void {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('createOAuth2 needs its options, at least { database }.');
  for (const name of Object.keys(options)) {
    const value = (options as unknown as Record<string, unknown>)[name];
    if (!NAMES.has(name))
      throw invalid(
        name,
        SECRET_NAME.test(name) && typeof value === 'string' ? '***' : value,
        `known options are ${[...NAMES].join(', ')}`,
      );
  }
  if (options.database === undefined || options.database === '') {
    throw invalid(
      'database',
      options.database,
      "give a URL such as 'sqlite:.data/app.sqlite' or 'mysql://…', or a knex instance",
    );
  }
  text('keyPrefix', options.keyPrefix);
  text('realm', options.realm);
  scopeName('readScope', options.readScope);
  scopeName('writeScope', options.writeScope);
  flag('errorResponseWithScopes', options.errorResponseWithScopes);
  flag('requireAudience', options.requireAudience);
  flag('preparedStatements', options.preparedStatements);
  if (
    options.errorBody !== undefined &&
    !['oauth2', 'drf'].includes(options.errorBody as string) &&
    typeof options.errorBody !== 'function'
  ) {
    throw invalid('errorBody', options.errorBody, "use 'oauth2', 'drf' or a function of the error");
  }
  whole('trustedProxies', options.trustedProxies, 0);
  whole('accessTokenLifetimeSeconds', options.accessTokenLifetimeSeconds, 1);
  if (options.scopes !== undefined) scopeTable(options.scopes);
  if (options.resource !== undefined) resourceIdentifier(options.resource);
  if (
    options.users !== undefined &&
    (typeof options.users.findById !== 'function' || typeof options.users.isActive !== 'function')
  ) {
    throw invalid('users', options.users, 'it needs the functions findById(id) and isActive(user)');
  }
  if (options.authenticators !== undefined) authenticatorList(options.authenticators, options.users);
  if (options.authorizationServer !== undefined) authorizationServerFactory(options.authorizationServer);
  if (options.container !== undefined && typeof options.container.set !== 'function') {
    throw invalid('container', options.container, "it needs a function set(type, service), as typedi's Container");
  }
}

function invalid(name: string, value: unknown, fix: string): ConfigurationError {
  return new ConfigurationError(`The option ${name} cannot be ${shown(value)}: ${fix}.`);
}

/** Shows a value in a message. A value that stands at the wrong place may hold a password: it is never shown. */
function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const json = JSON.stringify(value, (name, inner: unknown) =>
    SECRET_NAME.test(name) && typeof inner === 'string' ? '***' : inner,
  )?.replace(CREDENTIALS, '://***@');
  return json === undefined ? String(value) : json.length > 80 ? `${json.slice(0, 80)}…` : json;
}

function text(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === ''))
    throw invalid(name, value, 'give a text that is not empty');
}

function flag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(name, value, 'use true or false');
}

function scopeName(name: string, value: unknown): void {
  if (value !== undefined && !isScopeName(value)) throw invalid(name, value, 'give one scope name (RFC 6749 §3.3)');
}

function whole(name: string, value: unknown, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least)) {
    throw invalid(name, value, `give a whole number, at least ${least}`);
  }
}

function scopeTable(scopes: ScopeDescriptions): void {
  if (typeof scopes !== 'object' || scopes === null || Array.isArray(scopes))
    throw invalid('scopes', scopes, "give names with descriptions, e.g. { read: 'Read' }");
  for (const [scope, description] of Object.entries(scopes)) {
    if (!isScopeName(scope))
      throw invalid(`scopes[${JSON.stringify(scope)}]`, description, 'the key must be one scope name (RFC 6749 §3.3)');
    if (typeof description !== 'string') throw invalid(`scopes.${scope}`, description, 'describe the scope in a text');
  }
}

function resourceIdentifier(resource: unknown): void {
  // RFC 8707 §2: an absolute URI without a fragment.
  if (typeof resource !== 'string' || !URL.canParse(resource) || resource.includes('#')) {
    throw invalid('resource', resource, "give an absolute URI without a fragment, e.g. 'https://api.example.com'");
  }
}

function authorizationServerFactory(value: unknown): void {
  if (typeof value !== 'object' || value === null || !(COMPLETE in value)) {
    // What stands here instead may be the options themselves, and so hold keys.
    throw new ConfigurationError(
      "The option authorizationServer must be authorizationServer({ … }), imported from 'routing-controllers-oauth2/authorization-server'.",
    );
  }
}

function authenticatorList(list: unknown, users: unknown): void {
  if (!Array.isArray(list) || list.length === 0)
    throw invalid('authenticators', list, 'give a list such as [bearer()]');
  for (const one of list) {
    const isKnown =
      typeof one === 'object' && one !== null && (AUTHENTICATOR in one || typeof one.authenticate === 'function');
    if (!isKnown)
      throw invalid('authenticators', one, 'each must be bearer(), session() or an object with authenticate(context)');
    if (AUTHENTICATOR in one && one[AUTHENTICATOR] === 'session' && users === undefined) {
      throw invalid('authenticators', 'session()', 'a session names a user, so the option users is needed');
    }
  }
}

/** The address of a request's peer, for the resolver of addresses. */
export type AddressOf = (context: Context) => string;
