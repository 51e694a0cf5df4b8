import { type ClassOrMethodDecorator, declaring } from '../declarations.js';

/**
 * Opens an action, or all actions of a class, to everybody. Credentials are read only if the action asks for the user
 * or the token; invalid ones then make an anonymous caller rather than a refusal. On a method it lifts what its class
 * and the ancestors of that class require, but not what a subclass requires. If another class or method of the chain
 * guards the action at the same level, that is an error at start-up.
 *
 * @returns the decorator, for a class or a method
 * @throws ConfigurationError on a static method or one that is named by a symbol; at start-up where it contradicts a
 *   requirement
 *
 * @example
 * ```ts
 * import { Authorized, Get, JsonController } from 'routing-controllers';
 * import { Public } from 'routing-controllers-oauth2';
 *
 * @Authorized('books')
 * @JsonController('/books')
 * export class BookController {
 *   @Public()
 *   @Get('/')
 *   list(): string[] {
 *     return ['Emma'];
 *   }
 * }
 * ```
 */
export function Public(): ClassOrMethodDecorator {
  return declaring((before) => ({ ...before, isPublic: true }));
}
