import type { AccessAlternative, FurtherRule } from '../resource-server/permissions/access-alternatives.js';
import type { AccessRule } from '../resource-server/permissions/access-rule.js';
import type { MethodAccess, PlanDescription } from '../routing-controllers/plan-description.js';
import type { NotExpressed } from './security.js';

/** What security objects do not say of a requirement, in words (CommonMark). */
export function requirementText(
  { objectPermissions }: PlanDescription,
  { alternatives = [] }: MethodAccess,
  notExpressed: readonly NotExpressed[],
): string | undefined {
  if (notExpressed.length === 0) return undefined;
  const entity = objectPermissions.map((name) => `\`${name}\` also decides about the entity, once it is loaded.`);
  if (notExpressed.includes('nobody')) return 'No caller is allowed.';
  const [only] = alternatives;
  if (alternatives.length === 1 && only !== undefined) return [`Needs ${alternativeText(only)}.`, ...entity].join(' ');
  const list = alternatives.map((one) => `- ${alternativeText(one)}`).join('\n');
  return [`One of these is needed:\n\n${list}`, ...entity].join('\n\n');
}

function alternativeText({ credentials, user, scopes, further }: AccessAlternative): string {
  const parts = [callerText(credentials, user, scopes), ...further.map(furtherText)].filter((one) => one !== '');
  return parts.length === 0 ? 'no credentials' : parts.join(', and ');
}

function callerText(credentials: AccessAlternative['credentials'], user: boolean, scopes: readonly string[]): string {
  const needed = scopes.length === 0 ? '' : ` with the scope${scopes.length === 1 ? '' : 's'} ${code(scopes)}`;
  switch (credentials) {
    case 'token':
      return user ? `a token${needed} that acts for a user, not for an application alone` : `a token${needed}`;
    case 'noToken':
      return 'a user who is signed in, without a token';
    case 'any':
      return user ? 'a user, not an application alone' : 'any credentials';
    case 'none':
      return '';
  }
}

function furtherText(rule: FurtherRule): string {
  switch (rule.kind) {
    case 'not':
      return `a caller to whom this does not apply: ${ruleText(rule.part)}`;
    case 'authenticationContext': {
      const { acr, maxAgeSeconds } = rule;
      const strong = acr === undefined ? '' : ` in the context ${acr.map((one) => `\`${one}\``).join(' or ')}`;
      const recent = maxAgeSeconds === undefined ? '' : ` at most ${maxAgeSeconds} s ago`;
      return `a user who was authenticated${strong}${recent} (otherwise 401 \`insufficient_user_authentication\`, RFC 9470)`;
    }
    case 'custom': {
      const reads =
        rule.scopes === undefined || rule.scopes.length === 0 ? '' : ` (it reads the scopes ${code(rule.scopes)})`;
      return rule.unknown === 'scopes'
        ? `the scopes that \`${rule.name}\` derives from the request${reads}`
        : `the approval of \`${rule.name}\`${reads}`;
    }
  }
}

/** A whole rule, for what stands inside of another. */
function ruleText(rule: AccessRule): string {
  switch (rule.kind) {
    case 'everybody':
    case 'nobody':
      return rule.kind;
    case 'authenticated':
      return callerText('any', false, []);
    case 'user':
      return callerText('any', true, []);
    case 'userWithoutToken':
      return callerText('noToken', true, []);
    case 'token':
      return callerText('token', false, rule.scopes);
    case 'allOf':
    case 'anyOf':
      return `(${rule.parts.map(ruleText).join(rule.kind === 'allOf' ? ' and ' : ' or ')})`;
    default:
      return furtherText(rule);
  }
}

function code(scopes: readonly string[]): string {
  return `\`${scopes.join(' ')}\``;
}
