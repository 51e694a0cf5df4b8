import type { Context } from 'koa';
import type { OAuth2Error } from '../core/errors.js';

/**
 * Makes Koa answer this error, if it reaches Koa, with the status, the fields and the JSON body that
 * routing-controllers' default error handler gives it. Koa's own answer would be plain text.
 */
export function answerUncaught(context: Context, refusal: OAuth2Error): void {
  const original = context.onerror;
  context.onerror = function onerror(this: Context, error: Error): void {
    if (error !== refusal || this.headerSent || !this.writable) {
      original.call(this, error);
      return;
    }
    this.body = refusal.toJSON();
    this.status = refusal.status;
    const text = JSON.stringify(this.body);
    this.length = Buffer.byteLength(text);
    this.res.end(this.method === 'HEAD' ? undefined : text);
  };
}
