import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa, { type Middleware } from 'koa';
import { Authorized, Get, JsonController, useKoaServer } from 'routing-controllers';
import { InvalidTokenError, type OAuth2, OAuth2Error, ThrottledError } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

@JsonController()
class Guarded {
  @Authorized('a')
  @Get('/guarded')
  guarded() {
    return {};
  }
}

/** Throws before any controller, as a middleware of the host does that verifies tokens by itself. */
const throwing: Middleware = (context, next) => {
  if (context.path === '/thrown') throw new InvalidTokenError();
  if (context.path === '/rethrown') context.throw(new ThrottledError(7));
  return next();
};

/** An error handler of the host's own, in front of everything. */
function handler(oauth2: OAuth2): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof OAuth2Error)) throw error;
      const { status, headers, body } = oauth2.errorResponse(error);
      context.status = status;
      context.set(headers);
      context.body = body;
    }
  };
}

describe('the response to an error', () => {
  let oauth2: OAuth2;
  let token: string;
  let handled: Served;
  let unhandled: Served;

  beforeAll(async () => {
    const made = await testOAuth2({ errorBody: 'drf', realm: 'shop', scopes: { a: 'A', b: 'B' } });
    oauth2 = made.oauth2;
    token = await made.issue('b');
    const routing = { controllers: [Guarded], defaultErrorHandler: false, ...oauth2.routingControllers() };
    handled = await serve(useKoaServer(new Koa().use(handler(oauth2)).use(throwing), routing));
    unhandled = await serve(useKoaServer(new Koa().use(throwing), routing));
  });
  afterAll(async () => {
    await handled.close();
    await unhandled.close();
    await oauth2.close();
  });

  test('[RS-5..8 §3] an error handler of the host’s answers as a guard does, wherever the error was thrown', async () => {
    const refused = await handled.get('/guarded', { headers: bearerHeader(token) });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="shop", error="insufficient_scope".*scope="a"$/,
    );
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect(await refused.json()).toHaveProperty('detail');
    const thrown = await handled.get('/thrown');
    expect(thrown.status).toBe(401);
    expect(thrown.headers.get('www-authenticate')).toContain('realm="shop", error="invalid_token"');
    expect(await thrown.json()).toEqual({ detail: 'The access token is invalid.' });
    const rethrown = await handled.get('/rethrown');
    expect([rethrown.status, rethrown.headers.get('retry-after')]).toEqual([429, '7']);
  });

  test('Koa itself answers such an error with its status and message, although it cannot change it', async () => {
    const silent = new Koa().use(throwing);
    silent.silent = true;
    const served = await serve(silent);
    const answers = [await served.get('/thrown'), await served.get('/rethrown')];
    await served.close();
    expect(answers.map(({ status }) => status)).toEqual([401, 429]);
    expect(await answers[0]?.text()).toBe('The access token is invalid.');
  });

  test('[RS-5..8 §3] a refusal that no handler of the host’s catches has its response nevertheless', async () => {
    const refused = await unhandled.get('/guarded');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="shop"']);
    expect(await refused.json()).toEqual({ detail: 'Authentication credentials were not provided.' });
  });
});
