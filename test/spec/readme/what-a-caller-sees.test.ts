import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  All,
  Authorized,
  CurrentUser,
  createKoaServer,
  ForbiddenError,
  Get,
  JsonController,
} from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import {
  bearer,
  createOAuth2,
  IsAuthenticated,
  type OAuth2,
  type OAuth2Options,
  type RequestAccess,
  Throttle,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { freePort } from '../../support/ports.js';
import { testOAuth2, users } from '../../support/routing-controllers/oauth2.js';

class Refusing {
  hasPermission() {
    return false;
  }
}

class Throwing {
  hasPermission(access: RequestAccess) {
    if (access.query.by === 'context') access.context.throw(409, 'Not now.', { headers: { 'x-why': 'context' } });
    throw Object.assign(new ForbiddenError('Not you.'), { headers: { 'x-why': 'error' } });
  }
}

class Faulty {
  hasPermission(): boolean {
    throw new TypeError('A mistake.');
  }
}

@JsonController('/seen')
class SeenController {
  @Authorized(['books', 'read'])
  @Get('/scopes')
  scopes() {
    return { ok: true };
  }

  @Authorized(IsAuthenticated)
  @Get('/user')
  user(@CurrentUser() user: { id: string }) {
    return { user: user.id };
  }

  @Authorized(Refusing)
  @Get('/refusing')
  refusing() {
    return { ok: true };
  }

  @Authorized(Throwing)
  @Get('/throwing')
  throwing() {
    return { ok: true };
  }

  @Authorized(Faulty)
  @Get('/faulty')
  faulty() {
    return { ok: true };
  }

  @Authorized()
  @Throttle({ name: 'seen', rate: '1/h', subject: 'token' })
  @Get('/throttled')
  throttled() {
    return { ok: true };
  }

  @Authorized()
  @Get('/known')
  known() {
    return { ok: true };
  }

  @Authorized()
  @All('/all')
  all() {
    return { ran: true };
  }
}

/** The first column of the table, in its order. */
function rows(): string[] {
  const readme = readFileSync('README.md', 'utf8');
  const section = readme.split('### What a caller sees')[1]?.split('\n#')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => (line.split('|')[1] as string).trim());
}

const CHALLENGE = 'Bearer realm="api"';

describe.each(['our entry', 'routing-controllers’ own entry'])('[RS-5..8] what a caller sees, in %s', (entry) => {
  const opened: { close(): Promise<void> }[] = [];
  let application: string;
  let oauth2: OAuth2;
  let issue: (scope: string, user?: string) => Promise<string>;
  let served: Served;

  async function serving(guard: OAuth2): Promise<Served> {
    const koa =
      entry === 'our entry'
        ? guard.createKoaServer({ controllers: [SeenController] })
        : createKoaServer({ ...guard.routingControllers(), controllers: [SeenController] });
    const running = await serve(koa);
    opened.push(running);
    return running;
  }
  async function other(options: Partial<OAuth2Options>) {
    const made = await testOAuth2(options);
    opened.push(made.oauth2);
    return { ...made, served: await serving(made.oauth2) };
  }

  beforeAll(async () => {
    const made = await testOAuth2();
    ({ oauth2, issue } = made);
    application = made.application.clientId;
    opened.push(oauth2);
    served = await serving(oauth2);
  });
  afterAll(async () => {
    for (const one of opened.reverse()) await one.close();
  });

  async function see(path: string, headers: Record<string, string> = {}, from = served) {
    const response = await from.get(`/seen${path}`, { headers });
    const text = await response.text();
    const { status } = response;
    // 400 and 5xx are kept by no cache that is not told to (RFC 9110 §15.1).
    const isKept = status === 400 || status >= 500 ? /^none$|no-store/ : /no-store/;
    if (status >= 400) expect(response.headers.get('cache-control') ?? 'none').toMatch(isKept);
    const body = text.startsWith('{') ? JSON.parse(text) : text;
    return { status, challenge: response.headers.get('www-authenticate'), body, headers: response.headers };
  }
  const withToken = async (path: string, scope: string, user?: string) =>
    see(path, bearerHeader(await issue(scope, user)));
  const error = (status: number, code: string, description: unknown = expect.any(String)) => ({
    status,
    body: { error: code, error_description: description },
  });

  const CHECKS: Record<string, () => Promise<void>> = {
    async 'no credentials'() {
      expect(await see('/known')).toMatchObject({
        ...error(401, 'authentication_required'),
        challenge: CHALLENGE,
      });
    },
    async 'unknown, revoked, malformed, disabled user or application'() {
      const revoked = await issue('read');
      await oauth2.tokens.revoke(revoked);
      const disabledUser = await issue('read', 'carol');
      const gone = await issue('read', 'nobody');
      const { application: disabled } = await oauth2.applications.create({
        name: 'disabled',
        grantTypes: ['client_credentials'],
      });
      const { access_token: ofDisabled } = await oauth2.tokens.issue({ application: disabled, scope: 'read' });
      await oauth2.applications.disable(disabled.clientId);
      const answers = [];
      for (const token of ['x'.repeat(43), revoked, 'malformed', disabledUser, gone, ofDisabled]) {
        const { status, challenge, body } = await see('/known', bearerHeader(token));
        answers.push(JSON.stringify({ status, challenge, body }));
      }
      expect(new Set(answers).size).toBe(1);
      expect(JSON.parse(answers[0] as string)).toMatchObject(error(401, 'invalid_token'));
      expect(users.get('carol')?.active).toBe(false);
    },
    async expired() {
      const { access_token: token } = await oauth2.tokens.issue({ application, scope: 'read', lifetimeSeconds: -1 });
      expect(await see('/known', bearerHeader(token))).toMatchObject(
        error(401, 'invalid_token', 'The access token has expired.'),
      );
    },
    async 'a scope is missing'() {
      const answer = await withToken('/scopes', 'books');
      expect(answer).toMatchObject(error(403, 'insufficient_scope'));
      expect(answer.challenge).toMatch(/error="insufficient_scope".*, scope="books read"$/);
      const named = await other({ errorResponseWithScopes: true });
      const { body } = await see('/scopes', bearerHeader(await named.issue('books')), named.served);
      expect(body).toMatchObject({ required_scopes: ['books', 'read'], provided_scopes: ['books'] });
    },
    async 'an application alone where a user is needed, a permission that refuses'() {
      expect(await withToken('/user', 'read')).toMatchObject(error(403, 'access_denied'));
      expect(await withToken('/refusing', 'read', 'alice')).toMatchObject(error(403, 'access_denied'));
      expect((await withToken('/user', 'read', 'alice')).body).toEqual({ user: 'alice' });
    },
    async 'two tokens, a repeated parameter'() {
      const queried = await other({ authenticators: [bearer({ query: true })] });
      const token = await queried.issue('read');
      const at = (query: string, headers = {}) => see(`/known?${query}`, headers, queried.served);
      expect((await at(`access_token=${token}`)).status).toBe(200);
      expect(await at(`access_token=${token}`, bearerHeader(token))).toMatchObject(error(400, 'invalid_request'));
      expect(await at(`access_token=${token}&access_token=${token}`)).toMatchObject(error(400, 'invalid_request'));
    },
    async throttled() {
      const token = bearerHeader(await issue('read'));
      expect((await see('/throttled', token)).status).toBe(200);
      const answer = await see('/throttled', token);
      expect(answer).toMatchObject(error(429, 'throttled'));
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(answer.headers.get('ratelimit')).toContain('"seen";r=0');
      expect(answer.headers.get('ratelimit-policy')).toContain('"seen";q=1;w=3600');
    },
    async 'too many bad tokens from one address'() {
      const strict = await other({ throttling: { failedAuthentication: '2/m' } });
      const bad = () => see('/known', bearerHeader('x'.repeat(43)), strict.served);
      expect([(await bad()).status, (await bad()).status]).toEqual([401, 401]);
      const answer = await bad();
      expect(answer).toMatchObject(error(429, 'throttled'));
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    },
    async "database (also read-only, full), user store or throttle's store is down"() {
      const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      const withoutDatabase = createOAuth2({
        database: `mysql://root@127.0.0.1:${await freePort()}/none`,
        logger: silentLogger,
      });
      opened.push(withoutDatabase);
      const withoutUsers = await other({
        users: {
          findById: () => Promise.reject(away),
          isActive: () => true,
        },
      });
      const withoutStore = await other({ redis: `redis://127.0.0.1:${await freePort()}` });
      const answers = [
        await see('/known', bearerHeader('x'.repeat(43)), await serving(withoutDatabase)),
        await see('/known', bearerHeader(await withoutUsers.issue('read', 'alice')), withoutUsers.served),
        await see('/throttled', bearerHeader(await withoutStore.issue('read')), withoutStore.served),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject(error(503, 'temporarily_unavailable'));
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      }
      expect((await withToken('/faulty', 'read')).status).toBe(500);
    },
    async 'a permission that throws an `HttpError`, or by `ctx.throw`'() {
      const thrown = await withToken('/throwing', 'read');
      expect([thrown.status, thrown.body.message, thrown.headers.get('x-why')]).toEqual([403, 'Not you.', 'error']);
      const byContext = await withToken('/throwing?by=context', 'read');
      expect([byContext.status, byContext.headers.get('x-why')]).toEqual([409, 'context']);
      expect(JSON.stringify(byContext.body)).toContain('Not now.');
    },
    async 'OPTIONS to a guarded action'() {
      const all = await served.get('/seen/all', { method: 'OPTIONS' });
      expect([all.status, await all.text()]).toEqual([204, '']);
      const throttled = await served.get('/seen/throttled', { method: 'OPTIONS' });
      expect([throttled.status, throttled.headers.get('allow')]).toEqual([200, expect.stringContaining('GET')]);
      expect(throttled.headers.get('ratelimit')).toBeNull();
    },
  };

  test('the table of the README has a check for each of its rows', () => {
    expect(rows()).toEqual(Object.keys(CHECKS));
  });

  test.each(Object.keys(CHECKS))('%s', (row) => (CHECKS[row] as () => Promise<void>)());
});
