import { type ClassOrMethodDecorator, declaring } from '../declarations.js';

/**
 * The scopes of a class or method, as DRF's `required_scopes`: what the permissions of the action read. Those of class,
 * method and their ancestors add up. With no permission that reads them they are required as such (`TokenHasScope`); with no argument,
 * any valid token is enough.
 *
 * @param scopes scope names, each string one or several separated by spaces; a list works too
 */
export function RequiredScopes(...scopes: (string | readonly string[])[]): ClassOrMethodDecorator {
  const added = scopes.flat();
  return declaring((before) => ({ ...before, requiredScopes: [...added, ...(before.requiredScopes ?? [])] }));
}
