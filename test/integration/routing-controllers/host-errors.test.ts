import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa, { type Context, type Next } from 'koa';
import {
  Authorized,
  Controller,
  Get,
  HttpError,
  InternalServerError,
  JsonController,
  NotFoundError,
  UnauthorizedError,
  useKoaServer,
} from 'routing-controllers';
import {
  Access,
  AccessDeniedError,
  AllowAny,
  type Authenticator,
  allOf,
  anyOf,
  bearer,
  not,
  type OAuth2,
  type Permission,
  Public,
  type RequestAccess,
  Throttle,
  TokenHasScope,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Does implements Permission {
  constructor(
    private readonly ofRequest: (access: RequestAccess) => unknown,
    private readonly ofObject: (access: RequestAccess) => unknown = () => true,
  ) {}
  hasPermission(access: RequestAccess): boolean {
    return this.ofRequest(access) as boolean;
  }
  hasObjectPermission(access: RequestAccess): boolean {
    return this.ofObject(access) as boolean;
  }
}

class Legal extends HttpError {
  readonly headers = { Link: '<https://legal.example>; rel="blocked-by"', 'X-Reasons': 'one' };
  readonly law = '§ 5';
  constructor() {
    super(451, 'Not in your country.');
    Object.setPrototypeOf(this, Legal.prototype);
    this.name = 'Legal';
  }
}

const payment = () => {
  throw new HttpError(402, 'Pay first.');
};
const hidden = () => {
  throw new NotFoundError('There is no such book.');
};
const legal = () => {
  throw new Legal();
};
const byKoa = ({ context }: RequestAccess) => context.throw(409, 'Busy.', { headers: { 'X-Busy': 'yes' }, book: 7 });
const fault = () => {
  throw new TypeError('SELECT password FROM users');
};
const secret = ({ context }: RequestAccess) => context.throw(500, 'SELECT password FROM users');
const later = (what: (access: RequestAccess) => unknown) => async (access: RequestAccess) => what(access);
const yes = () => true;
const no = () => false;

class Scopes extends TokenHasScope {
  override getScopes(): string[] {
    throw new NotFoundError('There are no scopes.');
  }
  override validate(): void {}
}

@JsonController('/host-errors')
class Json {
  @Authorized(new Does(payment))
  @Get('/402')
  payment() {}

  @Authorized(new Does(later(payment)))
  @Get('/402-later')
  paymentLater() {}

  @Authorized(new Does(hidden))
  @Get('/404')
  hidden() {}

  @Authorized(new Does(legal))
  @Get('/451')
  legal() {}

  @Authorized(new Does(byKoa))
  @Get('/koa')
  koa() {}

  @Authorized(new Does(later(byKoa)))
  @Get('/koa-later')
  koaLater() {}

  @Authorized(Scopes)
  @Get('/scopes')
  scopes() {}

  @Authorized(new Does(fault))
  @Get('/fault')
  fault() {}

  @Authorized(new Does(later(fault)))
  @Get('/fault-later')
  faultLater() {}

  @Authorized(new Does(secret))
  @Get('/secret')
  secret() {}

  @Authorized(
    new Does(() => {
      throw new HttpError(200, 'This is fine.');
    }),
  )
  @Get('/fine')
  fine() {
    return { leaked: true };
  }

  @Authorized(
    new Does(() => {
      throw Object.assign(new Error('The billing service said no.'), { status: 404 });
    }),
  )
  @Get('/foreign-status')
  foreignStatus() {}

  @Authorized(
    new Does(() => {
      throw new UnauthorizedError('Sign in again.');
    }),
  )
  @Get('/401')
  unauthorized() {}

  @Authorized(
    new Does(() => {
      throw new InternalServerError('The ledger is closed.');
    }),
  )
  @Get('/500')
  internal() {}

  @Authorized(new Does(yes, hidden))
  @Get('/object-404')
  async object(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, later(byKoa)))
  @Get('/object-koa')
  async objectKoa(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, fault))
  @Get('/object-fault')
  async objectFault(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }

  @Authorized(new Does(yes, hidden))
  @Get('/object-caught')
  async objectCaught(@Access() access: RequestAccess) {
    const caught = await access.checkObject({}).catch((error: Error) => error.message);
    return { caught };
  }

  @Public()
  @Throttle({ name: 'subject', rate: '5/s', subject: hidden as never })
  @Get('/throttle-subject')
  throttleSubject() {}

  @Public()
  @Throttle({ name: 'rate', rate: later(byKoa as never) as never, subject: () => 'x' })
  @Get('/throttle-rate')
  throttleRate() {}

  @Public()
  @Throttle({ name: 'cost', rate: '5/s', subject: () => 'x', cost: payment as never })
  @Get('/throttle-cost')
  throttleCost() {}

  @Authorized(allOf(AllowAny, new Does(hidden), new Does(no)))
  @Get('/all')
  all() {}

  @Authorized(allOf(new Does(no), new Does(hidden)))
  @Get('/all-after-no')
  allAfterNo() {}

  @Authorized(not(new Does(hidden)))
  @Get('/not')
  not() {
    return { leaked: true };
  }

  @Authorized(anyOf(new Does(hidden), new Does(yes)))
  @Get('/any-yes-behind')
  anyYesBehind() {
    return { ok: true };
  }

  @Authorized(anyOf(new Does(later(hidden)), new Does(later(yes))))
  @Get('/any-yes-behind-later')
  anyYesBehindLater() {
    return { ok: true };
  }

  @Authorized(
    anyOf(
      new Does(() => {
        throw new AccessDeniedError('Not you.');
      }),
      new Does(yes),
    ),
  )
  @Get('/any-oauth-error')
  anyOauthError() {
    return { ok: true };
  }

  @Authorized(anyOf(new Does(no), new Does(later(hidden)), new Does(payment)))
  @Get('/any-first')
  anyFirst() {}

  @Authorized(anyOf(new Does(fault), new Does(yes)))
  @Get('/any-fault')
  anyFault() {
    return { leaked: true };
  }

  @Authorized(anyOf(new Does(hidden, yes), new Does(yes, no)))
  @Get('/any-object')
  async anyObject(@Access() access: RequestAccess) {
    await access.checkObject({});
    return { leaked: true };
  }
}

@Controller('/host-errors-text')
class Text {
  @Authorized(new Does(hidden))
  @Get('/404')
  hidden() {}
}

class Keys implements Authenticator {
  authenticate(context: Context): undefined {
    if (context.get('X-Key') === 'unpaid') throw new HttpError(402, 'Pay for the key.');
    if (context.get('X-Key') === 'broken') context.throw(418, 'A teapot.');
    return undefined;
  }
}

interface Seen {
  readonly name: string;
  readonly message: string;
  readonly status: unknown;
}

/** What the host's own error handling has seen, where there is one. */
const seen: Seen[] = [];

async function hostErrorHandling(context: Context, next: Next) {
  try {
    await next();
  } catch (error) {
    const { name, message, httpCode, status } = error as Error & { httpCode?: number; status?: number };
    seen.push({ name, message, status: httpCode ?? status });
    context.status = httpCode ?? status ?? 500;
    context.body = { byHost: name };
  }
}

const MODES = [
  ['default', 'in the default error handler'],
  ['off', 'with that handler off, uncaught'],
  ['host', 'with that handler off, by error handling of the host'],
] satisfies [string, string][];

describe.each(['our entry', 'checkers'])('errors that a part of the host throws in the guard, in %s', (entry) => {
  let oauth2: OAuth2;
  const log: string[] = [];
  const told: Error[] = [];
  const served = new Map<string, Served>();
  let good: Record<string, string>;

  beforeAll(async () => {
    const write = (message: string) => void log.push(message);
    let ticks = 0;
    const test = await testOAuth2({
      authenticators: [new Keys(), bearer()],
      logger: { info: write, warn: write, error: write },
      // Each fault is logged at most once in a second: here a second passes between any two questions.
      clock: { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => ++ticks * 1001 },
    });
    oauth2 = test.oauth2;
    good = bearerHeader(await test.issue('a', 'alice'));
    for (const [mode] of MODES) {
      const koa = new Koa();
      koa.silent = true;
      koa.on('error', (error: Error) => told.push(error));
      if (mode === 'host') koa.use(hostErrorHandling);
      const options = {
        controllers: [Json, Text],
        defaultErrorHandler: mode === 'default',
        development: false,
      };
      if (entry === 'our entry') oauth2.useKoaServer(koa, options);
      else useKoaServer(koa, { ...options, ...oauth2.routingControllers() });
      served.set(mode, await serve(koa));
    }
  });
  beforeEach(() => {
    log.length = 0;
    told.length = 0;
    seen.length = 0;
  });
  afterAll(async () => {
    for (const one of served.values()) await one.close();
    await oauth2.close();
  });

  async function ask(mode: string, path: string, headers: Record<string, string> = good) {
    const reply = await (served.get(mode) as Served).get(`/host-errors${path}`, { headers });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  }

  describe.each(MODES)('%s: %s', (mode, _where) => {
    const hasBody = mode !== 'host';

    test.each([
      ['/402', 402, { message: 'Pay first.' }],
      ['/402-later', 402, { message: 'Pay first.' }],
      ['/404', 404, { name: 'NotFoundError', message: 'There is no such book.' }],
      ['/451', 451, { name: 'Legal', message: 'Not in your country.' }],
      ['/koa', 409, { name: 'ConflictError', message: 'Busy.', book: 7 }],
      ['/koa-later', 409, { name: 'ConflictError', message: 'Busy.' }],
      ['/scopes', 404, { message: 'There are no scopes.' }],
      ['/401', 401, { message: 'Sign in again.' }],
      ['/object-404', 404, { message: 'There is no such book.' }],
      ['/object-koa', 409, { message: 'Busy.' }],
      ['/throttle-subject', 404, { message: 'There is no such book.' }],
      ['/throttle-rate', 409, { message: 'Busy.' }],
      ['/throttle-cost', 402, { message: 'Pay first.' }],
      ['/all', 404, { message: 'There is no such book.' }],
      ['/not', 404, { message: 'There is no such book.' }],
      ['/any-first', 404, { message: 'There is no such book.' }],
      ['/any-object', 404, { message: 'There is no such book.' }],
    ] as const)('%s is answered as %i', async (path, status, body) => {
      const reply = await ask(mode, path);
      expect([reply.status, reply.headers.get('cache-control')]).toEqual([status, 'no-store']);
      if (hasBody && (mode === 'default' || !('book' in body))) expect(JSON.parse(reply.text)).toMatchObject(body);
      if (!hasBody) expect([JSON.parse(reply.text), seen.length]).toEqual([{ byHost: seen[0]?.name }, 1]);
      if (!hasBody) expect(seen[0]).toMatchObject({ message: body.message, status });
      // As Koa does with errors of an application; what is caught never comes to it.
      expect(told).toHaveLength(mode === 'off' ? 1 : 0);
      expect(log).toEqual([]);
    });

    test('header fields of theirs are kept, and a 401 has a challenge', async () => {
      const legal = (await ask(mode, '/451')).headers;
      expect([legal.get('link'), legal.get('x-reasons')]).toEqual(['<https://legal.example>; rel="blocked-by"', 'one']);
      expect((await ask(mode, '/koa')).headers.get('x-busy')).toBe('yes');
      expect((await ask(mode, '/object-koa')).headers.get('x-busy')).toBe('yes');
      expect((await ask(mode, '/401')).headers.get('www-authenticate')).toBe('Bearer realm="api"');
    });

    test.each(['/fault', '/fault-later', '/fine', '/foreign-status', '/object-fault', '/any-fault'])(
      'anything else is 500, is logged, and refuses: %s',
      async (path) => {
        const reply = await ask(mode, path);
        expect(reply.status).toBe(500);
        expect(reply.text).not.toMatch(/leaked|SELECT|billing/);
        expect(log).toHaveLength(1);
        expect(log[0]).toMatch(/^The guard of GET .* failed: .*(SELECT|This is fine|billing service)/);
      },
    );

    test('a 5xx is answered as what it is, and logged; what http-errors do not expose stays inside', async () => {
      const internal = await ask(mode, '/500');
      expect([internal.status, log.length]).toEqual([500, 1]);
      if (hasBody) expect(internal.text).toContain('The ledger is closed.');
      const secretly = await ask(mode, '/secret');
      expect([secretly.status, log.length]).toEqual([500, 2]);
      expect(secretly.text).not.toContain('SELECT');
    });

    test('an authenticator of the host', async () => {
      for (const [key, status] of [
        ['unpaid', 402],
        ['broken', 418],
      ] as const) {
        expect((await ask(mode, '/404', { 'x-key': key })).status).toBe(status);
        // A public action that asks for nobody does not know; bad credentials make an anonymous caller there.
        expect((await ask(mode, '/throttle-cost', { 'x-key': key })).status).toBe(402);
      }
    });

    test('one that a composition asks first is a no: the others may still allow, in whatever order', async () => {
      for (const path of ['/any-yes-behind', '/any-yes-behind-later', '/any-oauth-error']) {
        const reply = await ask(mode, path);
        expect([reply.status, reply.text]).toEqual([200, '{"ok":true}']);
      }
      expect((await ask(mode, '/all-after-no')).status).toBe(403);
    });

    test('an action may catch it', async () => {
      const reply = await ask(mode, '/object-caught');
      expect([reply.status, reply.text]).toEqual([200, '{"caught":"There is no such book."}']);
      expect([told, seen]).toEqual([[], []]);
    });
  });

  test('a controller of text answers in text, as for an error of an action', async () => {
    const reply = await ask('default', '-text/404');
    expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([
      404,
      'There is no such book.',
      'text/plain; charset=utf-8',
    ]);
  });
});
