import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { ConfigurationError } from '../../../src/public/index.js';
import { type SwaggerUiOptions, swaggerUi } from '../../../src/public/openapi.js';
import { type Served, serve } from '../../support/http.js';

let served: Served;

beforeAll(async () => {
  const koa = new Koa();
  koa.use(
    swaggerUi({
      title: 'A <b>shop</b> & "more"',
      clientId: 'docs',
      scopes: ['books:read', 'books:write'],
      connectTo: ['https://login.example'],
    }),
  );
  koa.use((context) => {
    context.body = 'behind';
  });
  served = await serve(koa);
});

afterAll(() => served.close());

describe('[RS-75] Swagger UI', () => {
  test('every answer has a policy that allows files of this origin only, and requests to named origins', async () => {
    const names = [
      '',
      '/start.js',
      '/swagger-ui-bundle.js',
      '/swagger-ui.css',
      '/favicon-32x32.png',
      '/oauth2-redirect.html',
      '/oauth2-redirect.js',
    ];
    for (const name of names) {
      const answer = await served.get(`/docs${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' https://login.example; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      const again = await served.get(`/docs${name}`, {
        // Without the second field fetch asks for what is new.
        headers: { 'If-None-Match': answer.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' },
      });
      expect(again.status).toBe(304);
    }
  });

  test('the page has no script or style of its own, and no text of an option is read as markup', async () => {
    const page = await (await served.get('/docs')).text();
    expect(page).toContain('<title>A &#60;b&#62;shop&#60;/b&#62; &#38; &#34;more&#34;</title>');
    expect(
      [...page.matchAll(/<script(.*?)>(.*?)<\/script>/g)].map(([, attributes, content]) => [attributes, content]),
    ).toEqual([
      [' src="/docs/swagger-ui-bundle.js"', ''],
      [' src="/docs/start.js"', ''],
    ]);
    expect(page).not.toMatch(/<style| style=| on\w+=/);
  });

  test('people sign in by PKCE as the application of the option, without a secret', async () => {
    const start = await (await served.get('/docs/start.js')).text();
    expect(start).toContain('"usePkceWithAuthorizationCodeGrant":true');
    expect(start).toContain('"clientId":"docs"');
    expect(start).toContain('"scopes":["books:read","books:write"]');
    expect(start).not.toContain('clientSecret');
    expect(start).toContain('"validatorUrl":null');
  });

  test('everything else is passed on, and the path with a slash leads to the page', async () => {
    const slash = await served.get('/docs/', { redirect: 'manual' });
    expect([slash.status, slash.headers.get('location')]).toEqual([302, '/docs']);
    for (const [path, method] of [
      ['/docs/package.json', 'GET'],
      ['/docs/../package.json', 'GET'],
      ['/docs%2f..', 'GET'],
      ['/docs', 'POST'],
    ] as const) {
      expect(await (await served.get(path, { method })).text()).toBe('behind');
    }
  });

  test.each<[SwaggerUiOptions, RegExp]>([
    [{ path: 'docs' }, /swaggerUi\.path cannot be "docs": give a path/],
    [{ path: '/docs/' }, /swaggerUi\.path cannot be a string/],
    [{ path: '/a"><script>' }, /swaggerUi\.path cannot be a string/],
    [{ document: 'javascript:alert(1)' }, /swaggerUi\.document cannot be a string/],
    [{ title: '' }, /swaggerUi\.title cannot be ""/],
    [{ scopes: ['a"b'] }, /swaggerUi\.scopes cannot be "a\\"b": it is not a scope name/],
    [{ connectTo: ["https://a.example; script-src 'unsafe-inline'"] }, /swaggerUi\.connectTo\[0\] cannot be a URL/],
    [{ connectTo: ['https://a.example/'] }, /swaggerUi\.connectTo\[0\] cannot be a URL .*: give an origin/],
    [{ clientSecret: 'x' } as never, /swaggerUi\.clientSecret cannot be set/],
  ])('refuses %j', (options, message) => {
    expect(() => swaggerUi(options)).toThrow(ConfigurationError);
    expect(() => swaggerUi(options)).toThrow(message);
  });
});
