import { type Confirmation, readConfirmation } from '../../../core/confirmation.js';
import { isScopeName, parseScope } from '../../../core/scopes.js';
import { MAXIMUM_IDENTIFIER_LENGTH } from './jwt-header.js';

/** Which claims are accepted. Times are in seconds. */
export interface ClaimRules {
  readonly issuer: string;
  /** The identifiers of this resource; one of them has to be in `aud`. */
  readonly audience: ReadonlySet<string>;
  /** `JWT`: the type in the header does not distinguish access tokens from ID tokens, so the claims must. */
  readonly typ: 'at+jwt' | 'JWT';
  readonly clientIdClaim: string;
  /** The claims that may contain scopes; the first that is present counts. */
  readonly scopeClaims: readonly string[];
  /** Whether scopes may be a list; RFC 9068 §2.2.3 defines only a string. */
  readonly allowScopeList: boolean;
  readonly clockSkewSeconds: number;
  readonly maximumLifetimeSeconds: number;
  readonly maximumAgeSeconds: number | undefined;
}

/** The claims of an access token, each with its proper type. */
export interface AccessTokenClaims {
  readonly subject: string;
  readonly clientId: string;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  readonly tokenId: string | undefined;
  readonly issuedAtSeconds: number;
  /** `exp`, or earlier where the rules limit its age. */
  readonly expiresAtSeconds: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[] | undefined;
  readonly authTimeSeconds: number | undefined;
  readonly confirmation: Confirmation | undefined;
}

/** The result of checking the claims; a refusal includes a reason, only for the log. */
export type ClaimsJudgement =
  | { readonly status: 'active'; readonly claims: AccessTokenClaims }
  | { readonly status: 'expired' }
  | { readonly status: 'invalid'; readonly reason: string };

/** Real tokens have fewer. */
const MAXIMUM_LIST_LENGTH = 100;

/** Claims that occur only in other kinds of signed tokens: ID tokens, logout tokens and security events. */
const CLAIMS_OF_OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'] as const;

/**
 * Checks the claims of a token whose signature is valid (RFC 9068 §4, RFC 8725 §3). Every claim that is read must have
 * its proper type; others are up to the host.
 *
 * The clock skew applies to times before which a token is not valid (`nbf`, `iat`), but not to its expiry: an admitted
 * token is cached until then and no longer.
 */
export function judgeClaims(
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
  nowMilliseconds: number,
): ClaimsJudgement {
  const nowSeconds = nowMilliseconds / 1000;
  if (payload.iss !== rules.issuer) return invalid('iss names another issuer');
  const audience = readTexts(payload.aud);
  if (audience === undefined) return invalid('aud is missing, or neither a string nor a list of strings');
  if (!audience.some((one) => rules.audience.has(one))) return invalid('aud does not name this resource');
  const subject = readIdentifier(payload.sub);
  if (subject === undefined) return invalid('sub is missing, or not a string');
  const clientId = readIdentifier(payload[rules.clientIdClaim]);
  if (clientId === undefined) return invalid(`${rules.clientIdClaim} is missing, or not a string`);
  if (rules.typ === 'JWT' && isForAnotherPurpose(payload, audience, clientId))
    return invalid('it is an ID token, or another token that is not an access token');
  const scopes = readScopes(payload, rules);
  if (scopes === undefined) return invalid('the scopes are not valid scope names');
  const others = readOthers(payload);
  if (typeof others === 'string') return invalid(others);
  const times = judgeTimes(payload, rules, nowSeconds);
  if (typeof times === 'string') return times === EXPIRED ? { status: 'expired' } : invalid(times);
  return { status: 'active', claims: { subject, clientId, audience, scopes, ...others, ...times } };
}

function invalid(reason: string): ClaimsJudgement {
  return { status: 'invalid', reason };
}

const EXPIRED = 'expired';

/** The times, or the problem with them. */
function judgeTimes(
  { exp, iat, nbf }: Readonly<Record<string, unknown>>,
  { clockSkewSeconds, maximumLifetimeSeconds, maximumAgeSeconds }: ClaimRules,
  nowSeconds: number,
): Pick<AccessTokenClaims, 'issuedAtSeconds' | 'expiresAtSeconds'> | string {
  if (!isTime(exp)) return 'exp is missing, or not a whole number';
  if (!isTime(iat)) return 'iat is missing, or not a whole number';
  if (nbf !== undefined && !isTime(nbf)) return 'nbf is not a whole number';
  if (iat > nowSeconds + clockSkewSeconds) return 'iat is in the future';
  if (nbf !== undefined && nbf > nowSeconds + clockSkewSeconds) return 'nbf is in the future';
  if (exp <= iat) return 'exp is not after iat';
  if (exp - iat > maximumLifetimeSeconds) return 'it lives longer than maximumLifetimeSeconds';
  // Everything that keeps the token goes by its end, so its age has to be in it.
  const expiresAtSeconds = maximumAgeSeconds === undefined ? exp : Math.min(exp, iat + maximumAgeSeconds);
  return expiresAtSeconds <= nowSeconds ? EXPIRED : { issuedAtSeconds: iat, expiresAtSeconds };
}

/** A NumericDate (RFC 7519 §2) in whole seconds that a `Date` can represent. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 8_640_000_000_000;
}

function readIdentifier(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > MAXIMUM_IDENTIFIER_LENGTH) return undefined;
  return isPlainText(value) ? value : undefined;
}

/** Whether a string has no control characters and no lone surrogates, which keys and logs would change. */
function isPlainText(value: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** A string, or a non-empty list of strings. */
function readTexts(value: unknown): readonly string[] | undefined {
  const list: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || list.length === 0 || list.length > MAXIMUM_LIST_LENGTH) return undefined;
  return list.every((one) => typeof one === 'string' && one !== '') ? (list as string[]) : undefined;
}

/** The scopes; empty if no claim is present, `undefined` if it contains anything else. */
function readScopes(
  payload: Readonly<Record<string, unknown>>,
  { scopeClaims, allowScopeList }: ClaimRules,
): readonly string[] | undefined {
  const name = scopeClaims.find((claim) => payload[claim] !== undefined);
  if (name === undefined) return [];
  const value = payload[name];
  let names: readonly unknown[];
  if (typeof value === 'string') names = parseScope(value);
  else if (allowScopeList && Array.isArray(value)) names = [...new Set(value)];
  else return undefined;
  return names.every(isScopeName) ? (names as string[]) : undefined;
}

/**
 * Whether a token of the type `JWT` is not an access token. An ID token names its client as its audience (OpenID
 * Connect Core §2); an access token for this resource names the resource, and another application as its client.
 */
function isForAnotherPurpose(
  payload: Readonly<Record<string, unknown>>,
  audience: readonly string[],
  clientId: string,
): boolean {
  if (audience.includes(clientId) || CLAIMS_OF_OTHERS.some((name) => payload[name] !== undefined)) return true;
  // Some issuers declare the kind of a token by these claims.
  const { typ, token_use: use } = payload;
  return (typ !== undefined && typ !== 'Bearer') || (use !== undefined && use !== 'access');
}

type OtherClaims = Pick<AccessTokenClaims, 'tokenId' | 'acr' | 'amr' | 'authTimeSeconds' | 'confirmation'>;

/** The optional claims (RFC 9068 §2.2.1, RFC 7800 §3.1), or the problem with them. */
function readOthers({
  jti,
  acr,
  amr,
  auth_time: authTime,
  cnf,
}: Readonly<Record<string, unknown>>): OtherClaims | string {
  const tokenId = readIdentifier(jti);
  if (jti !== undefined && tokenId === undefined) return 'jti is not a string';
  if (acr !== undefined && typeof acr !== 'string') return 'acr is not a string';
  if (authTime !== undefined && !isTime(authTime)) return 'auth_time is not a whole number';
  if (amr !== undefined && !(Array.isArray(amr) && amr.every((one) => typeof one === 'string')))
    return 'amr is not a list of strings';
  const confirmation = readConfirmation(cnf);
  if (confirmation === 'unreadable' || cnf === null) return 'cnf contains an unknown kind of binding';
  return { tokenId, acr, amr, authTimeSeconds: authTime, confirmation };
}
