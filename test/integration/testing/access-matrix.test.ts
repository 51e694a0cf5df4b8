import { afterEach, describe, expect, test } from '@jest/globals';
import { All, Authorized, Controller, Get, JsonController, UseBefore } from 'routing-controllers';
import {
  createOAuth2,
  type Permission,
  type RequestAccess,
  TokenHasReadWriteScope,
  type UserStore,
} from '../../../src/public/index.js';
import { accessMatrix, type MatrixCaller, type TestApplication, testOAuth2 } from '../../../src/public/testing.js';
import { BookController, done } from './books.js';

const running: TestApplication[] = [];

async function start(...parameters: Parameters<typeof testOAuth2>) {
  const t = await testOAuth2(...parameters);
  running.push(t);
  return t;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((t) => t.close()));
});

const callers = {
  nobody: undefined,
  session: ['ann'],
  reader: ['ann', ['books:read']],
  writer: [{ id: 'bob' }, 'books:read books:write', { acr: 'otp' }],
  shop: [{ client: 'shop' }, ['books:read', 'books:write']],
} as const satisfies Record<string, MatrixCaller>;

function counting(context: { count?: number }, next: () => Promise<unknown>) {
  done.push('middleware');
  context.count = 1;
  return next();
}

class OfTenant implements Permission {
  hasPermission({ context, query }: RequestAccess): boolean {
    return context.params.tenant === 'north' && query.year === '1816' && context.get('x-region') === 'eu';
  }
}

@Controller('/odd')
@UseBefore(counting)
class OddController {
  @Authorized(TokenHasReadWriteScope)
  @All('/all')
  all() {
    done.push('all');
    return 'done';
  }

  @Authorized()
  @All('/alike')
  alike() {
    return 'done';
  }

  @Authorized(OfTenant)
  @Get('/tenants/:tenant')
  tenant() {
    return 'done';
  }
}

describe('accessMatrix', () => {
  test('it says who may use which action, as a text that is always the same', async () => {
    const t = await start({}, [BookController]);
    expect(String(await t.matrix(callers))).toBe(
      [
        'action                nobody  session  reader  writer  shop  requires',
        'GET    /books/        401     403      yes     yes     yes   books:read',
        'POST   /books/        401     403      403     yes     yes   books:write',
        'DELETE /books/:owner  401     403      403     yes     403   books:write, IsAuthenticated, OwnBooks',
        'GET    /books/broken  500     500      500     500     500   Broken',
        'GET    /books/count   yes     yes      yes     yes     yes   nothing: public',
        'GET    /books/rare    401     403      yes     yes     yes   books:read',
        'GET    /books/secret  401     403      401     yes     401   books:read, authenticationContext(acr otp, at most 300 s ago)',
      ].join('\n'),
    );
  });

  test('the same as data, with the error of each refusal', async () => {
    const t = await start({}, [BookController]);
    const { callers: names, rows } = await t.matrix({ reader: ['ann', 'books:read'] });
    expect(names).toEqual(['reader']);
    expect(rows.map(({ action, cells }) => [action, cells.reader?.status, cells.reader?.error])).toEqual([
      ['list', 200, undefined],
      ['create', 403, 'insufficient_scope'],
      ['remove', 403, 'insufficient_scope'],
      ['broken', 500, 'RangeError: the permission is broken'],
      ['count', 200, undefined],
      ['rare', 200, undefined],
      ['secret', 401, 'insufficient_user_authentication'],
    ]);
    expect(rows[0]).toMatchObject({ method: 'GET', path: '/books/', controller: 'BookController' });
  });

  test('it runs no action and no middleware, charges no throttle and logs nothing', async () => {
    const t = await start({}, [BookController, OddController]);
    done.length = 0;
    for (let time = 0; time < 3; time += 1) await t.matrix(callers);
    expect([done, t.log.lines]).toEqual([[], []]);
    expect((await t.fetch('/books/rare', { headers: t.as('ann', 'books:read') })).status).toBe(200);
  });

  test('an action of @All has a row for each method, unless they are alike', async () => {
    const t = await start({}, [OddController]);
    const matrix = await t.matrix({ reader: ['ann', 'read'], writer: ['ann', 'write'] });
    expect(String(matrix).split('\n').slice(1, 7)).toEqual([
      'ALL    /odd/alike            yes     yes     any principal',
      'DELETE /odd/all              403     yes     TokenHasReadWriteScope',
      'GET    /odd/all              yes     403     TokenHasReadWriteScope',
      'PATCH  /odd/all              403     yes     TokenHasReadWriteScope',
      'POST   /odd/all              403     yes     TokenHasReadWriteScope',
      'PUT    /odd/all              403     yes     TokenHasReadWriteScope',
    ]);
  });

  test('permissions see the parameters, the query and the header fields that are given', async () => {
    const t = await start({}, [OddController]);
    const ask = async (options: object) => (await t.matrix({ ann: ['ann', []] }, options)).rows.at(-1)?.cells.ann;
    expect(await ask({})).toMatchObject({ status: 403, error: 'access_denied' });
    const query = { year: '1816' };
    const headers = { 'X-Region': 'eu' };
    expect(await ask({ params: { tenant: 'north' }, query, headers })).toMatchObject({ allowed: true });
  });

  test('for an instance that exists it asks what that serves, or the controllers that are named', async () => {
    const users: UserStore<{ readonly id: string }> = {
      findById: (id) => (id === 'ann' ? { id } : undefined),
      isActive: () => true,
    };
    const oauth2 = createOAuth2({ database: ':memory:', users: users as UserStore });
    try {
      await expect(accessMatrix(oauth2, callers)).rejects.toThrow('give the option controllers');
      const named = await accessMatrix(oauth2, { ann: ['ann', 'books:read'] }, { controllers: [BookController] });
      expect(named.rows).toHaveLength(7);
      await expect(accessMatrix(oauth2, { bob: ['bob', []] }, { controllers: [BookController] })).rejects.toThrow(
        'accessMatrix.bob: the option users has no active user "bob".',
      );
      await expect(accessMatrix(oauth2, { ann: 'ann' as never }, { controllers: [BookController] })).rejects.toThrow(
        "give undefined for nobody, or a list such as ['ann', ['books:read']]",
      );
      oauth2.createKoaServer({ controllers: [BookController], routePrefix: '/api' });
      const served = await accessMatrix(oauth2, { nobody: undefined });
      expect(served.rows.map(({ path }) => path)).toContain('/api/books/count');
    } finally {
      await oauth2.close();
    }
  });

  test('a controller that cannot be served is told', async () => {
    @JsonController()
    class Undeclared {
      @Get('/open')
      open() {
        return {};
      }
    }
    const oauth2 = createOAuth2({ database: ':memory:' });
    await expect(accessMatrix(oauth2, {}, { controllers: [Undeclared] })).rejects.toThrow('Undeclared.open');
    await oauth2.close();
  });
});
