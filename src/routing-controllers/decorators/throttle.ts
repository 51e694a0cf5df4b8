import { type ClassOrMethodDecorator, declaring, type ThrottleDeclaration } from '../declarations.js';

/**
 * Throttles an action, or all actions of a class, by policies: names from `throttling.policies`, or inline policies.
 * Those of class, method and their ancestors add up. All of them are decided together, after authentication and
 * permission.
 *
 * @param policies names of declared policies, or policies (`{ name, rate }`)
 * @returns the decorator, for a class or a method
 * @throws ConfigurationError on a static method or one that is named by a symbol; at start-up for an unknown name or a
 *   wrong policy
 *
 * @example
 * ```ts
 * import { Authorized, JsonController, Post } from 'routing-controllers';
 * import { Throttle } from 'routing-controllers-oauth2';
 *
 * @JsonController()
 * export class UploadController {
 *   @Authorized('upload')
 *   @Throttle('uploads', { name: 'burst', rate: '5/s' }) // "uploads" is declared in throttling.policies
 *   @Post('/uploads')
 *   upload(): void {}
 * }
 * ```
 */
export function Throttle(...policies: [ThrottleDeclaration, ...ThrottleDeclaration[]]): ClassOrMethodDecorator {
  return declaring((before) => ({ ...before, throttles: [...policies, ...(before.throttles ?? [])] }));
}
