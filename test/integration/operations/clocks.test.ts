import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, Controller, Get } from 'routing-controllers';
import { sha256 } from '../../../src/core/digest.js';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';
import { databaseKinds, type FreshDatabase, freshDatabase, freshKeyPrefix, redisUrl } from '../../support/services.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');

/** The time of a machine that nobody keeps. */
const fiveMinutesBehind = {
  nowMilliseconds: () => Date.now() - 300_000,
  monotonicMilliseconds: () => performance.now(),
};

@Controller()
class Books {
  @Authorized('read')
  @Get('/books')
  list() {
    return [];
  }
}

describe.each(servers)('a process whose clock is five minutes behind that of %s', (kind) => {
  let database: FreshDatabase;
  let owner: OAuth2;
  let clientId: string;
  const opened: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    database = await freshDatabase(kind);
    owner = createOAuth2({ database: database.url, logger: silentLogger });
    await owner.migrate();
    const { application } = await owner.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    clientId = application.clientId;
  });

  afterAll(async () => {
    for (const close of opened.splice(0).reverse()) await close();
    await owner.close();
    await database.drop();
  });

  async function processBehind(options: Partial<OAuth2Options> = {}): Promise<Served> {
    const oauth2 = createOAuth2({
      database: database.url,
      logger: silentLogger,
      clock: fiveMinutesBehind,
      ...options,
    });
    opened.push(() => oauth2.close());
    await oauth2.ready();
    const koa = new Koa();
    koa.silent = true;
    const served = await serve(oauth2.useKoaServer(koa, { controllers: [Books] }));
    opened.push(() => served.close());
    return served;
  }

  const issue = (lifetimeSeconds: number) =>
    owner.tokens.issue({ application: clientId, scope: 'read', lifetimeSeconds });
  const ask = (served: Served, token: string) =>
    served.get('/books', { headers: { authorization: `Bearer ${token}` } });

  test("refuses a token that has expired by the database's time", async () => {
    const { access_token: expired } = await issue(3_600);
    const { access_token: good } = await issue(3_600);
    await owner
      .knex('oauth2_access_tokens')
      .where('token_hash', sha256(expired))
      .update({ expires_at_ms: Date.now() - 1_000 });
    const served = await processBehind();
    const answer = await ask(served, expired);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: 'invalid_token' });
    expect((await ask(served, good)).status).toBe(200);
  });

  test("forgets one that it holds when it has expired by the database's time", async () => {
    // The level in Redis would let it be held for a minute.
    const served = await processBehind({
      redis: redisUrl(),
      keyPrefix: freshKeyPrefix(),
      cache: { maxAgeSeconds: 60 },
    });
    const { access_token: first } = await issue(3_600);
    expect((await ask(served, first)).status).toBe(200);
    const { access_token: token } = await issue(3);
    expect((await ask(served, token)).status).toBe(200);
    const begin = performance.now();
    let status = 200;
    while (status === 200 && performance.now() - begin < 40_000) {
      await sleep(100);
      status = (await ask(served, token)).status;
    }
    expect(status).toBe(401);
  }, 60_000);
});
