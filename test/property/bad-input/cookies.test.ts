import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import session from 'koa-session';
import { bearer, session as sessions } from '../../../src/public/index.js';
import { GuardedBooks } from '../../support/bad-input/guarded-books.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);
const books = new GuardedBooks();
/** The cookies of a browser in which alice is signed in: what koa-session set, with its signature. */
let cookies = '';

beforeAll(async () => {
  await books.start({ authenticators: [bearer(), sessions()] }, (koa) => {
    koa.keys = [randomBytes(16).toString('hex')];
    koa.use(session(koa));
    koa.use(async (context, next) => {
      if (context.path !== '/enter') return next();
      Object.assign(context.session ?? {}, { userId: 'alice' });
      context.body = '';
    });
  });
  const entered = await books.send({ requestLine: 'GET /enter' });
  cookies = entered
    .fields('set-cookie')
    .map((line) => line.split(';', 1)[0])
    .join('; ');
});
afterAll(() => books.close());

const good = fc.constant(null).map(() => cookies);
const forged = fc
  .oneof(hostile, fc.jsonValue())
  .map((value) => Buffer.from(JSON.stringify({ userId: value })).toString('base64'));
const given = fc.oneof(
  { weight: 1, arbitrary: good },
  { weight: 6, arbitrary: nearly(good) },
  { weight: 2, arbitrary: fc.tuple(forged, good).map(([value, rest]) => rest.replace(/^[^;]*/, `koa.sess=${value}`)) },
  { weight: 1, arbitrary: hostile },
);

/** A user is known by the session, and lacks nothing but a token with the scope: 403; nobody is 401. */
test('[RS-5] only the cookie that was set, with its signature, is somebody; nothing fails', async () => {
  const seen = new Map<number, number>();
  const [value = '', signature = ''] = cookies.split('; ');
  await forInputsAsync(
    fc.asyncProperty(given, async (text) => {
      const field = fieldBytes(text);
      const { status } = await books.send({ requestLine: 'GET /books', fields: [`Cookie: ${field}`] });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status === 200) throw new Error(`Admitted: ${field}`);
      const isKept = field.includes(value) && field.includes(signature);
      if (status === 403 && !isKept) throw new Error(`Somebody: ${field}`);
      if (field === cookies && status !== 403) throw new Error(`Nobody: ${status}`);
    }),
  );
  expect(books.observed.uncaught).toEqual([]);
  for (const status of [401, 403]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
});
