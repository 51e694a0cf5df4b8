import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { bearer } from '../../../src/public/index.js';
import { GuardedBooks } from '../../support/bad-input/guarded-books.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);
const books = new GuardedBooks();
beforeAll(() => books.start({ authenticators: [bearer({ query: true, body: true })] }));
afterAll(() => books.close());

const token = fc.constant(null).map(() => books.good);
const name = fc.constantFrom(
  'access_token',
  'access_token',
  'access%5Ftoken',
  'access_token[]',
  'access_token[0]',
  'Access_Token',
  'x',
  '__proto__',
);
const pair = fc.oneof(
  { weight: 4, arbitrary: token.map((text) => `access_token=${text}`) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, nearly(token))
      .map(([one, text]) => `${one}=${encodeURIComponent(Buffer.from(text).toString())}`),
  },
  { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((parts) => parts.join('=')) },
);
const given: Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) => pairs.join('&')) },
  { weight: 2, arbitrary: nearly(token.map((text) => `access_token=${text}`)) },
  { weight: 1, arbitrary: hostile },
);

/** The tokens of a query or a form, read as the URL standard does; `undefined` where it has none or several. */
function presented(text: string): string | undefined {
  const all = new URLSearchParams(text).getAll('access_token');
  return all.length === 1 ? all[0] : undefined;
}

test('[RS-2 RS-4] only a query with the good token, and no other, is admitted; nothing fails, and no token is said', async () => {
  const seen = new Map<number, number>();
  await forInputsAsync(
    fc.asyncProperty(given, async (text) => {
      // What cannot stand in a request line does not come so far.
      const query = fieldBytes(text).replace(/[\0-\x20\x7f-\xff#]/g, '_');
      const { status, fields } = await books.send({ requestLine: `GET /books?${query}` });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status === 200 && presented(query) !== books.good) throw new Error(`Admitted: ${query}`);
      if (status === 200 && !/private/.test(fields('cache-control').join())) throw new Error('A cache may keep it.');
      if (query === `access_token=${books.good}` && status !== 200) throw new Error(`${status}`);
    }),
    0.5,
  );
  expect(books.observed.uncaught).toEqual([]);
  for (const status of [200, 400, 401]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
});

test('[RS-3] only a form with the good token, and no other, is admitted; nothing fails, and no token is said', async () => {
  const type = fc.constantFrom(
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'text/plain',
    'application/json',
    'application/x-www-form-urlencoded; charset=utf-7',
    'multipart/form-data; boundary=x',
    '',
  );
  const seen = new Map<number, number>();
  await forInputsAsync(
    fc.asyncProperty(given, type, async (text, contentType) => {
      const body = fieldBytes(text);
      const { status } = await books.send({
        requestLine: 'POST /books',
        fields: [`Content-Type: ${contentType}`, `Content-Length: ${body.length}`],
        body,
      });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status !== 200) return;
      // To the body parser of routing-controllers a byte order mark is not a part of the text.
      const form = Buffer.from(body, 'latin1')
        .toString()
        .replace(/^\ufeff/, '');
      if (presented(form) !== books.good || !contentType.includes('urlencoded')) {
        throw new Error(`Admitted: ${contentType}, ${body}`);
      }
    }),
    0.5,
  );
  expect(books.observed.uncaught).toEqual([]);
  for (const status of [200, 400, 401]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
});
