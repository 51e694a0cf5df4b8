import { ConfigurationError } from '../core/errors.js';
import { isSafeMethod } from '../core/methods.js';
import type { AccessAlternative } from '../resource-server/permissions/access-alternatives.js';
import type { MethodAccess, PlanDescription } from '../routing-controllers/plan-description.js';
import type { CredentialSchemes, SecuritySchemes } from './security-schemes.js';

/** A Security Requirement Object: schemes that are all needed, each with scopes that are all needed. */
export type RequirementObject = { [scheme: string]: readonly string[] };

/** What of a requirement security objects do not express. */
export type NotExpressed = 'user' | 'not' | 'authenticationContext' | 'custom' | 'entity' | 'nobody' | 'credentials';

/** The security of an operation. */
export interface OperationSecurity {
  /** The alternatives; none for a public action. */
  readonly security: readonly RequirementObject[];
  /** What else is needed, in a fixed order; empty if `security` says everything. */
  readonly notExpressed: readonly NotExpressed[];
}

const ORDER: readonly NotExpressed[] = [
  'user',
  'not',
  'authenticationContext',
  'custom',
  'entity',
  'nobody',
  'credentials',
];

/**
 * The security of requests with one method.
 *
 * @param method upper case
 * @param where the action, for messages
 * @throws ConfigurationError if there are more than 64 alternatives
 */
export function securityOf(
  { isPublic, objectPermissions }: PlanDescription,
  { alternatives }: MethodAccess,
  method: string,
  schemes: SecuritySchemes,
  where: string,
): OperationSecurity {
  if (isPublic) return { security: [], notExpressed: [] };
  if (alternatives === undefined) {
    throw new ConfigurationError(
      `${where}: its requirement has more than 64 alternatives, which no document can list; simplify it.`,
    );
  }
  const notExpressed = new Set<NotExpressed>(objectPermissions.length > 0 ? ['entity'] : []);
  const listed = new Map<string, RequirementObject>();
  const list = (object: RequirementObject) => listed.set(JSON.stringify(object), object);
  for (const alternative of alternatives) {
    for (const { kind } of alternative.further) notExpressed.add(kind);
    for (const [entry, scopes] of credentialsFor(alternative, schemes)) {
      if (alternative.user && !entry.isUser) notExpressed.add('user');
      const beside = isSafeMethod(method) ? entry.beside : [...entry.beside, ...entry.besideUnsafe];
      list({ [entry.name]: scopes, ...Object.fromEntries(beside.map((name) => [name, []])) });
    }
    if (schemes.hasUnknown && (alternative.credentials === 'any' || alternative.credentials === 'noToken')) {
      notExpressed.add('credentials');
    }
    if (isOpen(alternative)) list({});
  }
  if (listed.size === 0) {
    // An empty list would say that everybody may.
    notExpressed.add(alternatives.length === 0 ? 'nobody' : 'credentials');
    for (const { name } of [...schemes.tokens, ...schemes.others]) list({ [name]: [] });
  }
  return { security: [...listed.values()], notExpressed: ORDER.filter((one) => notExpressed.has(one)) };
}

/** Whether callers without credentials are allowed, as far as is known; a permission of the host's own rarely allows them. */
function isOpen({ credentials, further }: AccessAlternative): boolean {
  return credentials === 'none' && !further.some(({ kind }) => kind === 'custom');
}

function credentialsFor(
  alternative: AccessAlternative,
  { tokens, others }: SecuritySchemes,
): readonly (readonly [CredentialSchemes, readonly string[]])[] {
  const { credentials, scopes } = alternative;
  const byToken = tokens.map((one) => [one, scopes] as const);
  const otherwise = others.map((one) => [one, []] as const);
  switch (credentials) {
    case 'token':
      return byToken;
    case 'noToken':
      return otherwise;
    case 'any':
      return [...byToken, ...otherwise];
    case 'none':
      return isOpen(alternative) ? [] : [...byToken, ...otherwise];
  }
}
