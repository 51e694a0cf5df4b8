import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, createKoaServer, Get, JsonController, type RoutingControllersOptions } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type Permission, Public, type RequestAccess } from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

const RESOURCE = 'https://api.example.com';
const METADATA = `${RESOURCE}/.well-known/oauth-protected-resource`;

/** A permission whose scopes depend on the request, and which cannot name them for a caller without a token. */
class ByCaller implements Permission {
  hasPermission(): boolean {
    return false;
  }

  scopeAlternatives(access: RequestAccess): string[][] {
    if (access.token === undefined) throw new Error('There is nobody.');
    return [['write']];
  }
}

@JsonController('/things')
class Things {
  @Authorized(['read', 'write'])
  @Get('/both')
  both() {
    return {};
  }

  @Authorized([['read'], ['write']])
  @Get('/either')
  either() {
    return {};
  }

  @Authorized()
  @Get('/any')
  any() {
    return {};
  }

  @Authorized(ByCaller)
  @Get('/caller')
  caller() {
    return {};
  }

  @Public()
  @Get('/open')
  open() {
    return {};
  }
}

const SCOPES = { read: 'Read', write: 'Write', openid: 'Sign in', offline_access: 'Stay' };
const challengeOf = async (url: string, token?: string): Promise<string | null> =>
  (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).headers.get(
    'www-authenticate',
  );

describe.each(STACKS)('the metadata of a resource with a name, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: {
      resource: RESOURCE,
      scopes: SCOPES,
      resourceMetadata: { authorizationServers: ['https://auth.example.com'], name: 'Things' },
    },
    server: { controllers: [Things] },
  });

  test('[RS-22 §3] is a document at the well-known path, with the identical resource', async () => {
    const response = await fetch(`${application.url}/.well-known/oauth-protected-resource`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual({
      resource: RESOURCE,
      authorization_servers: ['https://auth.example.com'],
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Things',
    });
  });

  test('[RS-22 §5.1] every 401 names its URL, and the scope of the action', async () => {
    const named = (scope?: string) =>
      `Bearer realm="api"${scope === undefined ? '' : `, scope="${scope}"`}, resource_metadata="${METADATA}"`;
    expect(await challengeOf(`${application.url}/things/both`)).toBe(named('read write'));
    expect(await challengeOf(`${application.url}/things/either`)).toBe(named('read'));
    expect(await challengeOf(`${application.url}/things/any`)).toBe(named());
    expect(await challengeOf(`${application.url}/things/caller`)).toBe(named());
    expect(await challengeOf(`${application.url}/things/both`, 'unknown')).toBe(
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid.", ' +
        `scope="read write", resource_metadata="${METADATA}"`,
    );
  });

  test('[RS-68 §5.1] a 403 for want of a scope names the whole scope and its URL', async () => {
    const token = await application.issue('read');
    expect(await challengeOf(`${application.url}/things/both`, token)).toMatch(
      new RegExp(`error="insufficient_scope".*, scope="read write", resource_metadata="${METADATA}"$`),
    );
  });

  test('other methods are answered, and other paths are the application’s', async () => {
    const url = `${application.url}/.well-known/oauth-protected-resource`;
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204);
    const post = await fetch(url, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    for (const other of ['/', '/things', 's', '?query']) expect((await fetch(url + other)).status).toBe(404);
    expect((await fetch(`${application.url}/things/open`)).status).toBe(200);
  });
});

describe('the metadata of an authorization server’s own application', () => {
  const suite = useAuthorizationServer('SQLite + memory');

  test('[RS-22 §3] names the origin of the issuer, without any option', async () => {
    const origin = new URL(suite.server.oauth2.authorizationServer?.issuer ?? '').origin;
    const document = (await (await fetch(`${suite.url}/.well-known/oauth-protected-resource`)).json()) as object;
    expect(document).toMatchObject({
      resource: origin,
      authorization_servers: [suite.server.oauth2.authorizationServer?.issuer],
    });
  });

  test('[RS-9 RFC 8707 §2] a token for that name is good here, as one that names no audience is', async () => {
    const origin = new URL(suite.server.oauth2.authorizationServer?.issuer ?? '').origin;
    const machine = await suite.server.register();
    const named: Record<string, string>[] = [{ resource: origin }, { resource: `${origin}/` }, {}];
    for (const resource of named) {
      const { body } = await suite.token({ grant_type: 'client_credentials', scope: 'read', ...resource }, machine);
      const token = await suite.server.oauth2.tokens.verify(String(body.access_token));
      expect(token.audience ?? []).toEqual('resource' in resource ? [origin] : []);
    }
    const elsewhere = await suite.token(
      { grant_type: 'client_credentials', scope: 'read', resource: 'https://elsewhere.example.com' },
      machine,
    );
    expect([elsewhere.status, elsewhere.body.error]).toEqual([400, 'invalid_target']);
  });
});

describe('where the metadata is', () => {
  const made = async (options: Partial<Parameters<typeof createOAuth2>[0]>): Promise<OAuth2> =>
    createOAuth2({ database: 'sqlite::memory:', logger: silentLogger, ...options });

  test('[RS-22 §3.1] the well-known path comes between host and path of the resource', async () => {
    const oauth2 = await made({ resource: 'https://example.com:8443/tenants/5/api?version=2' });
    expect(oauth2.resourceMetadata?.url).toBe(
      'https://example.com:8443/.well-known/oauth-protected-resource/tenants/5/api?version=2',
    );
    await oauth2.close();
  });

  test.each([
    ['no resource and no authorization server', {}],
    ['a resource that is no URL', { resource: 'urn:example:api' }],
    ['the option false', { resource: RESOURCE, resourceMetadata: false as const }],
  ])('there is none with %s', async (_, options) => {
    const oauth2 = await made(options);
    expect(oauth2.resourceMetadata).toBeUndefined();
    await oauth2.close();
  });

  test.each([
    ['resourceMetadata', true],
    ['resourceMetadata.other', { other: 1 }],
    ['resourceMetadata.authorizationServers[0]', { authorizationServers: ['auth.example.com'] }],
    ['resourceMetadata.scopes[1]', { scopes: ['read', 'a b'] }],
    ['resourceMetadata.name', { name: 5 }],
    ['resourceMetadata.documentationUrl', { documentationUrl: 'javascript:alert(1)' }],
  ])('%s that cannot be is refused at start-up', async (option, resourceMetadata) => {
    await expect(made({ resource: RESOURCE, resourceMetadata: resourceMetadata as never })).rejects.toMatchObject({
      option,
    });
  });

  test('with routing-controllers’ own entry the host mounts it', async () => {
    const oauth2 = await made({ resource: RESOURCE });
    const koa = new Koa();
    const metadata = oauth2.resourceMetadata;
    if (metadata === undefined) throw new Error('There is no metadata.');
    koa.use(metadata.middleware());
    const context = koa.createContext(
      { method: 'GET', url: '/.well-known/oauth-protected-resource', headers: {} } as never,
      { setHeader() {}, getHeader() {}, removeHeader() {}, hasHeader: () => false, headersSent: false } as never,
    );
    await metadata.middleware()(context, async () => {});
    expect(JSON.parse(String(context.body))).toMatchObject({ resource: RESOURCE });
    const options: RoutingControllersOptions = { controllers: [Things], ...oauth2.routingControllers() };
    expect(createKoaServer(options)).toBeDefined();
    await oauth2.close();
  });
});
