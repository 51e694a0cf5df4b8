import { setTimeout as pause } from 'node:timers/promises';
import { get } from '../asking.js';
import { REVOCATION_BOUND_MILLISECONDS } from '../protocol.js';
import type { ServerProcess } from '../server-process.js';
import type { Stand } from '../stand.js';

/** Tokens of which it is known what they are good for, made before a fault begins. */
export interface KnownTokens {
  /** For `read`. */
  readonly good: readonly string[];
  /** Revoked for longer than the bound, after every process had used them. */
  readonly revoked: readonly string[];
  readonly expired: readonly string[];
  /** Good, and about to expire at a time of the monotonic clock. */
  readonly expiring: readonly { readonly token: string; readonly at: number }[];
  /** Of users' sign-ins. */
  readonly refreshTokens: readonly string[];
  /** Each has a budget of its own, of which nothing is spent. */
  readonly budgets: readonly string[];
}

const BUDGETS = 16;
const FAMILIES = 2;

/** Makes them, at the last process, whose clock is never moved. */
export async function knownTokens(stand: Stand, expireAfterSeconds: readonly number[]): Promise<KnownTokens> {
  const issuing = stand.processes.at(-1) as ServerProcess;
  const issue = (options: { user?: string; lifetimeSeconds?: number } = {}) =>
    issuing.order('issue', { scope: 'read', ...options });
  const many = (count: number, options?: Parameters<typeof issue>[0]) =>
    Promise.all(Array.from({ length: count }, () => issue(options)));
  const good = [...(await many(4)), ...(await many(2, { user: 'alice' }))];
  const revoked = await many(3);
  for (const token of revoked) {
    for (const process of stand.processes) await get(process, '/read', token);
    await issuing.order('revoke', token);
  }
  await pause(REVOCATION_BOUND_MILLISECONDS);
  const refreshTokens: string[] = [];
  while (refreshTokens.length < FAMILIES) refreshTokens.push((await stand.tokens()).refreshToken);
  const expired = await many(2, { lifetimeSeconds: -10 });
  const budgets = await many(BUDGETS);
  const expiring = await Promise.all(
    expireAfterSeconds.map(async (lifetimeSeconds) => {
      const token = await issue({ lifetimeSeconds });
      return { token, at: performance.now() + lifetimeSeconds * 1_000 };
    }),
  );
  return { good, revoked, expired, expiring, refreshTokens, budgets };
}
