import { describe, expect, test } from '@jest/globals';
import { All, Authorized, Get, JsonController } from 'routing-controllers';
import { TokenMatchesOASRequirements } from '../../../src/public/index.js';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { withoutMetadata } from '../../support/spec/refusals.js';

@JsonController('/any')
class Any {
  static ran: string[] = [];

  @Authorized('a')
  @All()
  all() {
    Any.ran.push('all');
    return { ok: true };
  }
}

@JsonController('/documents')
class Documents {
  @Authorized(new TokenMatchesOASRequirements([{ oauth2: ['read', 'write'] }, { oauth2: ['admin'] }]))
  @Get()
  get() {
    return { ok: true };
  }
}

describe.each(STACKS)('HEAD and OPTIONS, on %s', (name) => {
  const shop = useBookstore(name);
  const application = useApplication(name, { server: { controllers: [Any, Documents] } });

  test('[RFC 9110 §9.3.2] HEAD runs the guard of GET, and uses its alternatives', async () => {
    const good = await shop.issue('read', { user: 'alice' });
    const lacking = await shop.issue('create edit', { user: 'alice' });
    const head = (token?: string) => call(`${shop.url}/api/documented`, { method: 'HEAD', token });
    expect(await head(good)).toMatchObject({ status: 200, text: '' });
    const refused = await head(lacking);
    expect(refused).toMatchObject({ status: 403, text: '' });
    expect(withoutMetadata(refused.headers.get('www-authenticate'))).toMatch(/, scope="read"$/);
    const anonymous = await head();
    expect(anonymous).toMatchObject({ status: 401, text: '' });
    expect(withoutMetadata(anonymous.headers.get('www-authenticate'))).toBe('Bearer realm="api"');
    expect(anonymous.headers.get('cache-control')).toBe('no-store');
  });

  test('[RFC 9110 §9.3.2] HEAD has the fields of GET', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    const [get, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => call(`${shop.url}/api/protected`, { method, token })),
    );
    expect(head?.headers.get('content-type')).toBe(get?.headers.get('content-type'));
    expect(head?.headers.get('content-length')).toBe(get?.headers.get('content-length'));
  });

  test('HEAD counts as reading: TokenHasReadWriteScope asks for the read scope', async () => {
    const head = async (scope: string) =>
      (await call(`${shop.url}/api/read-write`, { method: 'HEAD', token: await shop.issue(scope, { user: 'alice' }) }))
        .status;
    expect(await head('read')).toBe(200);
    expect(await head('write')).toBe(403);
  });

  test.each(['/api/documented', '/api/protected', '/books', '/api/throttled'])(
    '[RFC 9110 §9.3.7] OPTIONS is never guarded: %s',
    async (path) => {
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
      for (const token of [undefined, 'unknown']) {
        const reply = await call(`${shop.url}${path}`, { method: 'OPTIONS', headers, token });
        expect(reply.status).toBeLessThan(300);
        expect(reply.headers.get('www-authenticate')).toBeNull();
        expect(reply.headers.get('ratelimit')).toBeNull();
      }
    },
  );

  test('OPTIONS on a guarded @All does not run it', async () => {
    const reply = await call(`${application.url}/any`, { method: 'OPTIONS' });
    expect(reply).toMatchObject({ status: 204, text: '' });
    expect(Any.ran).toEqual([]);
    expect((await call(`${application.url}/any`, { method: 'DELETE' })).status).toBe(401);
  });

  test('HEAD on alternatives in the form of OpenAPI', async () => {
    const head = async (scope: string) =>
      (await call(`${application.url}/documents`, { method: 'HEAD', token: await application.issue(scope) })).status;
    expect(await head('read write')).toBe(200);
    expect(await head('admin')).toBe(200);
    expect(await head('read')).toBe(403);
  });
});
