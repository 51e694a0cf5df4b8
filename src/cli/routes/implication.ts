import {
  type AccessAlternative,
  accessAlternatives,
  type FurtherRule,
} from '../../resource-server/permissions/access-alternatives.js';
import type { AccessRule } from '../../resource-server/permissions/access-rule.js';

type Of<Kind extends FurtherRule['kind']> = Extract<FurtherRule, { readonly kind: Kind }>;

/**
 * Whether whoever satisfies one alternative satisfies the other. `false` also where that is not known: what code of the host
 * decides is the same only by the name and the description of its class.
 */
export function implies(one: AccessAlternative, other: AccessAlternative): boolean {
  return (
    includesCredentials(other.credentials, one.credentials) &&
    (one.user || !other.user) &&
    other.scopes.every((scope) => one.scopes.includes(scope)) &&
    other.further.every((needed) => one.further.some((given) => impliesFurther(given, needed)))
  );
}

function includesCredentials(
  wider: AccessAlternative['credentials'],
  narrower: AccessAlternative['credentials'],
): boolean {
  return wider === narrower || wider === 'none' || (wider === 'any' && narrower !== 'none');
}

function impliesFurther(given: FurtherRule, needed: FurtherRule): boolean {
  if (given.kind === 'custom') return needed.kind === 'custom' && isSame(given, needed);
  if (given.kind === 'not') return needed.kind === 'not' && impliesNot(given, needed);
  return needed.kind === 'authenticationContext' && impliesContext(given, needed);
}

function impliesContext(given: Of<'authenticationContext'>, needed: Of<'authenticationContext'>): boolean {
  const isStrong = needed.acr === undefined || given.acr?.every((acr) => needed.acr?.includes(acr)) === true;
  const isRecent =
    (given.maxAgeSeconds ?? Number.POSITIVE_INFINITY) <= (needed.maxAgeSeconds ?? Number.POSITIVE_INFINITY);
  return isStrong && isRecent;
}

/** What code decides, or refuses by an error of its own, has no opposite that can be compared. */
function impliesNot(given: Of<'not'>, needed: Of<'not'>): boolean {
  if (isSame(given, needed)) return true;
  return isPlain(given.part) && isPlain(needed.part) && impliesRule(needed.part, given.part);
}

function impliesRule(one: AccessRule, other: AccessRule): boolean {
  const [given, needed] = [accessAlternatives(one), accessAlternatives(other)];
  if (given === undefined || needed === undefined) return false;
  return given.every((alternative) => needed.some((enough) => implies(alternative, enough)));
}

function isPlain(rule: AccessRule): boolean {
  if (rule.kind === 'allOf' || rule.kind === 'anyOf') return rule.parts.every(isPlain);
  if (rule.kind === 'not') return isPlain(rule.part);
  return rule.kind !== 'custom' && rule.kind !== 'authenticationContext';
}

/** Both were made by the same code, so that their members are in one order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
