import type { AccessRule } from './access-rule.js';

/** Parts of a rule that neither scopes nor the kind of credentials express. */
export type FurtherRule = Extract<AccessRule, Readonly<Record<'kind', 'not' | 'custom' | 'authenticationContext'>>>;

/** One way to be allowed: all of it must hold. */
export interface AccessAlternative {
  /**
   * The credentials that are asked for: none (those that are sent must be valid), any, an access token, or any but an access
   * token.
   */
  readonly credentials: 'none' | 'any' | 'token' | 'noToken';
  /** Whether the caller must be a user, rather than an application alone. */
  readonly user: boolean;
  /** The scopes that the token must have, in the order in which they are declared. */
  readonly scopes: readonly string[];
  /** What must hold beside. */
  readonly further: readonly FurtherRule[];
}

/** More alternatives would help no reader of a document. */
export const MOST_ALTERNATIVES = 64;

/**
 * A rule as a list of alternatives (its disjunctive normal form), each of which is enough. One that asks for more than another
 * is left out. An empty list: nobody is allowed.
 *
 * @returns `undefined` if there are more than 64 of them, also on the way
 */
export function accessAlternatives(rule: AccessRule): readonly AccessAlternative[] | undefined {
  switch (rule.kind) {
    case 'everybody':
      return [ANYBODY];
    case 'nobody':
      return [];
    case 'authenticated':
      return [{ ...ANYBODY, credentials: 'any' }];
    case 'user':
      return [{ ...ANYBODY, credentials: 'any', user: true }];
    case 'userWithoutToken':
      return [{ ...ANYBODY, credentials: 'noToken', user: true }];
    case 'token':
      return [{ ...ANYBODY, credentials: 'token', scopes: rule.scopes }];
    case 'anyOf':
      return ofParts(rule.parts, [], (all, part) => [...all, ...part]);
    case 'allOf':
      return ofParts(rule.parts, [ANYBODY], (all, part) =>
        all.flatMap((one) => part.flatMap((other) => both(one, other))),
      );
    default:
      return [{ ...ANYBODY, further: [rule] }];
  }
}

const ANYBODY: AccessAlternative = Object.freeze({ credentials: 'none', user: false, scopes: [], further: [] });

type Alternatives = readonly AccessAlternative[];

function ofParts(
  parts: readonly AccessRule[],
  start: Alternatives,
  join: (all: Alternatives, part: Alternatives) => Alternatives,
): Alternatives | undefined {
  let all = start;
  for (const part of parts) {
    const alternatives = accessAlternatives(part);
    if (alternatives === undefined) return undefined;
    all = withoutNarrower(join(all, alternatives));
    if (all.length > MOST_ALTERNATIVES) return undefined;
  }
  return all;
}

/** What both ask for, as a list of one; empty if nobody can have both. */
function both(one: AccessAlternative, other: AccessAlternative): Alternatives {
  const credentials = bothCredentials(one.credentials, other.credentials);
  if (credentials === undefined) return [];
  return [
    {
      credentials,
      user: one.user || other.user,
      scopes: [...new Set([...one.scopes, ...other.scopes])],
      further: [...new Set([...one.further, ...other.further])],
    },
  ];
}

type Credentials = AccessAlternative['credentials'];

function bothCredentials(one: Credentials, other: Credentials): Credentials | undefined {
  if (includes(one, other)) return other;
  return includes(other, one) ? one : undefined;
}

/** Whether everybody with the narrower kind of credentials also has the wider. */
function includes(wider: Credentials, narrower: Credentials): boolean {
  return wider === narrower || wider === 'none' || (wider === 'any' && narrower !== 'none');
}

function withoutNarrower(all: Alternatives): Alternatives {
  return all.filter(
    (one, index) =>
      !all.some((other, at) => at !== index && isWithin(one, other) && (at < index || !isWithin(other, one))),
  );
}

/** Whether whoever satisfies one alternative also satisfies the other. */
function isWithin(one: AccessAlternative, other: AccessAlternative): boolean {
  return (
    includes(other.credentials, one.credentials) &&
    (one.user || !other.user) &&
    other.scopes.every((scope) => one.scopes.includes(scope)) &&
    other.further.every((rule) => one.further.includes(rule))
  );
}
