import 'reflect-metadata';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { damaged, ofAnotherType, packed, text, type Written } from '../../support/bad-input/redis-values.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile } from '../../support/bad-input/texts.js';
import { newProofKey, type ProofKey, proofOf } from '../../support/dpop.js';
import { type FreshDatabase, freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is a signature, three requests and a few commands of Redis. */
const SHARE = 0.04;

const ORIGIN = 'https://api.example';
const observed = new Observed();
const keyPrefix = freshKeyPrefix();
let database: FreshDatabase;
let redis: Redis;
let key: ProofKey;
let token = '';
let secrets: Secrets;
/** Two processes with one Redis. */
let processes: readonly { readonly oauth2: OAuth2; readonly server: InMemoryServer }[] = [];

beforeAll(async () => {
  observed.start();
  [database, key] = await Promise.all([freshDatabase('sqlite'), newProofKey()]);
  redis = new Redis(redisUrl());
  const started = () => {
    const oauth2 = createOAuth2({
      ...{ database: database.url, redis: redisUrl(), keyPrefix, logger: observed.logger },
      scopes: { read: 'Read' },
      opaqueTokens: { unchecked: 'accept' },
      dpop: { publicUrl: ORIGIN },
      throttling: { failedAuthentication: null },
    });
    const koa = oauth2.createKoaServer({ controllers: [BookController] });
    koa.silent = true;
    return { oauth2, server: new InMemoryServer(koa.callback()) };
  };
  const first = started();
  await first.oauth2.migrate();
  const { application } = await first.oauth2.applications.create({
    ...{ name: 'Shop', grantTypes: ['client_credentials'] },
  });
  token = (await first.oauth2.tokens.issue({ application: application.clientId, scope: 'read' })).access_token;
  await first.oauth2.knex('oauth2_access_tokens').update({ payload: JSON.stringify({ jkt: key.jkt }) });
  secrets = new Secrets([token.slice(4)]);
  processes = [first, started()];
  for (const { oauth2 } of processes) await oauth2.ready();
});

afterAll(async () => {
  observed.stop();
  for (const { server, oauth2 } of processes) {
    server.close();
    await oauth2.close();
  }
  await removeKeys(redisUrl(), keyPrefix);
  redis.disconnect();
  await database.drop();
});

async function statusAt(process: number, proof: string): Promise<number> {
  const reply = await processes[process]?.server.send({
    requestLine: 'GET /books',
    fields: [`Authorization: DPoP ${token}`, `DPoP: ${proof}`],
  });
  secrets.expectNone(reply?.text ?? '', 'the answer');
  secrets.expectNone(observed.take(), 'the log');
  return reply?.status ?? 0;
}

const anything: fc.Arbitrary<Written> = fc.oneof(text(hostile), packed, damaged, ofAnotherType);

test('[TH-80] a proof that was used stays used in every process, whatever is written over that', async () => {
  const seen = { first: 0 };
  await forInputsAsync(
    fc.asyncProperty(anything, async ({ what, write }) => {
      const proof = await proofOf(key, { method: 'GET', url: `${ORIGIN}/books`, token });
      const first = await statusAt(0, proof);
      const [place, ...others] = await redis.keys(`${keyPrefix}dpop:*`);
      if (first !== 200 || place === undefined || others.length > 0) throw new Error(`${first} ${place} ${others}`);
      seen.first += 1;
      await write(redis, place);
      const again = [await statusAt(1, proof), await statusAt(0, proof), await statusAt(1, proof)];
      if (again.some((status) => status !== 401)) throw new Error(`${again} after ${what}`);
      await redis.del(place);
    }),
    SHARE,
  );
  expect([seen.first > 0, observed.uncaught]).toEqual([true, []]);
});
