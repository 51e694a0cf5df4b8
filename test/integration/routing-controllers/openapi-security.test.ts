import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { All, Authorized, createKoaServer, Delete, Get, Head, JsonController, Post } from 'routing-controllers';
import { stringify } from 'yaml';
import {
  anyOf,
  ConfigurationError,
  type OAuth2,
  type OpenApiSecurityOptions,
  openApiSecurity,
  type PermissionLike,
  Public,
  TokenMatchesOASRequirements,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;
let folder: string;

beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
  folder = mkdtempSync(join(tmpdir(), 'openapi-'));
});

afterAll(async () => {
  await oauth2.close();
  rmSync(folder, { recursive: true });
});

const flows = { clientCredentials: { tokenUrl: '/token', scopes: { read: '', create: '', post: '', widget: '' } } };

const components = {
  securitySchemes: {
    oauth: { type: 'oauth2', flows },
    oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://login.example/.well-known/openid-configuration' },
    token: { type: 'http', scheme: 'Bearer' },
    key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    basic: { type: 'http', scheme: 'basic' },
    session: { type: 'apiKey', in: 'cookie', name: 'sid' },
  },
};

/** A document of these paths. */
function documentOf(paths: object, more: object = {}): object {
  return { openapi: '3.1.0', info: { title: 'Widgets', version: '1' }, components, paths, ...more };
}

const widgets = {
  '/widgets': {
    get: { security: [{ oauth: ['read'] }] },
    post: { security: [{ oauth: ['create'] }, { oauth: ['post'], oidc: ['widget'] }] },
  },
  '/widgets/{widgetId}': { get: { security: [{ token: [] }] } },
};

/** A controller of `/widgets` that a permission guards. */
function widgetController(permission: PermissionLike): Function {
  @Authorized(permission)
  @JsonController('/widgets')
  class Widgets {
    @Get('/')
    list() {
      return [];
    }

    @Post('/')
    create() {
      return {};
    }

    @Get('/:id(\\d+)')
    one() {
      return {};
    }
  }
  return Widgets;
}

function guardedBy(document: string | URL | object, options?: OpenApiSecurityOptions): TokenMatchesOASRequirements {
  return new TokenMatchesOASRequirements(openApiSecurity(document, options));
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('Nothing was refused.');
}

/** The lines of the error that starting these controllers ends with. */
function differences(...controllers: Function[]): string[] {
  const [heading, ...lines] = refusal(() => oauth2.createKoaServer({ controllers })).split('\n');
  expect(heading).toBe(`The OpenAPI document and the actions differ (${lines.length}):`);
  return lines.map((line) => line.replace(/^ {2}- /, ''));
}

/** What a token of these scopes gets: the status of each request. */
async function statuses(served: Served, scope: string | undefined, requests: readonly string[]): Promise<number[]> {
  const headers = scope === undefined ? {} : bearerHeader(await issue(scope));
  return Promise.all(
    requests.map(async (request) => {
      const [method, path] = request.split(' ') as [string, string];
      return (await served.get(path, { method, headers })).status;
    }),
  );
}

describe('[RS-73] an OpenAPI document decides, by method and path, which scopes are enough', () => {
  const requests = ['GET /widgets', 'HEAD /widgets', 'POST /widgets', 'GET /widgets/5'];

  async function expectWidgets(served: Served): Promise<void> {
    expect(await statuses(served, undefined, requests)).toEqual([401, 401, 401, 401]);
    expect(await statuses(served, 'other', requests)).toEqual([403, 403, 403, 200]);
    expect(await statuses(served, 'read', requests)).toEqual([200, 200, 403, 200]);
    expect(await statuses(served, 'create', requests)).toEqual([403, 403, 200, 200]);
    expect(await statuses(served, 'post', requests)).toEqual([403, 403, 403, 200]);
    expect(await statuses(served, 'post widget', requests)).toEqual([403, 403, 200, 200]);
    await served.close();
  }

  test.each([
    ['an object', () => documentOf(widgets)],
    ['a file of JSON', () => written('widgets.json', JSON.stringify(documentOf(widgets)))],
    ['a file of YAML', () => written('widgets.yaml', stringify(documentOf(widgets)))],
    ['a file: URL', () => pathToFileURL(written('widgets.yml', stringify(documentOf(widgets))))],
    [
      'path items and schemes behind references',
      () =>
        documentOf(
          { ...widgets, '/widgets': { $ref: '#/components/pathItems/all~1of%20them' } },
          {
            components: {
              pathItems: { 'all/of them': widgets['/widgets'] },
              securitySchemes: {
                ...components.securitySchemes,
                oauth: { $ref: '#/components/securitySchemes/real' },
                real: components.securitySchemes.oauth,
              },
            },
          },
        ),
    ],
  ])('given as %s', async (_form, document) => {
    const controllers = [widgetController(guardedBy(document()))];
    await expectWidgets(await serve(oauth2.createKoaServer({ controllers })));
  });

  test('in the entry of routing-controllers, which names no action', async () => {
    const controllers = [widgetController(guardedBy(documentOf(widgets)))];
    oauth2.audit(controllers);
    const served = await serve(createKoaServer({ ...oauth2.routingControllers(), controllers } as never));
    await expectWidgets(served);
  });

  test('a prefix of all routes is the path of the servers, or the option pathPrefix', async () => {
    const servers = [
      { url: 'https://{zone}.example/{stage}/', variables: { stage: { default: 'v1' } } },
      { url: '/v1' },
    ];
    for (const permission of [
      guardedBy(documentOf(widgets, { servers })),
      guardedBy(documentOf(widgets), { pathPrefix: '/v1/' }),
    ]) {
      const koa = oauth2.createKoaServer({ routePrefix: '/v1', controllers: [widgetController(permission)] });
      const served = await serve(koa);
      expect(await statuses(served, 'read', ['GET /v1/widgets', 'POST /v1/widgets'])).toEqual([200, 403]);
      await served.close();
    }
  });

  test('the security of the document holds where an operation has none of its own', async () => {
    const paths = {
      '/widgets': { get: {}, post: { security: [{ oauth: ['create'] }] } },
      '/widgets/{id}': { get: {} },
    };
    const permission = guardedBy(documentOf(paths, { security: [{ oauth: ['read'] }] }));
    const served = await serve(oauth2.createKoaServer({ controllers: [widgetController(permission)] }));
    expect(await statuses(served, 'read', requests)).toEqual([200, 200, 403, 200]);
    await served.close();
  });

  test('an @All action: every method by its own operation, and one without an operation is refused', async () => {
    const permission = guardedBy(
      documentOf({ '/any': { get: widgets['/widgets'].get, put: widgets['/widgets'].post } }),
    );
    @JsonController()
    class Any {
      @Authorized(permission)
      @All('/any')
      any() {
        return {};
      }
    }
    const served = await serve(oauth2.createKoaServer({ controllers: [Any] }));
    expect(await statuses(served, 'read', ['GET /any', 'HEAD /any', 'PUT /any', 'DELETE /any'])).toEqual([
      200, 200, 403, 403,
    ]);
    expect(await statuses(served, 'create', ['GET /any', 'PUT /any', 'DELETE /any'])).toEqual([403, 200, 403]);
    await served.close();
  });

  test('without the audit, what the document does not say is refused in the entry of routing-controllers', async () => {
    const permission = guardedBy(documentOf({ '/other': { get: { security: [{ oauth: ['read'] }] } } }));
    const koa = createKoaServer({
      ...oauth2.routingControllers(),
      controllers: [widgetController(permission)],
    } as never);
    const served = await serve(koa);
    expect(await statuses(served, 'read create', requests)).toEqual([403, 403, 403, 403]);
    await served.close();
  });

  test('alternatives of other schemes are left out by otherSchemes, and something else decides on them', async () => {
    const security = [{ oauth: ['read'] }, { session: [] }];
    const document = documentOf({ '/mine': { get: { security } } });
    class Everybody {
      hasPermission(): boolean {
        return true;
      }
    }
    for (const [permission, status] of [
      [guardedBy(document, { otherSchemes: ['session'] }), 403],
      [anyOf(guardedBy(document, { otherSchemes: ['session'] }), Everybody), 200],
    ] as const) {
      @JsonController()
      class Mine {
        @Authorized(permission)
        @Get('/mine')
        mine() {
          return {};
        }
      }
      const served = await serve(oauth2.createKoaServer({ controllers: [Mine] }));
      expect(await statuses(served, 'create', ['GET /mine'])).toEqual([status]);
      await served.close();
    }
  });
});

describe('[RS-73] a document and actions that differ make start-up fail, and one error names every difference', () => {
  test('operations without an action, and actions without an operation', () => {
    const { '/widgets': all } = widgets;
    const document = documentOf({
      '/widgets': { get: all.get, delete: all.get, options: {} },
      '/gadgets/{a}': { patch: all.get },
    });
    expect(differences(widgetController(guardedBy(document)))).toEqual([
      'Widgets.create (POST /widgets/): the OpenAPI document has no operation for it',
      'Widgets.one (GET /widgets/:id(\\d+)): the OpenAPI document has no operation for it',
      'the OpenAPI document: DELETE /widgets is an operation without an action',
      'the OpenAPI document: PATCH /gadgets/{a} is an operation without an action',
    ]);
    const shared = guardedBy(document, { servedElsewhere: true });
    expect(differences(widgetController(shared))).toHaveLength(2);
  });

  test('undefined scopes and schemes, schemes that no token satisfies, and what is no security at all', () => {
    const document = documentOf({
      '/widgets': {
        get: { security: [{ oauth: ['read', 'raed'] }, { oidc: ['unlisted'], ghost: [] }] },
        post: { security: [{ key: [] }, { basic: [], token: ['no"scope'] }] },
      },
      '/widgets/{id}': { get: { security: { oauth: ['read'] } } },
    });
    const only =
      'and a token satisfies only oauth2, openIdConnect and http bearer; name the scheme in otherSchemes if something else checks it';
    expect(differences(widgetController(guardedBy(document)))).toEqual([
      'Widgets.list (GET /widgets/): GET /widgets of the OpenAPI document: its scope raed is not defined by a flow of the scheme oauth',
      'Widgets.list (GET /widgets/): GET /widgets of the OpenAPI document: its scheme ghost is not in components.securitySchemes',
      `Widgets.create (POST /widgets/): POST /widgets of the OpenAPI document: its scheme key is apiKey, ${only}`,
      `Widgets.create (POST /widgets/): POST /widgets of the OpenAPI document: its scheme basic is http basic, ${only}`,
      'Widgets.create (POST /widgets/): POST /widgets of the OpenAPI document: "no\\"scope" is no scope name',
      'Widgets.one (GET /widgets/:id(\\d+)): GET /widgets/{id} of the OpenAPI document: its security is no list of requirements',
    ]);
  });

  test('an action that asks it is never opened by it', () => {
    const document = documentOf({
      '/widgets': { get: {}, post: { security: [{ oauth: ['create'] }, {}] } },
      '/widgets/{id}': { get: { security: [] } },
    });
    const lines = differences(widgetController(guardedBy(document)));
    expect(lines).toEqual([
      expect.stringMatching(
        /^Widgets\.list .* lets everybody in by GET \/widgets; give it a security, or make the action/,
      ),
      expect.stringMatching(/^Widgets\.create .* lets everybody in by POST \/widgets;/),
      expect.stringMatching(/^Widgets\.one .* lets everybody in by GET \/widgets\/\{id\};/),
    ]);
  });

  test('actions that are guarded by something else than the document says', () => {
    const permission = guardedBy(
      documentOf({
        ...widgets,
        '/open': { get: {} },
        '/shut': { get: widgets['/widgets'].get },
        '/own': { get: { security: [{ key: [] }] } },
      }),
    );
    @JsonController()
    class Others {
      @Authorized('read')
      @Get('/open')
      open() {}

      @Public()
      @Get('/shut')
      shut() {}

      @Authorized('read')
      @Get('/own')
      own() {}

      @Authorized('read')
      @Delete('/undocumented')
      undocumented() {}
    }
    expect(differences(widgetController(permission), Others)).toEqual([
      'Others.open (GET /open): is not guarded by it, but GET /open of the OpenAPI document lets everybody in',
      'Others.shut (GET /shut): is @Public(), but GET /shut of the OpenAPI document asks for a token',
    ]);
  });

  test('paths that OpenAPI cannot say, that are elsewhere, or that the document has twice', () => {
    const read = { get: { security: [{ oauth: ['read'] }] } };
    const permission = guardedBy(documentOf({ '/v1/a/{x}': read, '/v1/a/{y}': read, '/b': { $ref: './b.yaml' } }), {
      pathPrefix: '/api',
    });
    @Authorized(permission)
    @JsonController()
    class Odd {
      @Get('/api/maybe/:id?')
      maybe() {}

      @Get(/^\/api\/odd/ as never)
      expression() {}

      @Head('/apiary')
      elsewhere() {}

      @Get('/api/v1/a/:id')
      twice() {}
    }
    expect(differences(Odd)).toEqual([
      'the OpenAPI document: the path /v1/a/{y} is there twice, under other names of its parameters',
      'the OpenAPI document: the path /b is a reference that leads nowhere in the document; bundle the document',
      expect.stringMatching(/^Odd\.maybe .*: its path cannot be written in OpenAPI/),
      expect.stringMatching(
        /^Odd\.expression .*: its path is not under \/api, where the paths of the OpenAPI document begin \(option pathPrefix\)/,
      ),
      expect.stringMatching(/^Odd\.elsewhere .*: its path is not under \/api/),
    ]);
  });

  test('beside actions that cannot be served, audit and describe tell the same', () => {
    const { '/widgets': all } = widgets;
    const Widgets = widgetController(guardedBy(documentOf({ ...widgets, '/gone': { get: all.get } })));
    @JsonController()
    class Bare {
      @Get('/bare')
      bare() {}
    }
    for (const run of [
      () => oauth2.createKoaServer({ controllers: [Widgets, Bare] }),
      () => oauth2.audit([Widgets, Bare]),
    ]) {
      expect(refusal(run).split('\n')).toEqual([
        '1 of the actions cannot be served:',
        expect.stringMatching(/Bare\.bare .* declares no requirement/),
        'The OpenAPI document and the actions differ (1):',
        '  - the OpenAPI document: GET /gone is an operation without an action',
      ]);
    }
    const [list, create] = oauth2.describe([Widgets, Bare]);
    expect(list?.problems).toEqual(['the OpenAPI document: GET /gone is an operation without an action']);
    expect(create).toMatchObject({ problems: [], requirement: 'create | post widget' });
  });
});

describe('[RS-73] what is no OpenAPI 3 document is refused where it is read, and named', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a file that is not there',
      () => join(folder, 'none.json'),
      /^The option openApiSecurity\.document: .*none\.json cannot be read: ENOENT/,
    ],
    ['a file that is no JSON', () => written('broken.json', '{'), /broken\.json cannot be read: /],
    ['a file that is no YAML', () => written('broken.yaml', 'a: [b'), /broken\.yaml cannot be read: /],
    [
      'keys that are there twice in YAML',
      () => written('twice.yaml', 'openapi: 3.1.0\nopenapi: 3.1.0'),
      /cannot be read: Map keys must be unique/,
    ],
    ['a file of another kind', () => 'openapi.txt', /cannot be a string: give the path/],
    ['a URL of the web', () => new URL('https://api.example/openapi.json'), /cannot be a URL object: give the path/],
    ['Swagger 2.0', () => ({ swagger: '2.0', paths: {} }), /it is Swagger 2\.0; convert it/],
    ['another version', () => ({ openapi: '4.0.0' }), /its member openapi has to begin with 3\./],
    ['a list', () => [], /cannot be an empty list/],
  ])('%s', (_kind, document, message) => {
    expect(refusal(() => openApiSecurity(document() as string))).toMatch(message);
  });

  test.each<[OpenApiSecurityOptions, RegExp]>([
    [{ pathPrefix: 'v1' }, /openApiSecurity\.pathPrefix cannot be "v1": give a path/],
    [{ otherSchemes: 'session' as never }, /openApiSecurity\.otherSchemes cannot be a string: give a list/],
    [{ otherSchemes: [1] as never }, /openApiSecurity\.otherSchemes\[0\] cannot be 1/],
    [{ servedElsewhere: 'yes' as never }, /openApiSecurity\.servedElsewhere cannot be "yes": use true or false/],
    [{ prefix: '/v1' } as never, /openApiSecurity\.prefix cannot be set/],
  ])('the option %j', (options, message) => {
    expect(refusal(() => openApiSecurity(documentOf({}), options))).toMatch(message);
  });

  test('servers of several paths need the option pathPrefix', () => {
    const document = documentOf({}, { servers: [{ url: 'https://a.example/v1' }, { url: 'https://b.example/v2' }] });
    expect(refusal(() => openApiSecurity(document))).toMatch(
      /pathPrefix .* have several paths \(\/v1, \/v2\); give one/,
    );
    expect(() => openApiSecurity(document, { pathPrefix: '' })).not.toThrow();
  });
});

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
