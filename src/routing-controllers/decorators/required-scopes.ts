import type { ResourceOf, ScopeName } from '../../core/register.js';
import { type ClassOrMethodDecorator, declaring } from '../declarations.js';

/** A scope, or a resource that `TokenHasResourceScope` completes. */
type Required = ScopeName | ResourceOf<ScopeName>;

/**
 * The scopes of a class or method, as DRF's `required_scopes`: what the permissions of the action read. Those of class,
 * method and their ancestors add up. With no permission that reads them they are required as such (`TokenHasScope`);
 * without arguments, any valid token is enough.
 *
 * @param scopes scope names, or lists of them; without `Register` a string may hold several, separated by spaces
 * @returns the decorator, for a class or a method
 * @throws ConfigurationError on a static method or one that is named by a symbol; at start-up for what is no scope name
 *   (RFC 6749 §3.3), and for a scope that no option names
 *
 * @example
 * ```ts
 * import { Get, JsonController, Post } from 'routing-controllers';
 * import { RequiredScopes } from 'routing-controllers-oauth2';
 *
 * @RequiredScopes('music')
 * @JsonController('/songs')
 * export class SongController {
 *   @Get('/')
 *   list(): string[] {
 *     return [];
 *   }
 *
 *   @RequiredScopes('upload') // and "music"
 *   @Post('/')
 *   create(): void {}
 * }
 * ```
 */
export function RequiredScopes(...scopes: (Required | readonly Required[])[]): ClassOrMethodDecorator {
  const added = scopes.flat();
  return declaring((before) => ({ ...before, requiredScopes: [...added, ...(before.requiredScopes ?? [])] }));
}
