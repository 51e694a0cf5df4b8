import type { IdentityScope, ResourceOf } from '../core/register.js';
import { hasScopes, type ScopeHolder, scopeTableOption } from '../core/scopes.js';
import { allOf, anyOf, not } from '../resource-server/permissions/composition.js';
import type { AuthorizedExpression, PermissionExpression } from '../resource-server/permissions/expression.js';
import type { Permission } from '../resource-server/permissions/permission.js';
import type { ClassOrMethodDecorator } from './declarations.js';
import { Authorized } from './decorators/authorized.js';
import { RequiredScopes } from './decorators/required-scopes.js';

/** Decorators and permissions that take these scopes, and no others. */
export interface DefinedScopes<Names extends string> {
  /** What was given, for the option `scopes`. */
  readonly scopes: Readonly<Record<Names, string>>;
  /** `Authorized`, for these scopes. */
  readonly Authorized: (requirement?: AuthorizedExpression<Names | IdentityScope>) => ClassOrMethodDecorator;
  /** `RequiredScopes`, for these scopes, and the resources in their names. */
  readonly RequiredScopes: (
    ...scopes: (RequiredScope<Names> | readonly RequiredScope<Names>[])[]
  ) => ClassOrMethodDecorator;
  /** `hasScopes`, for these scopes. */
  readonly hasScopes: (holder: ScopeHolder, names: readonly (Names | IdentityScope)[]) => boolean;
  /** `allOf`, for these scopes. */
  readonly allOf: (...parts: Parts<Names>) => Permission;
  /** `anyOf`, for these scopes. */
  readonly anyOf: (...parts: Parts<Names>) => Permission;
  /** `not`, for these scopes. */
  readonly not: (part: PermissionExpression<Names | IdentityScope>) => Permission;
}

type RequiredScope<Names extends string> = Names | IdentityScope | ResourceOf<Names>;
type Parts<Names extends string> = [
  PermissionExpression<Names | IdentityScope>,
  ...PermissionExpression<Names | IdentityScope>[],
];

/**
 * Names the scopes of a module, and gives what takes only them, so that a misspelt one does not compile. It is the local form of
 * `Register`, for a program in which several applications have scopes of their own.
 *
 * @param scopes the names with their descriptions, as the option `scopes` takes them
 * @returns the table, and the decorators and permissions for it, which may be taken apart
 * @throws ConfigurationError if one of them is no scope name (RFC 6749 §3.3)
 *
 * @example
 * ```ts
 * import { Get, JsonController } from 'routing-controllers';
 * import { createOAuth2, defineScopes } from 'routing-controllers-oauth2';
 *
 * const { Authorized, scopes } = defineScopes({ 'books:read': 'See books', 'books:write': 'Change books' });
 *
 * @JsonController('/books')
 * export class BookController {
 *   @Authorized('books:read') // 'books:raed' does not compile
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 * }
 *
 * export const oauth2 = createOAuth2({ database: 'sqlite:.data/shop.sqlite', scopes });
 * ```
 */
export function defineScopes<const Table extends Readonly<Record<string, string>>>(
  scopes: Table,
): DefinedScopes<Extract<keyof Table, string>> {
  scopeTableOption('defineScopes(...)', scopes);
  const untyped = { scopes, Authorized, RequiredScopes, hasScopes, allOf, anyOf, not };
  return Object.freeze(untyped) as unknown as DefinedScopes<Extract<keyof Table, string>>;
}
