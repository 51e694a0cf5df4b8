import 'reflect-metadata';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);
const observed = new Observed();
/** What listeners were told since the last input. */
const events: string[] = [];
let oauth2: OAuth2;
let server: InMemoryServer;
let good: string;
let narrow: string;
let secrets: Secrets;

beforeAll(async () => {
  observed.start();
  oauth2 = createOAuth2({
    database: ':memory:',
    scopes: { read: 'Read', write: 'Write' },
    logger: observed.logger,
    throttling: { failedAuthentication: null },
  });
  await oauth2.migrate();
  const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
  const issue = async (scope: 'read' | 'write') =>
    (await oauth2.tokens.issue({ application: application.clientId, scope })).access_token;
  good = await issue('read');
  narrow = await issue('write');
  // The prefix of all tokens is no secret.
  secrets = new Secrets([good.slice(4), narrow.slice(4)]);
  const koa = oauth2.createKoaServer({ controllers: [BookController] });
  koa.silent = true;
  server = new InMemoryServer(koa.callback());
  for (const name of ['access.granted', 'access.refused', 'token.verified'] as const) {
    oauth2.events.on(name, (event: object) => void events.push(inspect(event, { depth: 5 })));
  }
});

afterAll(async () => {
  observed.stop();
  server.close();
  await oauth2.close();
});

const token = () => fc.constantFrom(good, narrow, `${'A'.repeat(40)}.e30.e30`);
const scheme = fc.constantFrom(
  'Bearer ',
  'bearer  ',
  'DPoP ',
  'Basic ',
  'Bearer',
  'Bearer\t',
  ' Bearer ',
  'Bearer Bearer ',
  '',
);

/** The values of one or more fields. */
const values = () => {
  const one = fc.oneof(
    { weight: 4, arbitrary: nearly(fc.tuple(scheme, token()).map((parts) => parts.join(''))) },
    { weight: 4, arbitrary: fc.tuple(scheme, nearly(token())).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: hostile },
  );
  return fc.oneof({ weight: 6, arbitrary: fc.tuple(one) }, { weight: 1, arbitrary: fc.array(one, { maxLength: 3 }) });
};

/** Written once more and otherwise: exactly one field, the scheme in any case, spaces, the token; white space around. */
const isGood = (fields: readonly string[]) => {
  const [only = '', ...more] = fields;
  const [name = '', ...rest] = only.replace(/^[ \t]+|[ \t]+$/g, '').split(/ +/);
  return more.length === 0 && name.toLowerCase() === 'bearer' && rest.length === 1 && rest[0] === good;
};

test('[RS-1] only the good token is admitted, whatever is written in the field; nothing fails, and no token is said', async () => {
  const seen = new Map<number, number>();
  await forInputsAsync(
    fc.asyncProperty(values(), async (given) => {
      const fields = given.map(fieldBytes);
      const {
        status,
        text,
        fields: of,
      } = await server.send({
        requestLine: 'GET /books',
        fields: fields.map((value) => `Authorization: ${value}`),
      });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if ((status === 200) !== isGood(fields)) throw new Error(`${status} for ${JSON.stringify(fields)}`);
      if (status !== 200 && ![400, 401, 403, 431].includes(status)) throw new Error(`${status}: ${text}`);
      secrets.expectNone(text + of('www-authenticate').join('\n'), 'the answer');
      secrets.expectNone(observed.take(), 'the log');
      secrets.expectNone(events.splice(0).join('\n'), 'an event');
    }),
  );
  expect(observed.uncaught).toEqual([]);
  // Each of them came, so that nothing is proven by refusing everything, or by a parser that lets nothing through.
  for (const status of [200, 400, 401, 403]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
});
