import type { Provider } from 'oidc-provider';
import type { StorageAdapters } from '../adapter/storage-adapters.js';
import { errors } from '../oidc-provider.js';
import { requireMethods } from './require-methods.js';

/** A proof may be this far ahead, plus one second for the current one; it is remembered for that much longer. */
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
      // Client assertions were checked before: within an exchange it can only be a proof of possession (RFC 9449 §5),
      // for which oidc-provider would report the wrong error.
      if (isFirst || storage.exchanges.get() === undefined) return isFirst;
      throw new errors.InvalidDpopProof('the proof was used before');
    },
  });
}
