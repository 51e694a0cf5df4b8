import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { InsufficientScopeError, type OAuth2, type Permission, Public } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Throws implements Permission {
  hasPermission(): boolean {
    throw new InsufficientScopeError({ requiredScopes: ['export'] });
  }
}

@JsonController('/thrown')
class Thrown {
  @Authorized('a')
  @Get('/action')
  action() {
    throw new InsufficientScopeError({ requiredScopes: ['export'] });
  }

  @Authorized('a')
  @Get('/told')
  told() {
    throw new InsufficientScopeError({ requiredScopes: ['export'], providedScopes: ['other'] });
  }

  @Authorized(Throws)
  @Get('/permission')
  permission() {}

  @Public()
  @Get('/public')
  open() {
    throw new InsufficientScopeError({ requiredScopes: ['export'] });
  }
}

describe('an InsufficientScopeError that code of the host throws', () => {
  let served: Served;
  let oauth2: OAuth2;
  let token: string;
  const refusals: { readonly providedScopes?: unknown }[] = [];
  beforeAll(async () => {
    const made = await testOAuth2({ errorResponseWithScopes: true });
    oauth2 = made.oauth2;
    token = await made.issue('a b');
    oauth2.events.on('access.refused', (event) => refusals.push(event));
    served = await serve(oauth2.createKoaServer({ controllers: [Thrown] }));
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });
  const get = async (path: string) => {
    const reply = await fetch(`${served.url}/thrown/${path}`, { headers: bearerHeader(token) });
    return { status: reply.status, challenge: reply.headers.get('www-authenticate'), body: await reply.json() };
  };

  test.each(['action', 'permission'])('lists the scopes of the token: by the %s', async (path) => {
    const reply = await get(path);
    expect(reply.status).toBe(403);
    expect(reply.body).toMatchObject({ required_scopes: ['export'], provided_scopes: ['a', 'b'] });
    expect(reply.challenge).toMatch(/error="insufficient_scope".*scope="export"/);
  });

  test('keeps the scopes that it names itself', async () => {
    expect((await get('told')).body).toMatchObject({ provided_scopes: ['other'] });
  });

  test('names none where nobody was identified', async () => {
    expect((await get('public')).body).toMatchObject({ required_scopes: ['export'], provided_scopes: [] });
  });

  test('tells the listeners of refusals the same', async () => {
    await get('permission');
    expect(refusals.at(-1)?.providedScopes).toEqual(['a', 'b']);
  });
});
