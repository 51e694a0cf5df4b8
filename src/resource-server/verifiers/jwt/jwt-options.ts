import {
  choiceOption,
  flagOption,
  functionOption,
  knownOptions,
  listOption,
  optionPath,
  refuseOption,
  textOption,
  wholeNumberOption,
} from '../../../core/options/index.js';
import { MAXIMUM_TOKEN_LENGTH } from '../../../core/token-value.js';
import type { VerifiedToken } from '../../../core/verified-token.js';
import { urlProblem } from './issuer-metadata.js';
import {
  ASYMMETRIC_ALGORITHMS,
  DEFAULT_ALGORITHMS,
  isAsymmetricAlgorithm,
  type JwtAlgorithm,
} from './jwt-algorithms.js';
import { MAXIMUM_KEYS, type PublicJwk, readKeySet } from './key-set.js';

/** The options of `jwtTokens()`: whose access tokens are accepted, with which keys, and how strictly. */
export interface JwtTokensOptions {
  /** The issuer, exactly as its tokens and its metadata name it (`iss`). */
  readonly issuer: string;
  /** The identifiers of this resource; `aud` must contain one of them. Default: the option `resource`. */
  readonly audience?: string | readonly string[] | undefined;
  /** The issuer's public keys (RFC 7517 §5). Default: they are fetched from the URL in the issuer's metadata. */
  readonly jwks?:
    | {
        /** The keys, each a JWK (RFC 7517 §4). */
        readonly keys: readonly object[];
      }
    | undefined;
  /** The URL of the issuer's public keys, for an issuer without metadata. */
  readonly jwksUri?: string | undefined;
  /** The accepted signature algorithms. Default `RS256`, `PS256`, `ES256`, `Ed25519` and `EdDSA` (with Ed25519). */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /**
   * The required `typ` of the header. Default `at+jwt` (RFC 9068 §2.1). `JWT` is for issuers that do not follow RFC
   * 9068: then `typ` may also be `JWT` or missing, and ID tokens are recognized by their claims: the client of an
   * access token must not be in its audience.
   */
  readonly typ?: 'at+jwt' | 'JWT' | undefined;
  /**
   * The claim that contains the client identifier. Default `client_id` (RFC 9068 §2.2); other issuers use `azp`,
   * `appid` or `cid`.
   */
  readonly clientIdClaim?: string | undefined;
  /**
   * The claims that may contain the scopes; the first that is present counts. Default `scope`, a space-separated string
   * (RFC 9068 §2.2.3). A claim that is named here, such as `scp` or `permissions`, may also be a list.
   */
  readonly scopeClaim?: string | readonly string[] | undefined;
  /**
   * Whether a token belongs to an application alone. Default: its `sub` is its client identifier (RFC 9068 §2.2). For
   * issuers that give applications another `sub`, e.g. `(claims) => claims.gty === 'client-credentials'`.
   */
  readonly isApplication?: ((claims: Readonly<Record<string, unknown>>) => boolean) | undefined;
  /**
   * Maps a token to the user of the host for whom it acts, if the host knows users of this issuer: one of its `users`,
   * or `undefined` if there is none, and then the token is refused. Without this option the user is a `ForeignUser`,
   * who is not connected with any user of the host.
   */
  readonly user?: ((token: VerifiedToken) => unknown) | undefined;
  /** The tolerated clock difference for `nbf` and `iat`, in seconds, 0 to 300; not applied to `exp`. Default 5. */
  readonly clockSkewSeconds?: number | undefined;
  /** The maximum lifetime of a token, from `iat` to `exp`, in seconds, up to 31 days. Default 86400. */
  readonly maximumLifetimeSeconds?: number | undefined;
  /** The maximum age of a token since its `iat`, in seconds, regardless of its `exp`. Default: until its `exp`. */
  readonly maximumAgeSeconds?: number | undefined;
  /**
   * The maximum length of a token, in characters, 256 to 8192; longer ones are refused without parsing. Default 8192.
   */
  readonly maximumTokenLength?: number | undefined;
  /**
   * The interval at which the keys are fetched again in the background, and the time for which a verified token is
   * cached, in seconds, 1 to 86400. Tokens signed by a key that the issuer removes are refused after at most twice this
   * time. Default 300.
   */
  readonly keysReloadSeconds?: number | undefined;
  /**
   * How long after a fetch a token with an unknown key may trigger another fetch, in seconds, 1 to 3600. Default 10.
   */
  readonly keysCooldownSeconds?: number | undefined;
  /**
   * How long keys are used if they cannot be fetched again because the issuer is down, in seconds, at least
   * `keysReloadSeconds`, up to 31 days. Default 86400. After that, requests with its tokens get 503.
   */
  readonly keysMaxAgeSeconds?: number | undefined;
  /** The time limit for fetching the keys, including the metadata, in milliseconds, 100 to 60000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Whether an issuer on the loopback interface may be reached by http, as in tests. Default false. */
  readonly allowHttpOnLoopback?: boolean | undefined;
  /** Fetches metadata and keys instead of the global `fetch`, e.g. through a proxy. */
  readonly fetch?: typeof fetch | undefined;
}

const NAMES = [
  'issuer',
  'audience',
  'jwks',
  'jwksUri',
  'algorithms',
  'typ',
  'clientIdClaim',
  'scopeClaim',
  'isApplication',
  'user',
  'clockSkewSeconds',
  'maximumLifetimeSeconds',
  'maximumAgeSeconds',
  'maximumTokenLength',
  'keysReloadSeconds',
  'keysCooldownSeconds',
  'keysMaxAgeSeconds',
  'timeoutMilliseconds',
  'allowHttpOnLoopback',
  'fetch',
] as const satisfies readonly (keyof JwtTokensOptions)[];

const MONTH_SECONDS = 31 * 86_400;

/** The numeric options with their defaults and ranges. */
const NUMBERS = {
  clockSkewSeconds: { value: 5, least: 0, most: 300 },
  maximumLifetimeSeconds: { value: 86_400, least: 1, most: MONTH_SECONDS },
  maximumTokenLength: { value: MAXIMUM_TOKEN_LENGTH, least: 256, most: MAXIMUM_TOKEN_LENGTH },
  keysReloadSeconds: { value: 300, least: 1, most: 86_400 },
  keysCooldownSeconds: { value: 10, least: 1, most: 3_600 },
  keysMaxAgeSeconds: { value: 86_400, least: 1, most: MONTH_SECONDS },
  timeoutMilliseconds: { value: 5_000, least: 100, most: 60_000 },
} as const;

type NumberName = keyof typeof NUMBERS;

/** The options, completed. */
export interface JwtTokensSettings extends Readonly<Record<NumberName, number>> {
  readonly issuer: string;
  /** `undefined`: the identifier of this resource. */
  readonly audience: ReadonlySet<string> | undefined;
  /** `undefined`: they are fetched. */
  readonly keys: readonly PublicJwk[] | undefined;
  /** `undefined`: from the metadata. */
  readonly jwksUri: string | undefined;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly typ: 'at+jwt' | 'JWT';
  readonly clientIdClaim: string;
  readonly scopeClaims: readonly string[];
  readonly allowScopeList: boolean;
  readonly isApplication: ((claims: Readonly<Record<string, unknown>>) => boolean) | undefined;
  readonly user: ((token: VerifiedToken) => unknown) | undefined;
  readonly maximumAgeSeconds: number | undefined;
  readonly allowHttpOnLoopback: boolean;
  readonly fetch: typeof fetch | undefined;
}

/**
 * Checks and completes the options.
 *
 * @param path the path of the options in messages
 * @throws ConfigurationError
 */
export function readJwtTokensOptions(path: string, given: JwtTokensOptions): JwtTokensSettings {
  const options = knownOptions<JwtTokensOptions>(path, given, NAMES, 'give an object with at least { issuer }');
  const at = (name: keyof JwtTokensOptions) => optionPath(path, name);
  const number = (name: NumberName) => {
    const { value, ...range } = NUMBERS[name];
    return options[name] === undefined ? value : wholeNumberOption(at(name), options[name], range);
  };
  const optional = <Value>(name: keyof JwtTokensOptions, check: (path: string, value: unknown) => unknown) => {
    if (options[name] !== undefined) check(at(name), options[name]);
    return options[name] as Value | undefined;
  };
  const allowHttpOnLoopback = optional<boolean>('allowHttpOnLoopback', flagOption) ?? false;
  const lifetimes = { keysReloadSeconds: number('keysReloadSeconds'), keysMaxAgeSeconds: number('keysMaxAgeSeconds') };
  if (lifetimes.keysMaxAgeSeconds < lifetimes.keysReloadSeconds) {
    refuseOption(at('keysMaxAgeSeconds'), lifetimes.keysMaxAgeSeconds, 'give at least keysReloadSeconds', {
      number: true,
    });
  }
  const scopeClaims = optional<string | readonly string[]>('scopeClaim', checkTexts);
  return {
    issuer: readIssuer(at('issuer'), options, allowHttpOnLoopback),
    audience: setOf(optional<string | readonly string[]>('audience', checkTexts)),
    keys: options.jwks === undefined ? undefined : readKeys(at('jwks'), options.jwks),
    jwksUri: readJwksUri(at('jwksUri'), options, allowHttpOnLoopback),
    algorithms:
      options.algorithms === undefined ? DEFAULT_ALGORITHMS : readAlgorithms(at('algorithms'), options.algorithms),
    typ: options.typ === undefined ? 'at+jwt' : choiceOption(at('typ'), options.typ, ['at+jwt', 'JWT']),
    clientIdClaim: optional<string>('clientIdClaim', textOption) ?? 'client_id',
    scopeClaims: scopeClaims === undefined ? ['scope'] : [scopeClaims].flat(),
    allowScopeList: scopeClaims !== undefined,
    isApplication: optional('isApplication', functionOption),
    user: optional('user', functionOption),
    maximumAgeSeconds: optional<number>('maximumAgeSeconds', (name, value) =>
      wholeNumberOption(name, value, { least: 1, most: MONTH_SECONDS }),
    ),
    clockSkewSeconds: number('clockSkewSeconds'),
    maximumLifetimeSeconds: number('maximumLifetimeSeconds'),
    maximumTokenLength: number('maximumTokenLength'),
    keysCooldownSeconds: number('keysCooldownSeconds'),
    timeoutMilliseconds: number('timeoutMilliseconds'),
    ...lifetimes,
    allowHttpOnLoopback,
    fetch: optional('fetch', functionOption),
  };
}

function readIssuer(path: string, { issuer, jwks, jwksUri }: JwtTokensOptions, allowHttpOnLoopback: boolean): string {
  textOption(path, issuer, "give the issuer as its tokens name it, e.g. 'https://login.example.com'");
  // If nothing is fetched from the issuer, it is only a name.
  if (jwks !== undefined || jwksUri !== undefined) return issuer;
  const problem = urlProblem(issuer, allowHttpOnLoopback) ?? (issuer.includes('?') ? 'leave the query out' : undefined);
  if (problem !== undefined) refuseOption(path, issuer, `${problem}, or say where its keys are (jwks, jwksUri)`);
  return issuer;
}

function readJwksUri(
  path: string,
  { jwks, jwksUri }: JwtTokensOptions,
  allowHttpOnLoopback: boolean,
): string | undefined {
  if (jwksUri === undefined) return undefined;
  if (jwks !== undefined) refuseOption(path, jwksUri, 'give either the keys (jwks) or where they are (jwksUri)');
  const problem = urlProblem(jwksUri, allowHttpOnLoopback);
  if (problem !== undefined) refuseOption(path, jwksUri, problem);
  return jwksUri;
}

function readKeys(path: string, jwks: unknown): readonly PublicJwk[] {
  const read = readKeySet(jwks);
  if (read === undefined)
    refuseOption(path, jwks, `give a key set { keys: […] } of at most ${MAXIMUM_KEYS} public keys`);
  const [problem] = read.problems;
  if (problem !== undefined) refuseOption(path, jwks, `${problem}; give public keys for signatures alone`);
  if (read.keys.length === 0) refuseOption(path, jwks, 'give at least one public key for signatures');
  return read.keys;
}

function readAlgorithms(path: string, value: unknown): readonly JwtAlgorithm[] {
  const fix = `name some of ${ASYMMETRIC_ALGORITHMS.join(', ')}`;
  const list = listOption(path, value, fix);
  if (list.length === 0) refuseOption(path, list, fix);
  list.forEach((one, index) => {
    if (isAsymmetricAlgorithm(one)) return;
    // RFC 8725 §3.1, §3.2
    const isSecret = typeof one === 'string' && /^hs\d+$/i.test(one);
    const isNone = typeof one === 'string' && one.toLowerCase() === 'none';
    const why = isSecret ? 'whoever can verify it could sign too; ' : isNone ? 'it is no signature; ' : '';
    refuseOption(optionPath(path, index), one, `${why}${fix}`, { near: [...ASYMMETRIC_ALGORITHMS, 'none', 'HS256'] });
  });
  return [...(list as JwtAlgorithm[])];
}

function checkTexts(path: string, value: unknown): void {
  if (!Array.isArray(value)) return void textOption(path, value);
  if (value.length === 0) refuseOption(path, value, 'name at least one');
  value.forEach((one, index) => {
    textOption(optionPath(path, index), one);
  });
}

function setOf(texts: string | readonly string[] | undefined): ReadonlySet<string> | undefined {
  return texts === undefined ? undefined : new Set([texts].flat());
}
