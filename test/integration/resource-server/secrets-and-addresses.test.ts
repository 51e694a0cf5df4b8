import { describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { addressResolver } from '../../../src/core/addresses/index.js';
import { bearer, createOAuth2, TokenHasResourceScope, TokenMatchesOASRequirements } from '../../../src/public/index.js';
import { serve } from '../../support/http.js';
import { action, withToken } from '../../support/permissions/access.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

describe('a message about a wrong option', () => {
  test.each([
    ['a URL under a wrong name', { databse: 'mysql://shop:s3cret/@db:3306/shop' }],
    ['a URL in an object', { redisOptions: { url: 'redis://:s3cret/@cache' } }],
    ['a password in an object', { databse: { connection: { host: 'db', password: 's3cret/' } } }],
    ['a password under a wrong name', { redisPassword: 's3cret/' }],
    ['a URL where something else belongs', { database: 'sqlite::memory:', users: 'mysql://shop:s3cret/@db' }],
  ])('never holds a password: %s', (_name, options) => {
    let message = '';
    try {
      createOAuth2(options as never);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/The option (databse|redisOptions|redisPassword|users) cannot be/);
    expect(message).not.toContain('s3cret');
  });
});

test('[RS-4] the token is taken out of the URL however its name is written', async () => {
  @JsonController('/written')
  class Written {
    @Authorized()
    @Get('/')
    get() {
      return {};
    }
  }
  const { oauth2, issue } = await testOAuth2({ authenticators: [bearer({ query: true })] });
  const urls: string[] = [];
  const copies: string[] = [];
  const koa = new Koa();
  koa.use(async (context: Context, next) => {
    expect(context.URL.search).not.toBe('');
    await next();
    urls.push(context.url, context.originalUrl);
    copies.push(context.href, context.URL.href, context.request.originalUrl, JSON.stringify(context.toJSON()));
  });
  const served = await serve(oauth2.useKoaServer(koa, { controllers: [Written] }));
  const token = await issue('x');
  for (const query of [`access_token=${token}&a=1`, `a=1&%61ccess%5Ftoken=${token}`]) {
    expect((await served.get(`/written?${query}`)).status).toBe(200);
  }
  for (const url of [...urls, ...copies]) expect(url).not.toContain(token);
  expect(urls[3]).toBe('/written?a=1&access_token=redacted');
  await served.close();
  await oauth2.close();
});

test('[TH-49] a link-local address counts by its network whatever its interface is called', () => {
  const resolve = addressResolver();
  for (const zone of ['eth0', 'br-lan', 'eth0.100', 'veth_1']) {
    expect(resolve(`fe80::1%${zone}`, undefined)).toBe('ip:fe80::/64');
  }
});

test('a resource that a map names without scopes needs those of every other resource, not none', () => {
  class Dynamic extends TokenHasResourceScope {
    override getRequiredAlternateScopes() {
      return { music: [], art: undefined as never };
    }
  }
  const permission = new Dynamic();
  expect(permission.hasPermission(withToken([]), action(['music']))).toBe(false);
  expect(permission.hasPermission(withToken([]), action(['art']))).toBe(false);
  expect(permission.hasPermission(withToken(['music:read']), action(['music']))).toBe(true);
});

test('[RFC 9110 §9.3.2] HEAD uses the alternatives of GET, unless it has its own', () => {
  const shared = new TokenMatchesOASRequirements({ GET: [['read']] });
  expect(shared.hasPermission(withToken(['read'], 'HEAD'), action(undefined))).toBe(true);
  const own = new TokenMatchesOASRequirements({ GET: [['read']], HEAD: [['probe']] });
  expect(own.hasPermission(withToken(['read'], 'HEAD'), action(undefined))).toBe(false);
  expect(own.hasPermission(withToken(['probe'], 'HEAD'), action(undefined))).toBe(true);
});
