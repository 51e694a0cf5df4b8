import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import {
  All,
  Authorized,
  Body,
  BodyParam,
  CookieParam,
  Get,
  HeaderParam,
  HttpCode,
  JsonController,
  OnUndefined,
  Param,
  Post,
  QueryParam,
  QueryParams,
  UploadedFile,
} from 'routing-controllers';
import { OpenAPI } from 'routing-controllers-openapi';
import {
  AllowAny,
  allOf,
  anyOf,
  authenticationContext,
  bearer,
  IsAuthenticated,
  not,
  type OAuth2,
  type PermissionExpression,
  Public,
  session,
  Throttle,
  TokenHasReadWriteScope,
} from '../../../src/public/index.js';
import { type OpenApiDocument, openApi, Returns } from '../../../src/public/openapi.js';
import { lint } from '../../support/openapi/lint.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Author {
  @IsString() name!: string;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Book) books?: Book[];
}
class Book {
  @IsInt() id!: number;
  @ValidateNested() author!: Author;
}
class SignedBook extends Book {
  @IsString() signature!: string;
}
class Page<Item> {
  @IsInt() total!: number;
  items!: Item[];
}
class BookPage extends Page<Book> {
  @ValidateNested({ each: true })
  @Type(() => Book)
  declare items: Book[];
}
const otherBook = (() => {
  class Book {
    @IsString() isbn!: string;
  }
  return Book;
})();
class Filter {
  @IsString() title!: string;
  @IsOptional() @IsInt() @Min(1) page?: number;
}

@JsonController('/books')
class BooksController {
  @Authorized(['books', authenticationContext({ maxAgeSeconds: 300 })])
  @Returns(BookPage)
  @Get('/')
  list(@QueryParams() _filter: Filter, @HeaderParam('X-Trace') _trace: string, @CookieParam('theme') _theme: string) {
    return {};
  }

  @Authorized('books')
  @Throttle({ name: 'few', rate: ['5/s', '100/h'] })
  @OpenAPI({ summary: 'Shows a book', description: 'One of ours.', security: [] })
  @Returns(SignedBook)
  @Returns(undefined, { status: 410, description: 'It was removed.' })
  @Get('/:id(\\d+)/:part?')
  get(@Param('id') _id: number, @QueryParam('fields', { required: true }) _fields: string) {
    return {};
  }

  @Authorized('books')
  @Returns(otherBook, { status: 201, isArray: true })
  @HttpCode(201)
  @Post('/')
  create(@Body({ required: true }) _book: Book) {
    return {};
  }

  @Authorized('books')
  @OnUndefined(204)
  @Post('/covers')
  cover(@UploadedFile('cover', { required: true }) _cover: unknown, @BodyParam('note') _note: string): void {}
}

@JsonController('/things')
class ThingsController {
  @Authorized(TokenHasReadWriteScope)
  @All('/:thing')
  all() {
    return {};
  }

  @Public()
  @Get(/\/odd\/(\d+)/)
  odd() {
    return {};
  }
}

const info = { title: 'Shop', version: '1.0.0', license: { name: 'MIT', identifier: 'MIT' } };
const at = (document: OpenApiDocument, path: string, method: string) =>
  document.paths[path]?.[method] as Record<string, unknown>;

describe('a document', () => {
  let oauth2: OAuth2;
  let document: OpenApiDocument;
  beforeAll(async () => {
    ({ oauth2 } = await testOAuth2({ authenticators: [bearer(), session()] }));
    document = openApi(oauth2, [BooksController, ThingsController], info, { routePrefix: '/v1', sessionCookie: 'sid' });
  });
  afterAll(() => oauth2.close());

  test('[RS-72] redocly finds nothing in it, and it is the same each time', async () => {
    expect(await lint(document)).toEqual([]);
    const again = openApi(oauth2, [BooksController, ThingsController], info, {
      routePrefix: '/v1',
      sessionCookie: 'sid',
    });
    expect(JSON.stringify(again)).toBe(JSON.stringify(document));
  }, 60_000);

  test('classes have schemas by their identity: cycles, lists, inheritance, generics by a subclass', () => {
    const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    expect(document.components.schemas).toMatchObject({
      Book: { properties: { id: { type: 'integer' }, author: reference('Author') }, required: ['id', 'author'] },
      Author: { properties: { name: { type: 'string' }, books: { type: 'array', items: reference('Book') } } },
      SignedBook: { properties: { signature: { type: 'string' }, id: { type: 'integer' } } },
      BookPage: { properties: { total: { type: 'integer' }, items: { type: 'array', items: reference('Book') } } },
      Book2: { properties: { isbn: { type: 'string' } } },
    });
    const created = at(document, '/v1/books', 'post');
    expect(created.requestBody).toEqual({
      required: true,
      content: { 'application/json': { schema: reference('Book') } },
    });
    expect(created.responses).toMatchObject({
      201: { content: { 'application/json': { schema: { type: 'array', items: reference('Book2') } } } },
    });
  });

  test('parameters are those of the path, the query, fields and cookies; a class has one for each property', () => {
    expect(at(document, '/v1/books', 'get').parameters).toEqual([
      { name: 'title', in: 'query', required: true, schema: { type: 'string' } },
      { name: 'page', in: 'query', schema: { type: 'integer', minimum: 1 } },
      { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
      { name: 'theme', in: 'cookie', schema: { type: 'string' } },
    ]);
    expect(at(document, '/v1/books/{id}', 'get').parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'number' } },
      { name: 'fields', in: 'query', required: true, schema: { type: 'string' } },
    ]);
    expect(Object.keys(document.paths)).toEqual([
      '/v1/books',
      '/v1/books/{id}/{part}',
      '/v1/books/{id}',
      '/v1/books/covers',
      '/v1/things/{thing}',
    ]);
  });

  test('files come in forms, and an action that returns nothing answers without a body', () => {
    const cover = at(document, '/v1/books/covers', 'post');
    expect(cover.requestBody).toEqual({
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: {
              cover: { type: 'string', contentMediaType: 'application/octet-stream' },
              note: { type: 'string' },
            },
            required: ['cover'],
          },
        },
      },
    });
    expect(cover.responses).toMatchObject({ 204: { description: 'No Content' } });
  });

  test('[RS-72] an action of all methods has an operation for each, and a regular expression is named with its security', () => {
    const item = document.paths['/v1/things/{thing}'] ?? {};
    expect(Object.entries(item).map(([method, { security }]) => [method, security])).toEqual([
      ['get', [{ bearer: ['read'] }]],
      ['post', [{ bearer: ['write'] }]],
      ['put', [{ bearer: ['write'] }]],
      ['patch', [{ bearer: ['write'] }]],
      ['delete', [{ bearer: ['write'] }]],
    ]);
    expect(document['x-routes-not-expressed']).toMatchObject([
      { method: 'GET', operationId: 'Things.odd', security: [] },
    ]);
  });

  test('[RS-72] @OpenAPI of the host is applied, but what it says of security is not', () => {
    const get = at(document, '/v1/books/{id}', 'get');
    expect(get).toMatchObject({
      summary: 'Shows a book',
      description: 'One of ours.',
      security: [{ bearer: ['books'] }],
    });
    expect(get.responses).toMatchObject({ 410: { description: 'It was removed.' } });
    const recent = at(document, '/v1/books', 'get');
    expect(recent.description).toMatch(/at most 300 s ago/);
    expect(recent['x-oauth2-not-expressed']).toEqual(['authenticationContext']);
  });

  test('[TH-51] throttled actions tell their policies, and the fields of their answers', () => {
    const get = at(document, '/v1/books/{id}', 'get');
    expect(get['x-ratelimit-policies']).toEqual([
      {
        name: 'few',
        description: '5/s and 100/h',
        rates: [
          { quota: 5, windowSeconds: 1 },
          { quota: 100, windowSeconds: 3600 },
        ],
      },
    ]);
    expect(document.components.responses).toMatchObject({
      Unauthenticated: { headers: { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } } },
      TooManyRequestsThrottled: { headers: { 'Retry-After': {}, RateLimit: {}, 'RateLimit-Policy': {} } },
      Unavailable: { headers: { 'Retry-After': {} } },
    });
  });

  test('[RS-72] what needs unknown credentials, and what is open but for others, is told', async () => {
    const own = { authenticate: () => undefined };
    const { oauth2: other } = await testOAuth2({
      authenticators: [
        bearer(),
        { ...own, reads: ['X-Api-Key'] },
        { ...own, securityScheme: { type: 'mutualTLS' } },
        own,
      ],
    });
    class AccessController {
      any() {}
      user() {}
      not() {}
    }
    const guards = { any: AllowAny, user: IsAuthenticated, not: not('a') };
    for (const [method, value] of Object.entries(guards)) {
      const descriptor = Object.getOwnPropertyDescriptor(AccessController.prototype, method) as PropertyDescriptor;
      Authorized(value)(AccessController.prototype, method, descriptor);
      Get(`/${method}`)(AccessController.prototype, method);
    }
    JsonController('/access')(AccessController);
    const { paths, components } = openApi(other, [AccessController], info);
    await other.close();
    const told = Object.entries(paths).map(([path, { get }]) => [path, get?.security, get?.['x-oauth2-not-expressed']]);
    expect(told).toEqual([
      ['/access/any', [{}], undefined],
      ['/access/user', [{ bearer: [] }, { 'X-Api-Key': [] }, { own: [] }], ['user', 'credentials']],
      ['/access/not', [{}], ['not']],
    ]);
    expect(components.securitySchemes).toMatchObject({
      'X-Api-Key': { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      own: { type: 'mutualTLS' },
    });
    expect(paths['/access/not']?.get?.description).toBe(
      'Needs a caller to whom this does not apply: a token with the scope `a`.',
    );
  });

  test('[RS-72] a requirement with more than 64 alternatives ends it, naming the action', () => {
    const choice = (name: string) =>
      anyOf(...(Array.from({ length: 9 }, (_, index) => `${name}${index}`) as [string, ...string[]]));
    const many: PermissionExpression = allOf(choice('a'), choice('b'));
    class ManyController {
      many() {
        return {};
      }
    }
    Authorized(many)(ManyController);
    Get('/many')(ManyController.prototype, 'many');
    JsonController()(ManyController);
    expect(() => openApi(oauth2, [ManyController], info)).toThrow(/ManyController\.many .*more than 64 alternatives/);
  });
});
