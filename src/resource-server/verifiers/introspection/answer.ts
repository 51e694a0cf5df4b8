import { type Confirmation, readConfirmation } from '../../../core/confirmation.js';
import { MemberError, Members } from './members.js';

/** What an answer is held against. */
export interface AnswerRules {
  /** What `iss` must be where the answer names one; `undefined`: it is not looked at. */
  readonly issuer: string | undefined;
  /** This resource's identifiers; an answer that names others, and none of these, is refused. */
  readonly audience: readonly string[] | undefined;
  /** Whether an answer without `aud` is refused where there is an `audience`. */
  readonly requireAudience: boolean;
  /** The member that names the user. */
  readonly subject: 'sub' | 'username';
  /** Whether an answer without `token_type` is refused. It may be about a refresh token. */
  readonly requireTokenType: boolean;
  /** By how much the clocks may differ where a time must not be in the future. */
  readonly clockSkewSeconds: number;
  /** How long a token counts of which the answer does not say when it ends. */
  readonly lifetimeSeconds: number;
}

/** What an answer says of an active token. */
export interface AnsweredToken {
  /** `undefined`: the token acts for its application alone. */
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
  /** Every member of the answer. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What follows from an answer. */
export type AnswerVerdict =
  | { readonly status: 'active'; readonly token: AnsweredToken }
  | { readonly status: 'expired' }
  /** `reason`: why a token is refused that the server calls active. */
  | { readonly status: 'invalid'; readonly reason?: string }
  /** It is no answer, so that nothing is known of the token. */
  | { readonly status: 'unreadable'; readonly reason: string };

/**
 * Judges the answer of an introspection endpoint (RFC 7662 §2.2). A token counts only if the answer says so by the
 * boolean `true`, and if nothing else in the answer speaks against it.
 */
export function judgeAnswer(answer: unknown, rules: AnswerRules, nowMilliseconds: number): AnswerVerdict {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    return { status: 'unreadable', reason: 'it is no JSON object' };
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
  if (issuer !== undefined && rules.issuer !== undefined && issuer !== rules.issuer) {
    return refused('iss is another issuer');
  }
  const audience = members.texts('aud');
  const confirmation = claims.cnf === null ? 'unreadable' : readConfirmation(claims.cnf);
  // A binding that is not checked is none.
  if (confirmation === 'unreadable') return refused('cnf names what cannot be checked here');
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
    return refused("there is a username and no sub; if users keep their names there, set subject to 'username'");
  }
  return {
    status: 'active',
    token: {
      // A token of an application alone has it as its subject too (RFC 9068 §5).
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
    return own !== undefined && requireAudience ? 'there is no aud' : undefined;
  }
  // Without a name of our own, a token that names its audience cannot be shown to be meant for us.
  if (own === undefined) return 'aud names a resource, and this one has no name: set resource';
  return audience.some((one) => own.includes(one)) ? undefined : 'aud does not name this resource';
}

/** A server may answer for refresh tokens too (RFC 7662 §2.1), which are no access tokens. */
function typeProblem(
  members: Members,
  { requireTokenType }: AnswerRules,
  confirmation: Confirmation | undefined,
): string | undefined {
  // Not standardized; servers of Ory tell their tokens apart by it.
  const use = members.text('token_use');
  if (use !== undefined && use !== 'access_token') return 'token_use is not access_token';
  const type = members.text('token_type')?.toLowerCase();
  if (type === undefined) {
    return requireTokenType
      ? 'there is no token_type; if the server answers for access tokens only, set requireTokenType to false'
      : undefined;
  }
  if (type === 'bearer') return undefined;
  if (type === 'dpop') return confirmation?.jkt === undefined ? 'token_type is DPoP, and no key is named' : undefined;
  return 'token_type is neither Bearer nor DPoP';
}
