import { knownOptions, refuseOption } from '../../core/options/index.js';
import type { RegisteredUser, ScopeName } from '../../core/register.js';
import type { Application, GrantType, RegistrationLimits } from '../../storage/index.js';
import type { HostLogin } from '../host-login.js';
import { createSealer, type Sealer } from '../keys/sealer.js';
import { KEYS_PUBLISH_SECONDS } from '../keys/signing-keys.js';
import type { Authenticate } from '../pages/page-dependencies.js';
import { PAGE_NAMES, type PageOverrides } from '../pages/rendering/page-models.js';
import type { TextOverrides } from '../pages/rendering/texts.js';
import { type AcrOptions, readAcr } from './acr-options.js';
import type { AuthenticationMethods } from './amr-options.js';
import { type ClaimsOfUser, type ClaimsOptions, type ClaimsSettings, readClaims } from './claims-options.js';
import {
  type ClientDocumentOptions,
  type ClientDocumentSettings,
  readClientDocuments,
} from './client-document-options.js';
import { type EndpointRates, readRates } from './endpoint-rates.js';
import { HOST_FUNCTIONS, tellingHostOutages } from './host-functions.js';
import { type Issuer, readIssuer } from './issuer.js';
import { flag, optionalFunction, pathOf, readSchemes, readScopes, seconds } from './option-checks.js';
import {
  type DynamicRegistrationOptions,
  type LimitingOptions,
  readLimits,
  readRegistration,
} from './registration-options.js';
import { type ResourceOptions, type ResourceSettings, readDefaultResource, readResources } from './resource-options.js';
import { readStrictTransportSecurity, type StrictTransportSecurityOptions } from './transport-security.js';

/** The options of `authorizationServer`, for the host's `User`. */
export interface AuthorizationServerOptions<User = RegisteredUser> extends LimitingOptions {
  /** The issuer identifier (RFC 8414 §2), exactly as clients know it. */
  readonly issuer: string;
  /** Allows `http` for other hosts than the loopback ones. */
  readonly allowInsecureIssuer?: boolean | undefined;
  /** The path below which endpoints and pages are. Default `/oauth2`. */
  readonly prefix?: string | undefined;
  /** Keys of 32 bytes (or their base64url text), the newest first; they encrypt stored data. */
  readonly encryptionKeys: readonly (Uint8Array | string)[];
  /** Checks a password, for the login page. Either this or `login`. */
  readonly authenticate?: Authenticate | undefined;
  /** The host's own login. */
  readonly login?: HostLogin | undefined;
  /**
   * How strongly users are authenticated, for applications and resource servers that ask for it (RFC 9470). Without it
   * `acr_values` of a request has no effect. `max_age` always has.
   */
  readonly acr?: AcrOptions | undefined;
  /**
   * By which methods a user has authenticated who has just signed in (`amr`, RFC 8176), such as `['pwd', 'otp']`. Tokens and
   * introspection say so, after a refresh too. Default: they do not.
   */
  readonly amr?: AuthenticationMethods | undefined;
  /** Who sees the pages for staff. Default: nobody. */
  readonly isStaff?: ((user: User) => boolean | PromiseLike<boolean>) | undefined;
  /** How pages name a user. Default: the id. */
  readonly username?: ((user: User) => string) | undefined;
  /**
   * What applications learn about a user besides `sub`, which is the id: at userinfo, and in ID tokens if listed; each
   * claim only with the scope that it belongs to. A function alone provides the standard claims at userinfo. Default:
   * nothing.
   */
  readonly claims?: ClaimsOfUser<User> | ClaimsOptions<User> | undefined;
  /** The scopes of a request without a scope. Without this option such a request is refused (RFC 6749 §3.3). */
  readonly defaultScopes?: readonly ScopeName[] | undefined;
  /**
   * The scopes that applications of users may have, `openid` and `offline_access` among them. This limits what is
   * issued to them, not only what they register. Default: none.
   */
  readonly ownerScopes?: readonly ScopeName[] | undefined;
  /** The grant types that applications of users may use. Default: all but `client_credentials`. */
  readonly ownerGrantTypes?: readonly GrantType[] | undefined;
  /**
   * The scopes that a user has: no token for the user contains any other. Called at consent, whenever tokens are issued
   * or refreshed, and by `TokenService.issue`. `openid` and `offline_access` need not be listed. Default: every user
   * may have every scope.
   */
  readonly scopesOf?: ((user: User) => readonly ScopeName[] | PromiseLike<readonly ScopeName[]>) | undefined;
  /**
   * Which of these scopes the user may grant to this application: all (`true`), none (`false`), or those of a list.
   * Called after `scopesOf`, with the scopes that it leaves. Default: all.
   */
  readonly mayGrant?:
    | ((
        user: User,
        application: Application,
        scopes: readonly ScopeName[],
      ) => boolean | readonly ScopeName[] | PromiseLike<boolean | readonly ScopeName[]>)
    | undefined;
  /**
   * Private-use schemes for redirect URIs of public applications that are not reverse domain names, such as `cursor` or
   * `myapp`. Any program on a device may claim one (RFC 8252 §8.4). Default: none.
   */
  readonly redirectUriSchemes?: readonly string[] | undefined;
  /** Default: the option of `createOAuth2`, 3600. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** At most 60, the default. */
  readonly authorizationCodeLifetimeSeconds?: number | undefined;
  /** How long refresh tokens are valid, however often they are rotated. Default 30 days. */
  readonly refreshTokenLifetimeSeconds?: number | undefined;
  /** How long a refresh token is valid without being used. Default 14 days. */
  readonly refreshTokenIdleSeconds?: number | undefined;
  /**
   * How long a rotated refresh token returns the same successor, for a client that lost the response. Default 30; 0:
   * never.
   */
  readonly refreshGraceSeconds?: number | undefined;
  /** The longest lifetime of a client assertion (`private_key_jwt`, RFC 7523). Default 300. */
  readonly clientAssertionLifetimeSeconds?: number | undefined;
  /** Default 600. */
  readonly deviceCodeLifetimeSeconds?: number | undefined;
  /** How long a device waits between two requests for its tokens. Default 5; 0: no limit. */
  readonly devicePollingSeconds?: number | undefined;
  /** Default 3600. */
  readonly idTokenLifetimeSeconds?: number | undefined;
  /**
   * How long a browser stays signed in without being used. Default 14 days, or `sessionLifetimeSeconds` if that is
   * less.
   */
  readonly sessionIdleSeconds?: number | undefined;
  /** How long a browser stays signed in, counted from the sign-in, however often it is used. Default 30 days. */
  readonly sessionLifetimeSeconds?: number | undefined;
  /** Resource servers by identifier. */
  readonly resources?: Readonly<Record<string, ResourceOptions>> | undefined;
  /**
   * The resource of requests that name none (RFC 8707 §2): one of `resources`, or the option `resource` of
   * `createOAuth2`. Default: none; tokens are then for the latter, and open userinfo too.
   */
  readonly defaultResource?: string | undefined;
  /** Whether authorization requests may be signed JWTs, sent as `request` (JAR, RFC 9101). Default false. */
  readonly requestObjects?: boolean | undefined;
  /**
   * Whether all applications must push their authorization requests (RFC 9126 §5); each may be made to by a property of
   * its own. Default false.
   */
  readonly requirePushedAuthorizationRequests?: boolean | undefined;
  /**
   * Whether DPoP proofs for this server must hold a nonce of it (RFC 9449 §8). Default false. Where the guards require
   * nonces (`dpop.nonceKeys`), both accept the same.
   */
  readonly requireDPoPNonce?: boolean | undefined;
  /** Default false. */
  readonly dynamicRegistration?: false | DynamicRegistrationOptions | undefined;
  /**
   * Whether a client identifier may be the https URL of a document with the metadata of the application
   * (draft-ietf-oauth-client-id-metadata-document), which is then not registered beforehand. Default false.
   */
  readonly clientMetadataDocuments?: false | ClientDocumentOptions | undefined;
  /** The rates of the endpoints and forms of this server. */
  readonly throttling?: EndpointRates | undefined;
  /**
   * Whether a popup of an application for sign-in or sign-out stays connected to the page that opened it
   * (`Cross-Origin-Opener-Policy`). Default true. Other pages never stay connected.
   */
  readonly popups?: boolean | undefined;
  /**
   * HTTP Strict Transport Security (RFC 6797), if the issuer is `https`. Default one year, without subdomains; none on
   * the loopback interface.
   */
  readonly strictTransportSecurity?: false | StrictTransportSecurityOptions | undefined;
  /** Custom pages in place of the package's. */
  readonly pages?: PageOverrides | undefined;
  /** Other texts on the pages. */
  readonly texts?: TextOverrides | undefined;
}

/** The options, checked and with their defaults. */
export interface Settings {
  readonly issuer: Issuer;
  readonly prefix: string;
  readonly sealer: Sealer;
  readonly options: AuthorizationServerOptions;
  /** `undefined`: applications learn only the subject. */
  readonly claims: ClaimsSettings | undefined;
  readonly acr: AcrOptions | undefined;
  readonly defaultScopes: readonly string[];
  readonly redirectUriSchemes: readonly string[];
  /** `undefined`: the option of `createOAuth2`. */
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly authorizationCodeLifetimeSeconds: number;
  readonly refreshTokenLifetimeSeconds: number;
  readonly refreshTokenIdleSeconds: number;
  readonly refreshGraceSeconds: number;
  readonly clientAssertionLifetimeSeconds: number;
  readonly deviceCodeLifetimeSeconds: number;
  readonly devicePollingSeconds: number;
  readonly idTokenLifetimeSeconds: number;
  readonly sessionIdleSeconds: number;
  readonly sessionLifetimeSeconds: number;
  readonly resources: ReadonlyMap<string, ResourceSettings>;
  readonly defaultResource: string | undefined;
  readonly requestObjects: boolean;
  readonly requirePushedAuthorizationRequests: boolean;
  readonly requireDPoPNonce: boolean;
  readonly rates: Required<EndpointRates>;
  readonly dynamicRegistration: DynamicRegistrationOptions | undefined;
  readonly clientMetadataDocuments: ClientDocumentSettings | undefined;
  /** What applications may have that the host has not registered. */
  readonly limits: RegistrationLimits;
  readonly popups: boolean;
  /** The value of the header field; `undefined`: none. */
  readonly strictTransportSecurity: string | undefined;
}

const NAMES = [
  'issuer',
  'allowInsecureIssuer',
  'prefix',
  'encryptionKeys',
  'authenticate',
  'login',
  'acr',
  'amr',
  'isStaff',
  'username',
  'claims',
  'defaultScopes',
  'ownerScopes',
  'ownerGrantTypes',
  'scopesOf',
  'mayGrant',
  'redirectUriSchemes',
  'accessTokenLifetimeSeconds',
  'authorizationCodeLifetimeSeconds',
  'refreshTokenLifetimeSeconds',
  'refreshTokenIdleSeconds',
  'refreshGraceSeconds',
  'clientAssertionLifetimeSeconds',
  'deviceCodeLifetimeSeconds',
  'devicePollingSeconds',
  'idTokenLifetimeSeconds',
  'sessionIdleSeconds',
  'sessionLifetimeSeconds',
  'resources',
  'defaultResource',
  'requestObjects',
  'requirePushedAuthorizationRequests',
  'requireDPoPNonce',
  'dynamicRegistration',
  'clientMetadataDocuments',
  'throttling',
  'popups',
  'strictTransportSecurity',
  'pages',
  'texts',
] as const satisfies readonly (keyof AuthorizationServerOptions)[];

const DAY_SECONDS = 86_400;
/** @throws ConfigurationError naming the option, its value and the fix; a key or secret is never shown */
export function readOptions(given: AuthorizationServerOptions): Settings {
  const fix = 'give an object with at least { issuer, encryptionKeys }';
  const options = knownOptions<AuthorizationServerOptions>('authorizationServer', given, NAMES, fix);
  const issuer = readIssuer(options.issuer, flag('allowInsecureIssuer', options.allowInsecureIssuer, false));
  checkFunctions(options);
  const registration = readRegistration(options.dynamicRegistration);
  return Object.freeze({
    issuer,
    prefix: readPrefix(options.prefix),
    sealer: createSealer(options.encryptionKeys, { path: pathOf('encryptionKeys') }),
    options: tellingHostOutages(options),
    claims: readClaims(options.claims),
    acr: readAcr(pathOf('acr'), options.acr),
    defaultScopes: readScopes(pathOf('defaultScopes'), options.defaultScopes ?? []),
    redirectUriSchemes: readSchemes(options.redirectUriSchemes ?? []),
    ...readLifetimes(options),
    resources: readResources(options.resources ?? {}),
    defaultResource: readDefaultResource(options.defaultResource),
    requestObjects: flag('requestObjects', options.requestObjects, false),
    requirePushedAuthorizationRequests: flag(
      'requirePushedAuthorizationRequests',
      options.requirePushedAuthorizationRequests,
      false,
    ),
    requireDPoPNonce: flag('requireDPoPNonce', options.requireDPoPNonce, false),
    rates: readRates(options.throttling ?? {}),
    dynamicRegistration: registration,
    clientMetadataDocuments: readClientDocuments(options.clientMetadataDocuments),
    limits: readLimits(options, registration),
    popups: flag('popups', options.popups, true),
    strictTransportSecurity: readStrictTransportSecurity(options.strictTransportSecurity, issuer),
  });
}

function readPrefix(prefix: unknown = '/oauth2'): string {
  if (typeof prefix !== 'string' || !/^(\/[A-Za-z0-9._~-]+)+$/.test(prefix)) {
    refuseOption(pathOf('prefix'), prefix, "give a path without a slash at the end, e.g. '/oauth2'");
  }
  return prefix;
}

function checkFunctions(options: AuthorizationServerOptions): void {
  for (const name of HOST_FUNCTIONS) optionalFunction(name, options[name]);
  const { login, authenticate } = options;
  if (login !== undefined) {
    const functions = knownOptions<HostLogin>(
      pathOf('login'),
      login,
      ['url', 'userId', 'authenticatedAtMilliseconds'],
      'give an object with the functions url(interactionUid, context) and userId(context)',
    );
    if (typeof functions.url !== 'function' || typeof functions.userId !== 'function') {
      const fix = 'give an object with the functions url(interactionUid, context) and userId(context)';
      refuseOption(pathOf('login'), login, fix);
    }
    optionalFunction('login.authenticatedAtMilliseconds', functions.authenticatedAtMilliseconds);
    if (authenticate !== undefined) {
      refuseOption(pathOf('authenticate'), authenticate, 'with login there is no login page for it');
    }
  }
  const pages = knownOptions<PageOverrides>(pathOf('pages'), options.pages ?? {}, PAGE_NAMES);
  for (const name of PAGE_NAMES) optionalFunction(`pages.${name}`, pages[name]);
}

function readLifetimes(options: AuthorizationServerOptions) {
  const code = seconds('authorizationCodeLifetimeSeconds', options.authorizationCodeLifetimeSeconds, 60);
  if (code > 60)
    refuseOption(pathOf('authorizationCodeLifetimeSeconds'), code, 'a code lives for at most 60 seconds', {
      number: true,
    });
  const absolute = seconds('refreshTokenLifetimeSeconds', options.refreshTokenLifetimeSeconds, 30 * DAY_SECONDS);
  const session = seconds('sessionLifetimeSeconds', options.sessionLifetimeSeconds, 30 * DAY_SECONDS);
  const idToken = seconds('idTokenLifetimeSeconds', options.idTokenLifetimeSeconds, 3600);
  if (idToken > KEYS_PUBLISH_SECONDS) {
    const fix = `keys are published for ${KEYS_PUBLISH_SECONDS} seconds only`;
    refuseOption(pathOf('idTokenLifetimeSeconds'), idToken, fix, { number: true });
  }
  return {
    accessTokenLifetimeSeconds:
      options.accessTokenLifetimeSeconds === undefined
        ? undefined
        : seconds('accessTokenLifetimeSeconds', options.accessTokenLifetimeSeconds, 0),
    authorizationCodeLifetimeSeconds: code,
    refreshTokenLifetimeSeconds: absolute,
    refreshTokenIdleSeconds: seconds(
      'refreshTokenIdleSeconds',
      options.refreshTokenIdleSeconds,
      Math.min(14 * DAY_SECONDS, absolute),
    ),
    refreshGraceSeconds: seconds('refreshGraceSeconds', options.refreshGraceSeconds, 30, 0),
    clientAssertionLifetimeSeconds: seconds(
      'clientAssertionLifetimeSeconds',
      options.clientAssertionLifetimeSeconds,
      300,
    ),
    deviceCodeLifetimeSeconds: seconds('deviceCodeLifetimeSeconds', options.deviceCodeLifetimeSeconds, 600),
    devicePollingSeconds: seconds('devicePollingSeconds', options.devicePollingSeconds, 5, 0),
    idTokenLifetimeSeconds: idToken,
    sessionIdleSeconds: seconds('sessionIdleSeconds', options.sessionIdleSeconds, Math.min(14 * DAY_SECONDS, session)),
    sessionLifetimeSeconds: session,
  };
}
