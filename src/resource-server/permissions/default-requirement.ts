import { refuseOption } from '../../core/options/index.js';
import { type AuthorizedExpression, toPermissions } from './expression.js';
import type { Permission } from './permission.js';

/** What the option `defaultRequirement` takes: what may stand in `@Authorized(...)`. */
export type DefaultRequirement = AuthorizedExpression;

/**
 * The permissions of the option `defaultRequirement`.
 *
 * @throws ConfigurationError if it is neither scopes nor a permission, or requires nothing
 */
export function readDefaultRequirement(path: string, value: unknown): readonly Permission[] {
  const permissions = toPermissions(value, path);
  if (permissions.length === 0) {
    refuseOption(path, value, 'name scopes or permissions, e.g. IsAuthenticated; AllowAny lets everybody in');
  }
  return permissions;
}
