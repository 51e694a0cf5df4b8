import { getMetadataArgsStorage } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import type { InlinePolicy } from '../throttling/index.js';
import { responseHandlersMetadata } from './fast/metadata-index.js';

/** A policy by its name in the options, or an inline policy. */
export type ThrottleDeclaration = string | InlinePolicy;

/** The declarations of this package's decorators on one class, or on one of its methods. */
export interface Declarations {
  /** `@RequiredScopes`, unchecked. */
  readonly requiredScopes?: readonly unknown[];
  /** `@Throttle`. */
  readonly throttles?: readonly ThrottleDeclaration[];
  /** `@Public`. */
  readonly isPublic?: boolean;
}

/**
 * An entry among the roles that routing-controllers passes to an authorization checker. It identifies the class and
 * method that they belong to; without it, a checker sees nothing but the values of `@Authorized`.
 */
export class DeclarationMark {
  constructor(
    readonly controller: Function,
    readonly method: string | undefined,
    /** Whether it was added to an existing `@Authorized(...)`, rather than to one that was created for it. */
    readonly joined: boolean,
  ) {}
}

const NONE: Declarations = Object.freeze({});
const declarations = new WeakMap<Function, Map<string | undefined, Declarations>>();

/** The declarations on the class itself (`method` undefined) or on its own method, without inherited ones. */
export function ownDeclarations(controller: Function, method: string | undefined): Declarations {
  return declarations.get(controller)?.get(method) ?? NONE;
}

/** A decorator for a class or a method (legacy decorators). */
export type ClassOrMethodDecorator = (target: object, method?: string | symbol) => void;

/** Creates a decorator that adds to the declarations of a class or method. */
export function declaring(change: (before: Declarations) => Declarations): ClassOrMethodDecorator {
  return (target, method) => {
    const { controller, name } = decorated(target, method);
    let ofClass = declarations.get(controller);
    if (ofClass === undefined) {
      ofClass = new Map();
      declarations.set(controller, ofClass);
    }
    ofClass.set(name, change(ofClass.get(name) ?? NONE));
    mark(controller, name);
  };
}

/**
 * The class and the method that a decorator stands on.
 *
 * @throws ConfigurationError if no action can be there
 */
export function decorated(
  target: object,
  method: string | symbol | undefined,
): { readonly controller: Function; readonly name: string | undefined } {
  if (typeof target === 'function' && method !== undefined) {
    throw new ConfigurationError(
      `${target.name}.${String(method)}: decorators of actions have no effect on a static method, because no route leads to it.`,
    );
  }
  const controller = method === undefined ? (target as Function) : target.constructor;
  if (typeof method === 'symbol') {
    throw new ConfigurationError(
      `${controller.name}.${String(method)}: methods named by a symbol are not supported; name the method by a string.`,
    );
  }
  return { controller, name: method };
}

/** Makes routing-controllers call the authorization checker for this class or method, with the mark among the roles. */
function mark(controller: Function, method: string | undefined): void {
  const storage = getMetadataArgsStorage();
  const present = responseHandlersMetadata.of(controller, method).find(({ type }) => type === 'authorized');
  if (present === undefined) {
    const value = [new DeclarationMark(controller, method, false)];
    storage.responseHandlers.push({ type: 'authorized', target: controller, method: method as string, value });
    return;
  }
  const roles: unknown[] = present.value === undefined ? [] : [present.value].flat();
  if (roles.some((role) => role instanceof DeclarationMark)) return;
  present.value = [...roles, new DeclarationMark(controller, method, true)];
}

/**
 * Whether a decorator of this package leads a checker to what is declared: on the method to all its declarations, on the class
 * (`method` undefined) to its own.
 */
export function isMarked(controller: Function, method: string | undefined): boolean {
  return declarations.get(controller)?.has(method) === true;
}

/**
 * The values of each `@Authorized(...)` on the class itself or on its own method, in source order. More than one is a
 * mistake: routing-controllers uses the lowest and drops the others.
 */
export function ownAuthorized(controller: Function, method: string | undefined): unknown[][] {
  const values: unknown[][] = [];
  for (const handler of responseHandlersMetadata.of(controller, method)) {
    if (handler.type !== 'authorized') continue;
    const roles: unknown[] = handler.value === undefined ? [] : [handler.value].flat();
    if (roles.some((role) => role instanceof DeclarationMark && !role.joined)) continue;
    values.unshift(roles.filter((role) => !(role instanceof DeclarationMark)));
  }
  return values;
}

/** The class and its ancestors, nearest first. */
export function classChain(controller: Function): Function[] {
  const chain: Function[] = [];
  for (
    let one: unknown = controller;
    typeof one === 'function' && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    chain.push(one);
  }
  return chain;
}
