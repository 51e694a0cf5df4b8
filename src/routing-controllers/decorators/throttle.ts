import { type ClassOrMethodDecorator, declaring, type ThrottleDeclaration } from '../declarations.js';

/**
 * Throttles an action, or all actions of a class, by policies: names from `throttling.policies`, or policies written
 * here. Those of class, method and their ancestors add up. All of them are decided together, after authentication and permission.
 */
export function Throttle(...policies: [ThrottleDeclaration, ...ThrottleDeclaration[]]): ClassOrMethodDecorator {
  return declaring((before) => ({ ...before, throttles: [...policies, ...(before.throttles ?? [])] }));
}
