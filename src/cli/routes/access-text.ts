import type { ActionSummary } from '../../oauth2.js';
import type { AccessAlternative, FurtherRule } from '../../resource-server/permissions/access-alternatives.js';
import type { AccessRule } from '../../resource-server/permissions/access-rule.js';

type Access = ActionSummary['access'][number];

/** What requests need, in one line for each group of methods that need the same. */
export function accessText({ access, requirement, public: isPublic }: ActionSummary): string {
  if (isPublic || access.length === 0) return requirement;
  if (access.length === 1) return alternativesText(access[0] as Access);
  return access.map((one) => `${one.methods.join(', ')}: ${alternativesText(one)}`).join('\n');
}

function alternativesText({ alternatives, rule }: Pick<Access, 'alternatives' | 'rule'>): string {
  if (alternatives === undefined) return ruleText(rule);
  return alternatives.length === 0 ? 'nobody' : alternatives.map(alternativeText).join(' | ');
}

/** One way to be allowed: scopes by their names, then what else must hold. */
export function alternativeText({ credentials, user, scopes, further }: AccessAlternative): string {
  const parts = [...(scopes.length > 0 ? [scopes.join(' ')] : []), ...further.map(furtherText)];
  if (user) parts.unshift(credentials === 'noToken' ? 'a user without a token' : 'a user');
  else if (credentials === 'noToken') parts.unshift('no token');
  else if (credentials === 'token' && scopes.length === 0) parts.unshift('any token');
  else if (credentials === 'any') parts.unshift('any principal');
  if (user && credentials === 'token' && scopes.length === 0) parts.splice(1, 0, 'any token');
  return parts.length === 0 ? 'everybody' : parts.join(' and ');
}

function furtherText(rule: FurtherRule): string {
  if (rule.kind === 'not') return `not (${ruleText(rule.part)})`;
  if (rule.kind === 'custom') return rule.description ?? rule.name;
  const { acr, maxAgeSeconds } = rule;
  const asked = [
    ...(acr === undefined ? [] : [`acr ${acr.join(' or ')}`]),
    ...(maxAgeSeconds === undefined ? [] : [`at most ${maxAgeSeconds} s ago`]),
  ];
  return `authenticated by ${asked.join(', ')}`;
}

function ruleText(rule: AccessRule): string {
  switch (rule.kind) {
    case 'allOf':
    case 'anyOf':
      return rule.parts.map((part) => `(${ruleText(part)})`).join(rule.kind === 'allOf' ? ' and ' : ' or ');
    case 'token':
      return rule.scopes.length === 0 ? 'any token' : rule.scopes.join(' ');
    case 'authenticated':
      return 'any principal';
    case 'user':
      return 'a user';
    case 'userWithoutToken':
      return 'a user without a token';
    case 'everybody':
    case 'nobody':
      return rule.kind;
    default:
      return furtherText(rule);
  }
}
