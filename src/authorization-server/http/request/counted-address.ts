import type { Context } from 'koa';
import { isForForeignPage } from '../../../core/foreign-page.js';

/**
 * The key under which a request is counted: its address, or a separate key for requests sent for pages of other
 * origins.
 */
export function countedAddress({ req }: Context, address: string, issuerOrigin: string): string {
  return isForForeignPage(req.headers, (origin) => origin === issuerOrigin) ? `pages:${address}` : address;
}
