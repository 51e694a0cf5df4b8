import type { UserStore } from '../core/users.js';

/**
 * The users of `testOAuth2` if the option `users` is not given: any objects. One whose `active` is `false` may not act.
 */
export class MemoryUsers implements UserStore<object> {
  private readonly users = new Map<string, object>();

  /** Adds a user, or replaces the one with the same id. */
  add(id: string, user: object): void {
    this.users.set(id, user);
  }

  findById(id: string): object | undefined {
    return this.users.get(id);
  }

  isActive(user: object): boolean {
    return (user as { readonly active?: unknown }).active !== false;
  }
}
