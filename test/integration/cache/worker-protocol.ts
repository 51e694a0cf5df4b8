import type { ClusterNode, RedisOptions } from 'ioredis';
import type { Invalidation } from '../../../src/resource-server/cache/index.js';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';

/** What all workers authenticate their entries and messages with. */
export const AUTHENTICATOR = new MessageAuthenticator('database', [Buffer.alloc(32, 7)]);

/** What a worker is started with; JSON. */
export interface WorkerSettings {
  readonly redis:
    | { readonly url: string }
    | { readonly options: RedisOptions }
    | { readonly clusterNodes: readonly ClusterNode[] };
  readonly keyPrefix: string;
  readonly policy?: string;
  readonly revocationBoundSeconds: number;
  readonly maxAgeSeconds?: number;
  readonly negativeMaxAgeSeconds?: number;
  /** Default 1000, so that a busy machine does not make the tests go past Redis. */
  readonly deadlineMilliseconds?: number;
  /** Drops what libraries write to the console. */
  readonly quiet?: boolean;
}

/** A token as the pretended database has it. */
export interface TokenRow {
  readonly key: string;
  readonly userId?: string;
  readonly clientId?: string;
  readonly expiresAtMilliseconds: number;
}

/** Where an answer came from. */
export type Source = 'memory' | 'redis' | 'database';

export interface Answer {
  readonly status: 'active' | 'expired' | 'invalid';
  readonly source: Source;
  /** The id of the user that came with the answer. */
  readonly userId?: string;
}

/** What the test calls in a worker. */
export interface WorkerCalls {
  ask(key: string): Answer;
  /** The name of the error that it failed with, or `undefined`. */
  invalidate(invalidation: Invalidation, keys: readonly string[]): string | undefined;
  forgetMiss(key: string): void;
  /** While the gate is closed for a key, a look-up of it that has read the database waits before it answers. */
  closeGate(key: string): void;
  openGate(): void;
  /** How many look-ups wait at the gate. */
  waiting(): number;
  close(): void;
}

/** What a worker asks the test, which is its database. */
export interface DatabaseCalls {
  readToken(key: string): TokenRow | null;
  readUser(userId: string): { readonly id: string } | null;
}

export interface Call {
  readonly call: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}

export interface Reply {
  readonly reply: number;
  readonly result?: unknown;
  readonly error?: string;
}
