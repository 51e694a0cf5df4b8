/**
 * Lets the methods of a class be called without their object, as functions of hosts do that take it apart:
 * `({ hasScopes }) => hasScopes(['books'])`. Each method becomes a getter of the method bound to its object.
 *
 * @param except names of methods that are called only on their object
 */
export function makeDetachable(prototype: object, except: readonly string[] = []): void {
  for (const [name, { value, enumerable = false }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || name === 'constructor' || except.includes(name)) continue;
    const get = function get(this: object) {
      return value.bind(this);
    };
    Object.defineProperty(prototype, name, { get, enumerable, configurable: true });
  }
}
