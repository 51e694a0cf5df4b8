import { type Confirmation, readConfirmation } from '../../../core/confirmation.js';
import { MemberError, Members } from './members.js';

/** The rules by which an answer is judged. */
export interface AnswerRules {
  /** The required `iss` if the answer has one; `undefined`: an answer with `iss` is refused. */
  readonly issuer: string | undefined;
  /** The identifiers of this resource. An answer whose `aud` contains none of them is refused. */
  readonly audience: readonly string[] | undefined;
  /** Whether an answer without `aud` is refused if there is an `audience`. */
  readonly requireAudience: boolean;
  /** The member that identifies the user. */
  readonly subject: 'sub' | 'username';
  /** Whether an answer without `token_type` is refused; it may be about a refresh token. */
  readonly requireTokenType: boolean;
  /** The tolerated clock difference for times that must not be in the future. */
  readonly clockSkewSeconds: number;
  /** How long a token is valid if the answer has no `exp`. */
  readonly lifetimeSeconds: number;
}

/** What an answer says about an active token. */
export interface AnsweredToken {
  /** `undefined`: the token belongs to an application alone. */
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly audience: readonly string[] | undefined;
  readonly issuedAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly acr: string | undefined;
  readonly authenticatedAtMilliseconds: number | undefined;
  readonly amr: readonly string[] | undefined;
  readonly confirmation: Confirmation | undefined;
  /** All members of the answer. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The result of judging an answer. */
export type AnswerVerdict =
  | { readonly status: 'active'; readonly token: AnsweredToken }
  | { readonly status: 'expired' }
  /** `reason`: why a token is refused although the server calls it active. */
  | { readonly status: 'invalid'; readonly reason?: string }
  /** The answer is malformed, so nothing is known about the token. */
  | { readonly status: 'unreadable'; readonly reason: string };

/**
 * Judges the answer of an introspection endpoint (RFC 7662 §2.2). A token is accepted only if `active` is the boolean
 * `true` and nothing else in the answer contradicts it.
 */
export function judgeAnswer(answer: unknown, rules: AnswerRules, nowMilliseconds: number): AnswerVerdict {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    return { status: 'unreadable', reason: 'it is not a JSON object' };
  }
  const members = answer as Readonly<Record<string, unknown>>;
  const active = Object.hasOwn(members, 'active') ? members.active : undefined;
  if (typeof active !== 'boolean') return { status: 'unreadable', reason: 'active is neither true nor false' };
  if (!active) return { status: 'invalid' };
  try {
    return judgeActive(members, rules, nowMilliseconds / 1000);
  } catch (error) {
    if (error instanceof MemberError) return { status: 'invalid', reason: error.message };
    throw error;
  }
}

function judgeActive(claims: Readonly<Record<string, unknown>>, rules: AnswerRules, nowSeconds: number): AnswerVerdict {
  const members = new Members(claims);
  const issuer = members.text('iss');
  if (issuer !== undefined && issuer !== rules.issuer) {
    // Of several issuers behind one endpoint, users with the same subject must not become one.
    return refused(
      rules.issuer === undefined ? 'iss is set, and the option issuer is not' : 'iss names another issuer',
    );
  }
  const audience = members.texts('aud');
  const confirmation = claims.cnf === null ? 'unreadable' : readConfirmation(claims.cnf);
  // A binding that cannot be checked must not be ignored.
  if (confirmation === 'unreadable') return refused('cnf contains a binding that cannot be checked here');
  const problem = audienceProblem(audience, rules) ?? typeProblem(members, rules, confirmation);
  if (problem !== undefined) return refused(problem);
  const latest = nowSeconds + rules.clockSkewSeconds;
  for (const name of ['nbf', 'iat', 'auth_time']) {
    if ((members.seconds(name) ?? 0) > latest) return refused(`${name} is in the future`);
  }
  const expiresAt = members.seconds('exp') ?? nowSeconds + rules.lifetimeSeconds;
  if (expiresAt <= nowSeconds) return { status: 'expired' };
  members.text('jti');
  const clientId = members.text('client_id');
  const subject = members.text(rules.subject);
  if (subject === undefined && members.has('username')) {
    return refused(
      "there is a username but no sub; if user names are never reassigned there, set subject to 'username'",
    );
  }
  return {
    status: 'active',
    token: {
      // A token of an application alone has the client as its subject (RFC 9068 §5).
      subject: subject === clientId ? undefined : subject,
      clientId,
      scopes: members.scope('scope'),
      audience,
      issuedAtMilliseconds: (members.seconds('iat') ?? nowSeconds) * 1000,
      expiresAtMilliseconds: expiresAt * 1000,
      acr: members.text('acr'),
      authenticatedAtMilliseconds: milliseconds(members.seconds('auth_time')),
      amr: members.list('amr'),
      confirmation,
      claims,
    },
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

function refused(reason: string): AnswerVerdict {
  return { status: 'invalid', reason };
}

function audienceProblem(
  audience: readonly string[] | undefined,
  { audience: own, requireAudience }: AnswerRules,
): string | undefined {
  if (audience === undefined || audience.length === 0) {
    return own !== undefined && requireAudience ? 'aud is missing' : undefined;
  }
  // If this resource has no identifier, a token with an audience cannot be shown to be meant for it.
  if (own === undefined) return 'aud names a resource, but this one has no identifier: set resource';
  return audience.some((one) => own.includes(one)) ? undefined : 'aud does not name this resource';
}

/** A server may also answer for refresh tokens (RFC 7662 §2.1), which are not access tokens. */
function typeProblem(
  members: Members,
  { requireTokenType }: AnswerRules,
  confirmation: Confirmation | undefined,
): string | undefined {
  // Not standardized; Ory's servers distinguish their tokens by it.
  const use = members.text('token_use');
  if (use !== undefined && use !== 'access_token') return 'token_use is not access_token';
  const type = members.text('token_type')?.toLowerCase();
  if (type === undefined) {
    return requireTokenType
      ? 'token_type is missing; if the server answers only for access tokens, set requireTokenType to false'
      : undefined;
  }
  if (type === 'bearer') return undefined;
  if (type === 'dpop')
    return confirmation?.jkt === undefined ? 'token_type is DPoP, but cnf contains no key' : undefined;
  return 'token_type is neither Bearer nor DPoP';
}
