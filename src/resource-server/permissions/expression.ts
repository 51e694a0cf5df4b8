import { refuseOption } from '../../core/options/index.js';
import type { ScopeName } from '../../core/register.js';
import { declaredScopes } from '../../core/scopes.js';
import { isPermission, isPermissionClass, type Permission, type PermissionLike } from './permission.js';
import { RequiresScopes } from './requirement.js';

/** One part of a requirement: a scope, or several in a string without `Register`, or a permission. */
export type PermissionExpression<Scope extends string = ScopeName> = Scope | PermissionLike;

/** What may stand in `@Authorized(...)`: a scope, a permission, or a list of them and of alternatives of scopes. */
export type AuthorizedExpression<Scope extends string = ScopeName> =
  | PermissionExpression<Scope>
  | readonly (PermissionExpression<Scope> | readonly Scope[])[];

/**
 * Reads one part of a requirement.
 *
 * @throws ConfigurationError if it is neither scopes nor a permission
 */
export function toPermission(part: unknown, where: string): Permission {
  if (typeof part === 'string') return new RequiresScopes([declaredScopes([part], where)]);
  if (isPermission(part)) return part;
  if (isPermissionClass(part)) return new part();
  const isRoleChecker = typeof part === 'function' && typeof part.prototype?.check === 'function';
  const role = isRoleChecker ? ' (routing-controllers never calls the check() of a role checker there)' : '';
  refuseOption(where, part, `it is neither a scope nor a permission, an object or class with hasPermission${role}`);
}

/**
 * Reads what stands in one `@Authorized(...)`: strings are scopes and all of them are required; each array inside is
 * one alternative, of which one must be satisfied; an object or class is a permission.
 *
 * @throws ConfigurationError if something else stands there
 */
export function toPermissions(value: unknown, where: string): Permission[] {
  const parts: unknown[] = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const scopes = parts.filter((part) => typeof part === 'string');
  const alternatives = parts.filter((part) => Array.isArray(part)) as unknown[][];
  const rest = parts.filter((part) => typeof part !== 'string' && !Array.isArray(part));
  const permissions: Permission[] = [];
  if (scopes.length > 0) permissions.push(new RequiresScopes([declaredScopes(scopes, where)]));
  if (alternatives.length > 0)
    permissions.push(new RequiresScopes(alternatives.map((scope) => alternative(scope, where))));
  return [...permissions, ...rest.map((part) => toPermission(part, where))];
}

function alternative(scopes: unknown[], where: string): readonly string[] {
  if (scopes.length === 0) refuseOption(where, scopes, 'an empty array would let every token in; name its scopes');
  return declaredScopes(scopes, where);
}
