import type { Knex } from 'knex';
import { type AuthorizationServerFactory, COMPLETE } from './authorization-server/authorization-server-factory.js';
import { IPV6_PREFIX_LENGTHS, readTrustedProxies, type TrustedProxies } from './core/addresses/index.js';
import type { Clock } from './core/clock.js';
import type { Logger } from './core/logger.js';
import { type OpaqueTokenOptions, readOpaqueTokenOptions } from './core/opaque-tokens/index.js';
import {
  clockOption,
  flagOption,
  functionOption,
  knownOptions,
  loggerOption,
  objectOption,
  objectWith,
  refuseOption,
  textOption,
  wholeNumberOption,
} from './core/options/index.js';
import { redisOption } from './core/redis-client.js';
import type { RegisteredUser } from './core/register.js';
import { isResourceIdentifier } from './core/resource-identifier.js';
import { type ScopeDescriptions, scopeNameOption, scopeTableOption } from './core/scopes.js';
import type { RandomBytes } from './core/token-value.js';
import type { UserStore } from './core/users.js';
import { readServedOpenApi, type ServedOpenApi } from './openapi/open-api-options.js';
import type { Authenticator } from './resource-server/authentication/authenticator.js';
import {
  type AuthenticatorFactory,
  checkAuthenticators,
} from './resource-server/authentication/authenticator-factories.js';
import { CACHE_OPTION_NAMES } from './resource-server/cache/cache-options.js';
import type { CacheOptions, RedisClient } from './resource-server/cache/index.js';
import { type ClientCertificateOptions, checkClientCertificates } from './resource-server/client-certificates.js';
import type { DPoPOptions } from './resource-server/dpop/dpop-options.js';
import type { ErrorBody } from './resource-server/error-response.js';
import { type DefaultRequirement, readDefaultRequirement } from './resource-server/permissions/default-requirement.js';
import { checkResourceMetadata, type ResourceMetadataOptions } from './resource-server/protected-resource-metadata.js';
import type { HostAddress } from './resource-server/request-address.js';
import type { RequestIdSource } from './resource-server/request-id.js';
import { checkVerifiers, type VerifierLike } from './resource-server/verifiers/chain.js';
import type { OAuth2Models } from './storage/index.js';
import type { ThrottlingOptions } from './throttling/index.js';
import { THROTTLING_OPTION_NAMES } from './throttling/throttling-options.js';

/** A database URL, a knex configuration or a knex instance. */
export type DatabaseSource = string | Knex | Knex.Config;

/** A dependency-injection container; typedi's `Container` is one. */
export interface ServiceContainer {
  /** Registers a service under its class. */
  set(type: Function, service: unknown): unknown;
}

/** The options of `createOAuth2`, for the host's `User`. Each is checked once, when it is called. */
export interface OAuth2Options<User = RegisteredUser> {
  /**
   * A database URL (`sqlite:`, `mysql://`, `mariadb://`, `postgres://`, or the path of an SQLite file), a knex configuration, or
   * a knex instance, which stays the host's to close. `undefined`, e.g. of a variable of the environment that is not set, is
   * refused at start-up.
   */
  readonly database: DatabaseSource | undefined;
  /**
   * Whether the statements of the hot path stay prepared on their connections; otherwise they are a little slower.
   * Default true: if that does not work, they are sent unprepared automatically. Set it to false if you know that it
   * does not work, for example behind PgBouncer in transaction mode.
   */
  readonly preparedStatements?: boolean | undefined;
  /**
   * After how many milliseconds without an answer a statement is given up and the request answered with 503, including
   * the wait for a connection; 100 to 600000. Default 5000. Migrations have no deadline.
   */
  readonly databaseDeadlineMilliseconds?: number | undefined;
  /**
   * A Redis URL, or an ioredis client (single node, Sentinel or Cluster), which is duplicated. Without it each process
   * caches and throttles separately.
   */
  readonly redis?: string | RedisClient | undefined;
  /**
   * The prefix of every Redis key; it is followed by the identity of the database, which separates the applications of
   * different databases. Default `oauth2:`.
   */
  readonly keyPrefix?: string | undefined;
  /** The host's models in place of the package's. */
  readonly models?: Partial<OAuth2Models> | undefined;
  /** The host's users. Without it `@CurrentUser()` injects `{ id }`. */
  readonly users?: UserStore<User> | undefined;
  /**
   * All scopes with their descriptions. An action that requires another one, which no option names, makes start-up fail.
   * Without this option any scope name may be issued and required.
   */
  readonly scopes?: ScopeDescriptions | undefined;
  /**
   * What every action requires that declares no `@Authorized` and is not `@Public`, in the form of `@Authorized(...)`, e.g.
   * `IsAuthenticated`. `@Authorized` or `@Public` on a class or an action replaces it; `@RequiredScopes` comes on top of it.
   * Default: none, and an action without a requirement makes start-up fail.
   */
  readonly defaultRequirement?: DefaultRequirement | undefined;
  /** The realm of challenges. Default `api`. */
  readonly realm?: string | undefined;
  /** Default `read` and `write`. */
  readonly readScope?: string | undefined;
  /** The scope of `TokenHasReadWriteScope` for methods that change something. Default `write`. */
  readonly writeScope?: string | undefined;
  /** Whether the body of a scope refusal lists required and provided scopes. Default false. */
  readonly errorResponseWithScopes?: boolean | undefined;
  /** The body of refusals. Default `oauth2`. */
  readonly errorBody?: ErrorBody | undefined;
  /** Default `[bearer()]`. */
  readonly authenticators?: readonly (AuthenticatorFactory | Authenticator)[] | undefined;
  /** What opaque tokens look like, by which forged ones are recognized without a look-up. */
  readonly opaqueTokens?: OpaqueTokenOptions | undefined;
  /**
   * The verifiers of tokens, in order: `databaseTokens()`, `jwtTokens({ … })`, `introspectedTokens({ … })` of
   * `/introspection`, or an object of the host's own with `verify(token)`. A token is offered to only one of them, the
   * first that accepts its form; if there is none, it is invalid. Default `[databaseTokens()]`.
   */
  readonly verifiers?: readonly VerifierLike[] | undefined;
  /**
   * How many proxies in front of this process append to X-Forwarded-For, or the networks that they are in (`10.0.0.0/8`,
   * `fd00::/8`, an address, `loopback`, `linklocal`, `uniquelocal`). Default 0: the field is ignored.
   */
  readonly trustedProxies?: TrustedProxies | undefined;
  /**
   * Whether access tokens that are bound to a key of the caller (DPoP, RFC 9449) are accepted, and how. Default: on if there is
   * an authorization server, since it issues them. Otherwise they are refused.
   */
  readonly dpop?: DPoPOptions | boolean | undefined;
  /**
   * Whether access tokens that are bound to a certificate of the caller (RFC 8705) are accepted, and where the certificate is
   * found: in the TLS connection, or in a field of a trusted proxy. Default false: they are refused.
   */
  readonly clientCertificates?: ClientCertificateOptions | boolean | undefined;
  /**
   * The caller's address as the host determines it: an IP address, which may have a port or brackets. With `undefined`,
   * `trustedProxies` applies; for any other result the address of the connection is used, and the log says so once.
   */
  readonly address?: HostAddress | undefined;
  /** How many leading bits of an IPv6 address count as one caller in limits by address, 32 to 128. Default 64. */
  readonly ipv6PrefixLength?: number | undefined;
  /** Default 3600. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** This resource's identifier (RFC 8707); tokens for another resource, or without an audience, are refused. */
  readonly resource?: string | undefined;
  /** Whether a token without audience is refused when `resource` is set. Default true. */
  readonly requireAudience?: boolean | undefined;
  /**
   * What clients are told of this resource (RFC 9728), at `/.well-known/oauth-protected-resource` and in every challenge;
   * `false`: nothing. Default: what the other options say, if `resource` is an https URL, or this application is an
   * authorization server too: then the origin of its issuer names the resource.
   */
  readonly resourceMetadata?: ResourceMetadataOptions | false | undefined;
  /**
   * Whether our entry answers `GET /health/live` and `GET /health/ready`, before the controllers; default false. They are
   * public, and say only which parts are up. `oauth2.healthMiddleware()` is the same for other entries.
   */
  readonly health?: boolean | undefined;
  /**
   * Serves the OpenAPI document of the controllers that our entry serves, at `/openapi.json` or another path. It is public.
   * Default: nothing is served; `openApi(oauth2, controllers, info)` of `routing-controllers-oauth2/openapi` makes the same.
   */
  readonly openApi?: ServedOpenApi | undefined;
  /** The cache of verified tokens: its size, its bounds and the keys that authenticate it in Redis. */
  readonly cache?: CacheOptions | undefined;
  /** Policies, the engine that counts, and what happens when it cannot. */
  readonly throttling?: ThrottlingOptions<User> | undefined;
  /** Makes this application an authorization server too: `authorizationServer({ … })` of the subpath `/authorization-server`. */
  readonly authorizationServer?: AuthorizationServerFactory<User> | undefined;
  /** The container that receives the `TokenService`, such as typedi's `Container`. */
  readonly container?: ServiceContainer | undefined;
  /**
   * Where the id of a request is found, for events and log lines: the name of a field that a trusted proxy sets, such as
   * `X-Request-Id`, or a function of the Koa context (which may read an `AsyncLocalStorage`). Ids of up to 128 letters, digits
   * and `._:@/+=-` are used, others ignored. Default: `ctx.state.requestId`.
   */
  readonly requestId?: RequestIdSource | undefined;
  /** Default: the console. */
  readonly logger?: Logger | undefined;
  /** For tests: the clock. */
  readonly clock?: Clock | undefined;
  /** For tests: the randomness of tokens. */
  readonly random?: RandomBytes | undefined;
}

/** The options as `readOptions` returns them. */
export interface CheckedOptions extends OAuth2Options {
  readonly database: DatabaseSource;
}

const NAMES = [
  'database',
  'redis',
  'keyPrefix',
  'preparedStatements',
  'databaseDeadlineMilliseconds',
  'models',
  'users',
  'scopes',
  'defaultRequirement',
  'realm',
  'readScope',
  'writeScope',
  'errorResponseWithScopes',
  'errorBody',
  'authenticators',
  'opaqueTokens',
  'verifiers',
  'trustedProxies',
  'dpop',
  'clientCertificates',
  'address',
  'ipv6PrefixLength',
  'accessTokenLifetimeSeconds',
  'resource',
  'requireAudience',
  'resourceMetadata',
  'health',
  'openApi',
  'cache',
  'throttling',
  'authorizationServer',
  'container',
  'requestId',
  'logger',
  'clock',
  'random',
] as const satisfies readonly (keyof OAuth2Options)[];

/**
 * Reads the options once.
 *
 * @returns them as a plain object, so that what was checked is what is used
 * @throws ConfigurationError naming the option and the fix; no value that could be a secret is shown
 */
export function readOptions(given: OAuth2Options): CheckedOptions {
  objectOption('The argument of createOAuth2', given, 'give an object with at least { database }');
  const options = knownOptions<OAuth2Options>('', given, NAMES);
  if (options.database === undefined || options.database === '') {
    refuseOption(
      'database',
      options.database,
      "give a URL such as 'sqlite:.data/app.sqlite' or 'mysql://…', or a knex instance; if it comes from the environment, set its variable",
    );
  }
  for (const [name, check] of Object.entries(CHECKS)) {
    const value = options[name as keyof OAuth2Options];
    if (value !== undefined) check(name, value);
  }
  if (options.clientCertificates !== undefined)
    checkClientCertificates('clientCertificates', options.clientCertificates, options.trustedProxies);
  if (options.authenticators !== undefined) checkAuthenticators(options.authenticators, options.users);
  const { cache, throttling } = options;
  return {
    ...options,
    database: options.database,
    ...(cache === undefined ? {} : { cache: knownOptions<CacheOptions>('cache', cache, CACHE_OPTION_NAMES) }),
    ...(throttling === undefined
      ? {}
      : { throttling: knownOptions<ThrottlingOptions>('throttling', throttling, THROTTLING_OPTION_NAMES) }),
  };
}

/** RFC 9110 §5.1. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Checks of single options. Other checks are made where an option is read. */
const CHECKS: { readonly [Name in keyof OAuth2Options]?: (path: string, value: unknown) => unknown } = {
  redis: redisOption,
  databaseDeadlineMilliseconds: (path, value) => wholeNumberOption(path, value, { least: 100, most: 600_000 }),
  keyPrefix: textOption,
  realm: textOption,
  readScope: scopeNameOption,
  writeScope: scopeNameOption,
  errorResponseWithScopes: flagOption,
  requireAudience: flagOption,
  preparedStatements: flagOption,
  health: flagOption,
  openApi: (_path, value) => readServedOpenApi(value as ServedOpenApi),
  errorBody: (path, value) => {
    if (typeof value === 'function') return;
    if (value !== 'oauth2' && value !== 'drf')
      refuseOption(path, value, "use 'oauth2', 'drf' or a function of the error", { near: ['oauth2', 'drf'] });
  },
  opaqueTokens: readOpaqueTokenOptions,
  verifiers: checkVerifiers,
  trustedProxies: readTrustedProxies,
  address: (path, value) =>
    functionOption(path, value, 'give a function of the Koa context that answers with an IP address'),
  ipv6PrefixLength: (path, value) => wholeNumberOption(path, value, IPV6_PREFIX_LENGTHS),
  accessTokenLifetimeSeconds: (path, value) => wholeNumberOption(path, value, { least: 1 }),
  scopes: scopeTableOption,
  defaultRequirement: readDefaultRequirement,
  resource: checkResourceIdentifier,
  resourceMetadata: checkResourceMetadata,
  users: (path, value) =>
    objectWith(path, value, ['findById', 'isActive'], 'it needs the functions findById(id) and isActive(user)'),
  authorizationServer: checkAuthorizationServer,
  container: (path, value) =>
    objectWith(path, value, ['set'], "it needs a function set(type, service), as typedi's Container"),
  requestId: (path, value) => {
    if (typeof value === 'function' || (typeof value === 'string' && FIELD_NAME.test(value))) return;
    refuseOption(path, value, 'give the name of a request field, or a function of the Koa context');
  },
  logger: loggerOption,
  clock: clockOption,
  random: (path, value) => functionOption(path, value),
};

function checkResourceIdentifier(path: string, resource: unknown): void {
  if (!isResourceIdentifier(resource)) {
    refuseOption(path, resource, "give an absolute URI without a fragment, e.g. 'https://api.example.com'");
  }
}

function checkAuthorizationServer(path: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && COMPLETE in value) return;
  refuseOption(
    path,
    value,
    "give authorizationServer({ … }), imported from 'routing-controllers-oauth2/authorization-server'",
  );
}
