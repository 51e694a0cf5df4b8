import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import { Authorized, Body, Get, JsonController, NotFoundError, Post, useKoaServer } from 'routing-controllers';
import {
  Access,
  type AccessRefusedEvent,
  bearer,
  CurrentToken,
  IsAuthenticated,
  type OAuth2,
  type Permission,
  Public,
  type RequestAccess,
  session,
  TemporarilyUnavailableError,
  Throttle,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Objects implements Permission {
  hasPermission(): boolean {
    return true;
  }
  hasObjectPermission(): boolean {
    return false;
  }
}

class Throws implements Permission {
  constructor(private readonly makeError: (access: RequestAccess) => Error) {}
  hasPermission(access: RequestAccess): boolean {
    throw this.makeError(access);
  }
}

/** A part of the host that repeats all it was given. */
function talkative({ context }: RequestAccess): Error {
  const { access_token } = (context.request as { body?: { access_token?: string } }).body ?? {};
  const urls = [context.url, context.href, context.URL.href, context.request.originalUrl, context.state.before];
  return new Error(`Asked with ${context.get('Authorization')} and ${urls.join(' and ')} and ${access_token}.`);
}

@JsonController('/events')
class Told {
  @Authorized(['a', 'b'])
  @Get('/scoped/:id')
  scoped() {}

  @Authorized(IsAuthenticated)
  @Get('/user')
  user() {}

  @Authorized(Objects)
  @Get('/object')
  async object(@Access() access: RequestAccess) {
    await access.checkObject({}).catch(() => undefined);
    await access.checkObject({});
  }

  @Authorized('a')
  @Throttle('never')
  @Get('/throttled')
  throttled() {}

  @Public()
  @Throttle('never')
  @Get('/throttled-public')
  throttledPublic() {}

  @Authorized(new Throws(() => new NotFoundError('Nothing here.')))
  @Get('/hidden')
  hidden() {}

  @Authorized(new Throws(() => new TemporarilyUnavailableError({})))
  @Get('/away')
  away() {}

  @Authorized(new Throws(talkative))
  @Get('/fault')
  fault() {}

  @Authorized(new Throws(talkative))
  @Post('/fault')
  faultByForm(@Body() _body: unknown) {}

  @Authorized('a')
  @Post('/write')
  write() {}

  @Public()
  @Get('/token')
  token(@CurrentToken({ required: true }) _token: unknown) {}

  @Public()
  @Get('/open')
  open(@CurrentToken() _token: unknown) {
    return { open: true };
  }
}

const clock = {
  offsetMilliseconds: 0,
  nowMilliseconds: () => Date.now() + clock.offsetMilliseconds,
  monotonicMilliseconds: () => performance.now() + clock.offsetMilliseconds,
};

describe.each(['our entry', 'checkers'])('each refusal of a guard is told to who listens, in %s', (entry) => {
  let oauth2: OAuth2;
  let served: Served;
  let issue: (scope: string, user?: string) => Promise<string>;
  let clientId: string;
  const events: AccessRefusedEvent[] = [];
  const log: string[] = [];

  beforeAll(async () => {
    const write = (message: string) => void log.push(message);
    const made = await testOAuth2({
      clock,
      authenticators: [session(), bearer({ query: true, body: true })],
      throttling: { policies: { never: { rate: '0/m', subject: () => 'x' } }, failedAuthentication: '20/m' },
      logger: { info: write, warn: write, error: write },
    });
    ({ oauth2, issue } = made);
    ({ clientId } = made.application);
    oauth2.events.on('access.refused', () => {
      throw new Error('This listener fails.');
    });
    oauth2.events.on('access.refused', () => new Promise(() => undefined));
    oauth2.events.on('access.refused', (event) => events.push(event));
    const koa = new Koa();
    koa.silent = true;
    koa.use((context: Context, next) => {
      context.state.before = [context.url, context.query.access_token, context.get('Cookie')].join(' and ');
      const user = context.cookies.get('user');
      if (user !== undefined) Object.assign(context, { session: { userId: user, csrfToken: 'secret' } });
      return next();
    });
    const options = { controllers: [Told], routePrefix: '/api' };
    if (entry === 'our entry') oauth2.useKoaServer(koa, options);
    else useKoaServer(koa, { ...options, ...oauth2.routingControllers() });
    served = await serve(koa);
  });
  beforeEach(() => {
    events.length = 0;
    log.length = 0;
    clock.offsetMilliseconds += 120_000;
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });

  async function ask(path: string, init: RequestInit = {}): Promise<AccessRefusedEvent | undefined> {
    events.length = 0;
    const { status } = await served.get(`/api/events${path}`, init);
    for (let tries = 0; events.length === 0 && tries < 20; tries += 1) await new Promise(setImmediate);
    const event = events.at(-1);
    if (event !== undefined) expect(event.status).toBe(status);
    return event;
  }

  const by = async (scope: string, user?: string): Promise<RequestInit> => ({
    headers: bearerHeader(await issue(scope, user)),
  });

  test('no credentials: where, and from which address', async () => {
    expect(await ask('/scoped/7?page=1')).toEqual({
      reason: 'no_credentials',
      status: 401,
      error: 'authentication_required',
      action: { controller: 'Told', method: 'scoped', verb: 'GET', path: '/api/events/scoped/:id' },
      requestMethod: 'GET',
      address: 'ip:127.0.0.1',
      userId: undefined,
      clientId: undefined,
      requiredScopes: undefined,
      providedScopes: undefined,
      permission: 'RequiresScopes',
      retryAfterSeconds: undefined,
    });
  });

  test.each([
    ['an unknown token', 'invalid_token', async () => bearerHeader('unknown-token-of-nobody')],
    ['a malformed token', 'invalid_token', async () => bearerHeader('a b')],
    [
      'an expired token',
      'expired_token',
      async () => {
        const headers = bearerHeader(await issue('a b'));
        clock.offsetMilliseconds += 7_200_000;
        return headers;
      },
    ],
    ['a session of nobody', 'invalid_session', async () => ({ cookie: 'user=nobody' })],
    ['a session of a disabled user', 'invalid_session', async () => ({ cookie: 'user=carol' })],
  ])('%s: %s', async (_name, reason, headers) => {
    expect(await ask('/scoped/7', { headers: await headers() })).toMatchObject({ reason, status: 401 });
  });

  test('a scope is missing: who, what they have, and what is needed', async () => {
    expect(await ask('/scoped/7', await by('a', 'alice'))).toMatchObject({
      reason: 'insufficient_scope',
      status: 403,
      error: 'insufficient_scope',
      userId: 'alice',
      clientId,
      requiredScopes: ['a', 'b'],
      providedScopes: ['a'],
      permission: 'RequiresScopes',
    });
  });

  test('a permission says no, to a request and to an entity', async () => {
    const permission = { reason: 'permission', permission: 'IsAuthenticated', clientId, userId: undefined };
    expect(await ask('/user', await by('a'))).toMatchObject(permission);
    const object = { reason: 'object_permission', permission: 'Objects', userId: 'alice', status: 403 };
    expect(await ask('/object', await by('a', 'alice'))).toMatchObject(object);
    // Also the one that the action has caught.
    expect(events).toHaveLength(2);
  });

  test('a throttle, also of a public action', async () => {
    const event = { reason: 'throttled', status: 429, userId: 'alice', clientId, retryAfterSeconds: 60 };
    expect(await ask('/throttled', await by('a', 'alice'))).toMatchObject(event);
    expect(await ask('/throttled-public', await by('a', 'alice'))).toMatchObject(event);
  });

  test('the budget of failed authentications', async () => {
    const headers = bearerHeader('another-unknown-token');
    for (let count = 0; count < 20; count += 1) await ask('/user', { headers });
    expect(await ask('/user', { headers })).toMatchObject({ reason: 'failure_budget', status: 429, userId: undefined });
  });

  test('a session without its CSRF token: whose it is', async () => {
    const event = await ask('/write', { method: 'POST', headers: { cookie: 'user=alice' } });
    expect(event).toMatchObject({ reason: 'csrf', status: 403, userId: 'alice', action: { method: 'write' } });
  });

  test('something that is unavailable, an HttpError, a fault, a request that is none', async () => {
    const init = await by('a', 'alice');
    expect(await ask('/away', init)).toMatchObject({ reason: 'unavailable', status: 503, userId: 'alice' });
    expect(await ask('/hidden', init)).toMatchObject({ reason: 'http_error', status: 404, error: 'NotFoundError' });
    expect(await ask('/fault', init)).toMatchObject({ reason: 'fault', status: 500, error: 'server_error' });
    expect(await ask('/user?x=%zz', init)).toMatchObject({ reason: 'invalid_request', status: 400 });
    expect(await ask('/token')).toMatchObject({ reason: 'no_credentials', action: { method: 'token' } });
    expect(await ask('/user', { ...init, method: 'HEAD' })).toBeUndefined();
  });

  test('what is allowed is not told, nor an invalid token of which a public action makes an anonymous caller', async () => {
    expect(await ask('/user', await by('a', 'alice'))).toBeUndefined();
    expect(await ask('/open', { headers: bearerHeader('unknown-token-of-nobody') })).toBeUndefined();
  });

  test('[AS-37] a presented token stands in no event and in no line of the log', async () => {
    for (const token of [await issue('x', 'alice'), 'unknown-token-of-nobody', `${await issue('x')}x`]) {
      const form = { method: 'POST', body: new URLSearchParams({ access_token: token }) };
      const all: AccessRefusedEvent[] = [];
      for (const path of ['/scoped/7', '/user', '/fault', '/object', '/throttled', '/hidden', '/away']) {
        for (const init of [{ headers: bearerHeader(token) }, {}]) {
          clock.offsetMilliseconds += 60_000;
          await ask(`${path}${'headers' in init ? '' : `?access_token=${token}`}`, init);
          all.push(...events);
        }
      }
      clock.offsetMilliseconds += 60_000;
      await ask('/fault', form);
      all.push(...events);
      expect(all.length).toBeGreaterThan(10);
      expect(log.length).toBeGreaterThan(0);
      expect(JSON.stringify([all, log])).not.toContain(token);
    }
  });

  test('[AS-37] nor does a session, nor a token that was percent-encoded or taken out of the URL before', async () => {
    const token = await issue('x', 'alice');
    const encoded = Buffer.from(token).toString('hex').replace(/../g, (byte) => `%${byte}`); // biome-ignore format: one idea
    for (const written of [token, encoded]) {
      clock.offsetMilliseconds += 60_000;
      log.length = 0;
      await ask(`/fault?access_token=${written}&page=2`);
      expect(log.join()).toContain('&page=2');
      expect(log.join()).not.toContain(token);
      expect(log.join()).not.toContain(encoded);
    }
    const session = 's%3AsessionOfAlice.4f5a6b7c8d';
    clock.offsetMilliseconds += 60_000;
    log.length = 0;
    await ask('/fault', { headers: { ...bearerHeader(await issue('x', 'alice')), cookie: `a=1; sid="${session}"` } });
    expect(log.join()).toContain('Asked with');
    expect(log.join()).not.toContain(session);
  });

  test('a listener that fails is logged, and that it is slow is not waited for', async () => {
    await ask('/scoped/7');
    expect(log).toContainEqual(
      expect.stringMatching(/^A listener of the event access.refused failed: Error: This listener fails\.\n/),
    );
  });
});

test('where nobody listens no event is made', async () => {
  const { oauth2 } = await testOAuth2({ throttling: { policies: { never: '0/m' } } });
  const one = await serve(oauth2.createKoaServer({ controllers: [Told] }).on('error', () => undefined));
  const stop = oauth2.events.on('access.refused', () => undefined);
  expect(oauth2.events.topics['access.refused'].isHeard).toBe(true);
  stop();
  expect(oauth2.events.topics['access.refused'].isHeard).toBe(false);
  expect((await one.get('/events/user')).status).toBe(401);
  await one.close();
  await oauth2.close();
});
