import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createParamDecorator, Get, JsonController } from 'routing-controllers';
import { Authorized } from '../../../../src/public/index.js';
import { type Listening, listen } from '../../../support/routing-controllers/answers.js';
import { testOAuth2 } from '../../../support/routing-controllers/oauth2.js';

describe('what an action enters with AsyncLocalStorage.enterWith', () => {
  const store = new AsyncLocalStorage<string>();
  const Entering = createParamDecorator({ value: () => store.enterWith('by a parameter') }) as ParameterDecorator;

  @Authorized('a')
  @JsonController()
  class Stored {
    @Get('/at-once')
    atOnce() {
      store.enterWith('at once');
      return { store: store.getStore() };
    }

    @Get('/later')
    async later() {
      store.enterWith('later');
      await Promise.resolve();
      return { store: store.getStore() };
    }

    @Get('/by-parameter')
    byParameter(@Entering _entered: unknown) {
      return { store: store.getStore() };
    }

    @Get('/read')
    read() {
      return { store: store.getStore() ?? null };
    }
  }

  let made: Awaited<ReturnType<typeof testOAuth2>>;
  let listening: Listening;
  let headers: Record<string, string>;

  beforeAll(async () => {
    made = await testOAuth2();
    listening = await listen(made.oauth2.createKoaServer({ controllers: [Stored] }));
    headers = { authorization: `Bearer ${await made.issue('a')}` };
  });

  afterAll(async () => {
    await listening.close();
    await made.oauth2.close();
  });

  // The client has one connection, as a proxy may have one for all of its callers.
  test.each([
    ['/at-once', 'at once'],
    ['/later', 'later'],
  ])('at %s is not there for the next request of the connection', async (path, entered) => {
    const bodies: unknown[] = [];
    for (const asked of [path, '/read', path, '/read']) {
      bodies.push(JSON.parse((await listening.ask('GET', asked, headers)).body));
    }
    expect(bodies).toEqual([{ store: entered }, { store: null }, { store: entered }, { store: null }]);
  });

  test('in a parameter is not there either', async () => {
    await listening.ask('GET', '/by-parameter', headers);
    expect((await listening.ask('GET', '/read', headers)).body).toBe('{"store":null}');
  });
});
