import type { Clock } from '../../../src/core/clock.js';
import { sha256Key } from '../../../src/core/digest.js';
import { type SerializableToken, type Verification, verifiedToken } from '../../../src/core/verified-token.js';

/** A clock that stands still until it is moved. */
export class VirtualClock implements Clock {
  #wall = 1_700_000_000_000;
  #monotonic = 5_000;

  nowMilliseconds(): number {
    return this.#wall;
  }

  monotonicMilliseconds(): number {
    return this.#monotonic;
  }

  advance(milliseconds: number): void {
    this.#wall += milliseconds;
    this.#monotonic += milliseconds;
  }

  /** Moves the wall clock alone, as a correction or a suspended machine does. */
  moveWall(milliseconds: number): void {
    this.#wall += milliseconds;
  }
}

export const KEY = sha256Key('a token');

/** A good token; it ends an hour after the virtual clock's start. */
export function active(changes: Partial<SerializableToken> = {}): Verification & { status: 'active' } {
  const token = verifiedToken({
    key: KEY,
    id: 1,
    clientId: 'shop',
    applicationName: 'The shop',
    userId: 'alice',
    scopes: ['read'],
    audience: undefined,
    issuedAtMilliseconds: 1_700_000_000_000,
    expiresAtMilliseconds: 1_700_003_600_000,
    ...changes,
  });
  return { status: 'active', token, user: { id: token.userId } };
}

/** A look-up that answers when it is told to, and counts how often it was asked. */
export function heldLookUp() {
  const open: { resolve(answer: Verification): void; reject(error: Error): void }[] = [];
  return {
    count: 0,
    lookUp(): Promise<Verification> {
      this.count += 1;
      return new Promise((resolve, reject) => open.push({ resolve, reject }));
    },
    /** Answers the look-up that has waited longest. */
    answer(verification: Verification): void {
      open.shift()?.resolve(verification);
    },
    fail(error: Error): void {
      open.shift()?.reject(error);
    },
  };
}

/** Lets everything that is due happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
