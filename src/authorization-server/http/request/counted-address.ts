import type { Context } from 'koa';
import { isForForeignPage } from '../../../core/foreign-page.js';

/** What a request counts under: its address, or another key for what a page of another origin had sent from there. */
export function countedAddress({ req }: Context, address: string, issuerOrigin: string): string {
  return isForForeignPage(req.headers, (origin) => origin === issuerOrigin) ? `pages:${address}` : address;
}
