import { CurrentUser as PlainCurrentUser } from 'routing-controllers';
import type { RegisteredUser } from '../../core/register.js';

/** The type of a parameter of a method; `unknown` where it cannot be seen, as of a private method. */
type ParameterAt<Target, Method, Index> = Method extends keyof Target
  ? Target[Method] extends (...parameters: infer Parameters) => unknown
    ? Index extends keyof Parameters
      ? Parameters[Index]
      : unknown
    : unknown
  : unknown;

/** What an error of the compiler names where a parameter is declared with another type than what is injected into it. */
export interface DeclareParameterAs<Value> {
  /** The type that the parameter must accept. */
  readonly type: Value;
}

/** A decorator for a parameter that accepts a `Value`; where that is `unknown`, for every parameter. */
export type InjectingDecorator<Value> = <
  Target extends object,
  const Method extends string | symbol,
  const Index extends number,
>(
  target: Target,
  method: Method | undefined,
  index: [unknown] extends [Value]
    ? Index
    : [Value] extends [ParameterAt<Target, Method, Index>]
      ? Index
      : DeclareParameterAs<Value>,
) => void;

/**
 * Injects the host's user into a parameter, as `@CurrentUser()` of routing-controllers does, which goes on to work. With
 * `Register` the parameter has to be declared with its type, and with `undefined` unless a user is required: a token of an
 * application alone has none.
 *
 * @param options `required: true` refuses a request without a user with 403, and an anonymous one with 401
 * @returns the parameter decorator
 *
 * @example
 * ```ts
 * import { Get, JsonController } from 'routing-controllers';
 * import { Authorized, CurrentUser } from 'routing-controllers-oauth2';
 *
 * class User {
 *   name = '';
 * }
 *
 * @JsonController()
 * export class ProfileController {
 *   @Authorized('profile')
 *   @Get('/profile')
 *   show(@CurrentUser({ required: true }) user: User): object {
 *     return { name: user.name };
 *   }
 * }
 * ```
 */
export function CurrentUser(options: { readonly required: true }): InjectingDecorator<RegisteredUser>;
export function CurrentUser(options?: { readonly required?: boolean }): InjectingDecorator<RegisteredUser | undefined>;
export function CurrentUser(options: { readonly required?: boolean } = {}): InjectingDecorator<unknown> {
  const plain = PlainCurrentUser({ ...options });
  return (target, method, index) => plain(target, method as string, index);
}
