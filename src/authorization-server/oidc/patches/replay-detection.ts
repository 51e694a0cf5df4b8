import type { Provider } from 'oidc-provider';
import type { StorageAdapters } from '../adapter/storage-adapters.js';
import { errors } from '../oidc-provider.js';
import { requireMethods } from './require-methods.js';

/** So much may the time of a proof be ahead, and one for the second that has begun; it counts for longer by that. */
const AHEAD_SECONDS = 301;

/**
 * Lets an identifier of a proof or an assertion be new exactly once, however many requests present it at one time.
 *
 * Patched: `ReplayDetection.unique`, which looks first and writes then, so that two requests with one proof may both pass.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9449/dpop.test.ts`, `test/integration/authorization-server/atomicity/exchange.test.ts`
 */
export function storeFirstUses(
  { ReplayDetection }: Provider,
  storage: Pick<StorageAdapters, 'isFirstUse' | 'exchanges'>,
): void {
  requireMethods(ReplayDetection, 'ReplayDetection', ['unique']);
  Object.assign(ReplayDetection, {
    async unique(issuedBy: string, id: string, expiresAtSeconds: number): Promise<boolean> {
      const isFirst = await storage.isFirstUse(issuedBy, id, expiresAtSeconds + AHEAD_SECONDS);
      // Client assertions were looked at before: within an exchange it can only be a proof of possession (RFC 9449
      // §5), for which oidc-provider would blame the grant.
      if (isFirst || storage.exchanges.get() === undefined) return isFirst;
      throw new errors.InvalidDpopProof('the proof was used before');
    },
  });
}
