import { describeName, hostPath, refuseOption } from '../../core/options/index.js';
import { IDENTITY_SCOPES, type ScopeDescriptions } from '../../core/scopes.js';
import type { Settings } from './authorization-server-options.js';
import { pathOf } from './option-checks.js';

type ScopeSettings = Pick<Settings, 'defaultScopes' | 'limits' | 'resources' | 'claims'>;

/**
 * The names of the described scopes, after checking all options that name scopes against them.
 *
 * @throws ConfigurationError if there are no descriptions, or an option names a scope without one
 */
export function describedScopes(settings: ScopeSettings, scopes: ScopeDescriptions | undefined): readonly string[] {
  if (scopes === undefined) {
    const fix =
      'an authorization server needs it: it lists the scopes that can be granted, with descriptions for people';
    refuseOption('scopes', scopes, fix);
  }
  const described = Object.keys(scopes);
  const known = new Set([...IDENTITY_SCOPES, ...described]);
  const names = [...known].map((scope) => describeName(scope));
  for (const [name, list] of listsOf(settings)) {
    const index = list.findIndex((scope) => !known.has(scope));
    if (index < 0) continue;
    const fix = `describe it in the option scopes; there are ${names.join(', ')}`;
    refuseOption(pathOf(`${name}[${index}]`), list[index], fix, { near: names });
  }
  return described;
}

/** Every option that is a list of scopes, by its name. */
function listsOf({
  defaultScopes,
  limits,
  resources,
  claims,
}: ScopeSettings): (readonly [string, readonly string[]])[] {
  return [
    ['defaultScopes', defaultScopes],
    ['ownerScopes', limits.owner.scopes],
    ['dynamicRegistration.scopes', limits.registration.scopes],
    ['claims.scopes', claims?.own ?? []],
    ...[...resources].map(([name, { scopes }]) => [`${hostPath('resources', name)}.scopes`, scopes] as const),
  ];
}
