import { getMetadataArgsStorage } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import type { InlinePolicy } from '../throttling/index.js';
import { responseHandlersMetadata } from './fast/metadata-index.js';

/** A policy by its name in the options, or one that is written where it is used. */
export type ThrottleDeclaration = string | InlinePolicy;

/** What this package's decorators declare on one class, or on one method of it. */
export interface Declarations {
  /** `@RequiredScopes`, unchecked. */
  readonly requiredScopes?: readonly unknown[];
  /** `@Throttle`. */
  readonly throttles?: readonly ThrottleDeclaration[];
  /** `@Public`. */
  readonly isPublic?: boolean;
}

/**
 * Stands among the roles that routing-controllers hands to an authorization checker, and tells the checker which
 * class and method they belong to: without it a checker sees the values of `@Authorized` and nothing else.
 */
export class DeclarationMark {
  constructor(
    readonly controller: Function,
    readonly method: string | undefined,
    /** Whether it was added to an `@Authorized(...)` that stood there, or stands for none. */
    readonly joined: boolean,
  ) {}
}

const NONE: Declarations = Object.freeze({});
const declarations = new WeakMap<Function, Map<string | undefined, Declarations>>();

/** What stands on the class itself (`method` undefined) or on its own method, without what is inherited. */
export function ownDeclarations(controller: Function, method: string | undefined): Declarations {
  return declarations.get(controller)?.get(method) ?? NONE;
}

/** A decorator for a class or a method, as legacy decorators are called. */
export type ClassOrMethodDecorator = (target: object, method?: string | symbol) => void;

/** Makes a decorator that adds to the declarations of a class or method. */
export function declaring(change: (before: Declarations) => Declarations): ClassOrMethodDecorator {
  return (target, method) => {
    if (typeof target === 'function' && method !== undefined) {
      throw new ConfigurationError(
        `${target.name}.${String(method)}: decorators of actions do nothing on a static method, which no route leads to.`,
      );
    }
    const controller = method === undefined ? (target as Function) : target.constructor;
    if (typeof method === 'symbol') {
      throw new ConfigurationError(
        `${controller.name}.${String(method)}: decorators cannot be told of a method that is named by a symbol; name it by a string.`,
      );
    }
    const name = method;
    let ofClass = declarations.get(controller);
    if (ofClass === undefined) {
      ofClass = new Map();
      declarations.set(controller, ofClass);
    }
    ofClass.set(name, change(ofClass.get(name) ?? NONE));
    mark(controller, name);
  };
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
 * The values of the `@Authorized(...)` that stand on the class itself or on its own method, one entry for each, in the
 * order of the source. More than one is a mistake: routing-controllers uses the lowest and drops the others.
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
