import {
  choiceOption,
  flagOption,
  functionOption,
  knownOptions,
  listOption,
  numberOption,
  optionPath,
  refuseOption,
  textOption,
  wholeNumberOption,
} from '../../../core/options/index.js';
import type { TokenForm } from '../../../core/token-form.js';
import type { MapUser } from '../admission.js';
import { type AssertionAlgorithm, type ClientKey, type PrivateKey, readClientKey } from './client-key.js';
import { isSafeUrl } from './endpoint-url.js';

/** How a resource server authenticates at the endpoint (names of RFC 7591 §2). */
export type ClientAuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** The signature algorithm of a signed answer; symmetric algorithms are not among them. */
export type AnswerAlgorithm = (typeof ANSWER_ALGORITHMS)[number];

const ANSWER_ALGORITHMS = [
  ...(['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['EdDSA', 'Ed25519'] as const),
] as const;

/** The requirements for signed answers (RFC 9701). */
export interface SignedAnswerOptions {
  /** The accepted signature algorithms. Default `['RS256']`, the default of the specification (RFC 9701 §6). */
  readonly algorithms?: readonly AnswerAlgorithm[] | undefined;
  /** The URL of the server's keys. Default: from the server's metadata, which requires `issuer` without `endpoint`. */
  readonly jwksUri?: string | undefined;
}

/** The options of `introspectedTokens`. */
export interface IntrospectedTokensOptions {
  /**
   * The issuer of the tokens. Without `endpoint`, the endpoint is read from its metadata (RFC 8414, OpenID Connect
   * Discovery). The principals of its tokens include it, and an answer with another `iss` is refused. Default: the URL
   * of the endpoint as a name only, and every answer with `iss` is refused: its `sub` belongs to an issuer not named here.
   */
  readonly issuer?: string | undefined;
  /** The URL of the introspection endpoint: https, or http on loopback. */
  readonly endpoint?: string | undefined;
  /** The client identifier of this resource server at the endpoint. */
  readonly clientId: string;
  /** The secret of this resource server at the endpoint. Either this or `privateKey`. */
  readonly clientSecret?: string | undefined;
  /** Instead of `clientSecret`: the key with which this resource server signs assertions (RFC 7523). */
  readonly privateKey?: PrivateKey | undefined;
  /** The `kid` of that key. */
  readonly keyId?: string | undefined;
  /** Default: the usual algorithm for the type of the key. */
  readonly signingAlgorithm?: AssertionAlgorithm | undefined;
  /** Default `client_secret_basic`, or `private_key_jwt` with a key. */
  readonly clientAuthentication?: ClientAuthenticationMethod | undefined;
  /** Requests signed answers, and accepts no others. Default: only plain JSON is accepted. */
  readonly signedAnswers?: boolean | SignedAnswerOptions | undefined;
  /**
   * Which tokens are introspected: `opaque` ones, JWTs of `issuer`, both, or those for which a function returns true.
   * Default `opaque`.
   */
  readonly accepts?: 'opaque' | 'jwt' | 'both' | ((form: TokenForm) => boolean) | undefined;
  /**
   * The identifiers of this resource; `aud` must contain one of them. Default: the option `resource` of `createOAuth2`.
   */
  readonly audience?: string | readonly string[] | undefined;
  /** Whether an answer without `aud` is refused if there is an `audience`. Default: as in `createOAuth2`. */
  readonly requireAudience?: boolean | undefined;
  /**
   * The member that identifies the user. `username` is for servers without `sub`, whose user names must never be
   * reassigned. Default `sub`: an answer with a `username` but without `sub` is refused.
   */
  readonly subject?: 'sub' | 'username' | undefined;
  /**
   * Maps a token to the user of the host for whom it acts, if the host knows users of this issuer: one of its `users`,
   * or `undefined` if there is none, and then the token is refused. Without this option the user is a `ForeignUser`,
   * who is not connected with any user of the host.
   */
  readonly user?: MapUser | undefined;
  /**
   * Whether an answer without `token_type` is refused, since it may be about a refresh token. Default true; set it to
   * false for a server that answers only for access tokens.
   */
  readonly requireTokenType?: boolean | undefined;
  /**
   * The tolerated clock difference for times that must not be in the future, in seconds, 0 to 60; not applied to `exp`.
   * Default 5.
   */
  readonly clockSkewSeconds?: number | undefined;
  /**
   * How long an answer that accepts a token is used before the endpoint is asked again, in seconds, 0 to 3600, and
   * never beyond `exp`. A revocation there takes effect here after at most this time. It is also the lifetime of a
   * token without `exp`. Default 60.
   */
  readonly cacheSeconds?: number | undefined;
  /** The time limit for a complete answer, in milliseconds, 50 to 30000. Default 2000. */
  readonly timeoutMilliseconds?: number | undefined;
  /**
   * The maximum number of concurrent calls, 1 to 1000; ten times as many may wait, each within its time limit. Default
   * 32.
   */
  readonly concurrency?: number | undefined;
}

const NAMES = [
  ...(['issuer', 'endpoint', 'clientId', 'clientSecret', 'privateKey', 'keyId', 'signingAlgorithm'] as const),
  ...(['clientAuthentication', 'signedAnswers', 'accepts', 'audience', 'requireAudience'] as const),
  ...(['subject', 'user'] as const),
  ...(['requireTokenType', 'clockSkewSeconds', 'cacheSeconds', 'timeoutMilliseconds', 'concurrency'] as const),
] as const satisfies readonly (keyof IntrospectedTokensOptions)[];

export const INTROSPECTED_TOKENS = 'introspectedTokens';

/** The credential that is sent with each call. */
export type ClientCredential =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly key: ClientKey; readonly keyId: string | undefined };

/** The options, validated and completed, except for values from other options of the host. */
export interface IntrospectionSettings {
  readonly issuer: string | undefined;
  readonly endpoint: string | undefined;
  /** The authority for the tokens: the issuer, or the endpoint if there is none. */
  readonly authority: string;
  readonly clientId: string;
  readonly credential: ClientCredential;
  readonly signedAnswers: { readonly algorithms: readonly string[]; readonly jwksUri: string | undefined } | undefined;
  readonly accepts: 'opaque' | 'jwt' | 'both' | ((form: TokenForm) => boolean);
  readonly audience: readonly string[] | undefined;
  readonly requireAudience: boolean | undefined;
  readonly subject: 'sub' | 'username';
  readonly user: MapUser | undefined;
  readonly requireTokenType: boolean;
  readonly clockSkewSeconds: number;
  readonly cacheSeconds: number;
  readonly timeoutMilliseconds: number;
  readonly concurrency: number;
}

/** @throws ConfigurationError if an option is unknown, missing or invalid */
export function readIntrospectionOptions(given: IntrospectedTokensOptions): IntrospectionSettings {
  const options = knownOptions<IntrospectedTokensOptions>(
    INTROSPECTED_TOKENS,
    given,
    NAMES,
    'give an object, at least { issuer, clientId, clientSecret }',
  );
  const { issuer, endpoint } = options;
  if (issuer === undefined && endpoint === undefined) {
    refuseOption(at('issuer'), issuer, 'give the issuer of the tokens, or the introspection endpoint');
  }
  if (issuer !== undefined) urlOption('issuer', issuer, false);
  if (endpoint !== undefined) urlOption('endpoint', endpoint, true);
  const number = (name: 'clockSkewSeconds' | 'cacheSeconds', most: number, fallback: number) =>
    options[name] === undefined ? fallback : numberOption(at(name), options[name], { least: 0, most });
  const whole = (name: 'timeoutMilliseconds' | 'concurrency', least: number, most: number, fallback: number) =>
    options[name] === undefined ? fallback : wholeNumberOption(at(name), options[name], { least, most });
  const flag = (name: 'requireAudience' | 'requireTokenType') =>
    options[name] === undefined ? undefined : flagOption(at(name), options[name]);
  return {
    issuer,
    endpoint,
    authority: (issuer ?? endpoint) as string,
    clientId: textOption(at('clientId'), options.clientId, 'give the client identifier of this resource server'),
    credential: readCredential(options),
    signedAnswers: readSignedAnswers(options),
    accepts: readAccepts(options),
    audience: readAudience(options.audience),
    requireAudience: flag('requireAudience'),
    subject: options.subject === undefined ? 'sub' : choiceOption(at('subject'), options.subject, ['sub', 'username']),
    user: options.user === undefined ? undefined : (functionOption(at('user'), options.user) as MapUser),
    requireTokenType: flag('requireTokenType') ?? true,
    clockSkewSeconds: number('clockSkewSeconds', 60, 5),
    cacheSeconds: number('cacheSeconds', 3600, 60),
    timeoutMilliseconds: whole('timeoutMilliseconds', 50, 30_000, 2_000),
    concurrency: whole('concurrency', 1, 1_000, 32),
  };
}

function at(name: keyof IntrospectedTokensOptions): string {
  return optionPath(INTROSPECTED_TOKENS, name);
}

function urlOption(name: 'issuer' | 'endpoint', value: unknown, mayHaveQuery: boolean, path = at(name)): string {
  const isUrl = typeof value === 'string' && isSafeUrl(value) && !value.includes('#');
  if (!isUrl || (!mayHaveQuery && value.includes('?'))) {
    refuseOption(path, value, 'give an https URL, or http on loopback, without credentials and fragment');
  }
  return value;
}

function readCredential(options: IntrospectedTokensOptions): ClientCredential {
  const { clientSecret, privateKey, keyId, signingAlgorithm, clientAuthentication } = options;
  if (clientSecret !== undefined && privateKey !== undefined) {
    refuseOption(at('clientSecret'), clientSecret, 'give either a secret or a privateKey', { secret: true });
  }
  if (privateKey !== undefined) {
    if (clientAuthentication !== undefined) {
      choiceOption(at('clientAuthentication'), clientAuthentication, ['private_key_jwt']);
    }
    const key = readClientKey(at('privateKey'), privateKey, at('signingAlgorithm'), signingAlgorithm);
    return { method: 'private_key_jwt', key, keyId: keyId === undefined ? undefined : textOption(at('keyId'), keyId) };
  }
  if (typeof clientSecret !== 'string' || clientSecret === '') {
    refuseOption(at('clientSecret'), clientSecret, 'give the secret of clientId, or its privateKey', { secret: true });
  }
  const method = clientAuthentication ?? 'client_secret_basic';
  return {
    method: choiceOption(at('clientAuthentication'), method, ['client_secret_basic', 'client_secret_post']),
    secret: clientSecret,
  };
}

function readSignedAnswers({
  signedAnswers,
  issuer,
  endpoint,
}: IntrospectedTokensOptions): IntrospectionSettings['signedAnswers'] {
  if (signedAnswers === undefined || signedAnswers === false) return undefined;
  const path = at('signedAnswers');
  const { algorithms = ['RS256'], jwksUri } =
    signedAnswers === true
      ? ({} as SignedAnswerOptions)
      : knownOptions<SignedAnswerOptions>(
          path,
          signedAnswers,
          ['algorithms', 'jwksUri'],
          'use true, false or an object',
        );
  const list = listOption(optionPath(path, 'algorithms'), algorithms, "give a list such as ['ES256']");
  if (list.length === 0) refuseOption(optionPath(path, 'algorithms'), list, "give a list such as ['ES256']");
  list.forEach((one, index) => {
    choiceOption(optionPath(optionPath(path, 'algorithms'), index), one, ANSWER_ALGORITHMS);
  });
  if (issuer === undefined) refuseOption(at('issuer'), issuer, 'give the issuer that signed answers must name');
  const jwksPath = optionPath(path, 'jwksUri');
  if (jwksUri !== undefined) urlOption('issuer', jwksUri, true, jwksPath);
  else if (endpoint !== undefined) refuseOption(jwksPath, jwksUri, 'give the URL of its keys, or leave out endpoint');
  return { algorithms: list as readonly string[], jwksUri };
}

function readAudience(audience: IntrospectedTokensOptions['audience']): readonly string[] | undefined {
  if (audience === undefined) return undefined;
  const path = at('audience');
  if (!Array.isArray(audience)) return [textOption(path, audience)];
  if (audience.length === 0) refuseOption(path, audience, 'name this resource');
  return audience.map((one, index) => textOption(optionPath(path, index), one));
}

function readAccepts({ accepts = 'opaque', issuer }: IntrospectedTokensOptions): IntrospectionSettings['accepts'] {
  const path = at('accepts');
  if (typeof accepts === 'function') return functionOption(path, accepts) as (form: TokenForm) => boolean;
  const chosen = choiceOption(path, accepts, ['opaque', 'jwt', 'both']);
  if (chosen !== 'opaque' && issuer === undefined) {
    refuseOption(
      at('issuer'),
      issuer,
      'JWTs are distinguished by their issuer: give the issuer of those to introspect',
    );
  }
  return chosen;
}
