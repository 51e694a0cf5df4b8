import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Get, HttpError, JsonController } from 'routing-controllers';
import { AccessDeniedError } from '../../../src/core/errors.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import type { Refusals } from '../../../src/routing-controllers/request-refusals.js';
import { type GuardParts, guardOf } from '../../support/guard/guard.js';
import { served } from '../../support/guard/serving.js';

@JsonController('/never')
class Never {
  @Public()
  @Get('/')
  get() {}
}

/** An application with middleware that prepares an error and throws it, or another one; what Koa is told of. */
function throwing(prepared: Error, thrown: (error: Error) => unknown = (error) => error, parts: GuardParts = {}) {
  const told: unknown[] = [];
  const koa = new Koa().on('error', (error) => told.push(error));
  koa.use((context) => {
    const { refusals }: { refusals: Refusals } = guardOf(parts);
    const error = refusals.throwable(context, refusals.of(context, prepared));
    if (context.path === '/sent') {
      context.respond = false;
      context.res.end('Sent already.');
    }
    throw thrown(error);
  });
  return { ask: served([Never], { koa }).ask, told };
}

const denied = new AccessDeniedError('Not you.');
const DENIED = '{"error":"access_denied","error_description":"Not you."}';
const payment = Object.assign(new HttpError(402, 'Pay first.'), { headers: { 'X-Price': '5' } });

describe('a refusal that nobody catches', () => {
  test('has its response', async () => {
    const { ask, told } = throwing(denied);
    const answer = await ask('/books');
    expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([403, DENIED, 'no-store']);
    expect(answer.headers['content-length']).toBe(DENIED.length);
    expect(told).toEqual([]);
  });

  test('has a body of the host as it is, if that is a text', async () => {
    const answer = await throwing(denied, undefined, { errorBody: ({ message }) => `Nö: ${message}` }).ask('/books');
    expect([answer.text, answer.headers['content-length']]).toEqual(['Nö: Not you.', 13]);
  });

  test('has no body for HEAD', async () => {
    const answer = await throwing(denied).ask('/books', { method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([403, '', DENIED.length]);
  });

  test('is told to the application, as Koa does, if it is an error of the host', async () => {
    const { ask, told } = throwing(payment);
    const answer = await ask('/books');
    expect([answer.status, answer.headers['x-price'], told]).toEqual([402, '5', [payment]]);
    expect(JSON.parse(answer.text)).toEqual({ name: 'Error', message: 'Pay first.' });
  });

  test('may be thrown as it was, or as what it was made into', async () => {
    const fault = new TypeError('SELECT password');
    for (const thrown of [(error: Error) => error, () => fault]) {
      const answer = await throwing(fault, thrown).ask('/books');
      expect([answer.status, JSON.parse(answer.text).error]).toEqual([500, 'server_error']);
    }
  });
});

describe('Koa answers itself', () => {
  test('for another error', async () => {
    const other = new Error('Another.');
    const { ask, told } = throwing(denied, () => other);
    const answer = await ask('/books');
    expect([answer.status, answer.text, told]).toEqual([500, 'Internal Server Error', [other]]);
  });

  test('for a response that was sent already', async () => {
    const { ask, told } = throwing(denied);
    expect((await ask('/sent')).text).toContain('Sent already.');
    expect(told).toEqual([denied]);
  });
});
