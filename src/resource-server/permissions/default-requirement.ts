import { refuseOption } from '../../core/options/index.js';
import { type PermissionExpression, toPermissions } from './expression.js';
import type { Permission } from './permission.js';

/** What may stand in `@Authorized(...)`: a scope, a permission, or a list of them and of alternatives of scopes. */
export type DefaultRequirement = PermissionExpression | readonly (PermissionExpression | readonly string[])[];

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
