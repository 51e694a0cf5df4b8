import { ownClientIdOf, type VerifiedToken } from '../../core/verified-token.js';
import type { Invalidation } from './token-cache.js';

/** Counts how often each name was added. */
class Counts {
  private readonly counts = new Map<string, number>();

  has(name: string | undefined): boolean {
    return name !== undefined && this.counts.has(name);
  }

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  remove(name: string): void {
    const left = (this.counts.get(name) ?? 1) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
  }
}

/** What is being invalidated: tokens, users, applications, or everything. */
export class SuspendedNames {
  private readonly keys = new Counts();
  private readonly users = new Counts();
  private readonly applications = new Counts();
  private everything = 0;

  /** Whether the token, or everything, is being invalidated. */
  hasKey(key: string): boolean {
    return this.everything > 0 || this.keys.has(key);
  }

  /** Whether the user or the application of a token, the token or everything is being invalidated. */
  hasOwnerOf(token: VerifiedToken): boolean {
    return this.hasKey(token.key) || this.users.has(token.userId) || this.applications.has(ownClientIdOf(token));
  }

  /** Adds what an invalidation covers; the returned function removes it again. */
  add(invalidation: Invalidation, keys: readonly string[]): () => void {
    this.change(invalidation, keys, 1);
    return () => this.change(invalidation, keys, -1);
  }

  private change(invalidation: Invalidation, keys: readonly string[], by: 1 | -1): void {
    const verb = by === 1 ? 'add' : 'remove';
    for (const key of keys) this.keys[verb](key);
    switch (invalidation.kind) {
      case 'token':
        break;
      case 'user':
        this.users[verb](invalidation.userId);
        break;
      case 'application':
        this.applications[verb](invalidation.clientId);
        break;
      case 'everything':
        this.everything += by;
    }
  }
}
