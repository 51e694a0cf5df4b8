import type { Context } from 'koa';
import type { Refusal } from './refusal.js';

/**
 * Makes Koa answer a refusal that reaches it with the same status, fields and JSON body as anywhere else. Koa's own
 * answer would be plain text, and 500 for an `HttpError` of routing-controllers.
 */
export function answerUncaught(context: Context, refusal: Refusal): void {
  const original = context.onerror;
  context.onerror = function onerror(this: Context, error: Error): void {
    const isIt = error === refusal.error || error === refusal.thrown;
    if (!isIt || this.headerSent || !this.writable) {
      original.call(this, error);
      return;
    }
    // As Koa does for every error; a refusal of this package is not an error of the application.
    if (refusal.isOfHost) this.app.emit('error', error, this);
    refusal.answer(this);
    const { body } = this;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.length = Buffer.byteLength(text);
    this.res.end(this.method === 'HEAD' ? undefined : text);
  };
}
