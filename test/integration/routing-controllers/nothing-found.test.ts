import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, Get, HttpError, JsonController, OnUndefined, Param, useKoaServer } from 'routing-controllers';
import { Access, type OAuth2, type Permission, Public, RequestAccess } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Owner implements Permission {
  hasPermission(): boolean {
    return true;
  }
  hasObjectPermission(access: RequestAccess, _action: unknown, object: unknown): boolean {
    return (object as { owner: string }).owner === access.userId;
  }
}

class Gone extends HttpError {
  constructor() {
    super(410, 'It was here once.');
  }
}

const NOTHING = new Map<string, unknown>([
  ['undefined', undefined],
  ['null', null],
]);

@JsonController('/notes')
class Notes {
  @Authorized(Owner)
  @Get('/plain/:what')
  async plain(@Param('what') what: string, @Access() access: RequestAccess) {
    await access.checkObject(NOTHING.get(what));
    return 'not reached';
  }

  @Authorized(Owner)
  @Get('/returned')
  returned() {
    return undefined;
  }

  @Authorized(Owner)
  @OnUndefined(Gone)
  @Get('/gone')
  async gone(@Access() access: RequestAccess) {
    await access.checkObject(undefined);
  }

  @Authorized(Owner)
  @OnUndefined(402)
  @Get('/status')
  async status(@Access() access: RequestAccess) {
    await access.checkObject(undefined);
  }

  @Authorized(Owner)
  @OnUndefined(204)
  @Get('/success')
  async success(@Access() access: RequestAccess) {
    await access.checkObject(undefined);
  }

  @Public()
  @Get('/open')
  async open(@Access() access: RequestAccess) {
    await access.checkObject(undefined);
    return 'not reached';
  }
}

describe.each(['our entry', 'the entry of routing-controllers'])('checkObject of nothing, in %s', (entry) => {
  let served: Served;
  let oauth2: OAuth2;
  let token: string;
  const refusals: unknown[] = [];
  beforeAll(async () => {
    const made = await testOAuth2();
    oauth2 = made.oauth2;
    token = await made.issue('a', 'alice');
    oauth2.events.on('access.refused', (event) => refusals.push(event));
    const options = { controllers: [Notes] };
    const koa =
      entry === 'our entry'
        ? oauth2.createKoaServer(options)
        : useKoaServer(new Koa(), { ...oauth2.routingControllers(), ...options });
    served = await serve(koa);
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });
  const get = async (path: string) => {
    const reply = await fetch(`${served.url}/notes/${path}`, { headers: bearerHeader(token) });
    return { status: reply.status, body: await reply.text() };
  };

  test.each(['undefined', 'null'])('is what the action answers for no result: %s', async (what) => {
    const returned = await get('returned');
    expect(returned.status).toBe(404);
    const checked = await get(`plain/${what}`);
    const withoutStack = (text: string) => ({ ...JSON.parse(text), stack: undefined });
    expect({ ...checked, body: withoutStack(checked.body) }).toEqual({
      ...returned,
      body: withoutStack(returned.body),
    });
  });

  test('is the error of @OnUndefined', async () => {
    expect(await get('gone')).toMatchObject({ status: 410, body: expect.stringContaining('It was here once.') });
    expect((await get('status')).status).toBe(402);
  });

  test('is 404 where @OnUndefined names a success, since the action has not ended', async () => {
    expect((await get('success')).status).toBe(404);
  });

  test('is 404 on a public action too', async () => {
    expect((await get('open')).status).toBe(404);
  });

  test('is no refusal', () => {
    expect(refusals).toEqual([]);
  });
});
