import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { Public, Throttle } from '../../../src/public/index.js';
import { failToStart, register, STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { toldPolicies, toldPolicy } from './rate-limit-fields.js';

@Authorized('a')
@JsonController('/policies')
class Policies {
  @Throttle('uploads')
  @Get('/uploads')
  uploads() {
    return {};
  }

  @Throttle('plan')
  @Get('/plan')
  plan() {
    return {};
  }

  @Throttle('client')
  @Get('/client')
  client() {
    return {};
  }

  @Throttle('token')
  @Get('/token')
  token() {
    return {};
  }

  @Throttle({ name: 'inline', rate: ['2/m', '10/h'] })
  @Get('/inline')
  inline() {
    return {};
  }

  @Throttle('nothing')
  @Get('/nothing')
  nothing() {
    return {};
  }

  @Public()
  @Throttle('unlimited')
  @Get('/unlimited')
  unlimited() {
    return {};
  }
}

describe.each(STACKS)('policies of an application, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: {
      throttling: {
        policies: {
          uploads: { rate: '10/5m', cost: 4 },
          plan: { rate: (subject) => (subject.userId === 'alice' ? '100/hour' : '1/hour') },
          client: '3/h',
          token: '2/minutes',
          nothing: '0/m',
          unlimited: null,
        },
        fields: { legacy: true },
      },
    },
    server: { controllers: [Policies] },
  });
  const get = (path: string, token?: string) => call(`${application.url}/policies/${path}`, { token });
  const fresh = async (options: { user?: string } = {}) =>
    application.issue('a', { ...options, application: await register(application.oauth2, 'Fresh') });

  test('a name of your own, with a cost per request', async () => {
    const token = await fresh();
    expect(toldPolicies(await get('uploads', token))).toMatchObject([
      { name: 'uploads', quota: 10, windowSeconds: 300, remaining: 6 },
    ]);
    expect(toldPolicy(await get('uploads', token), 'uploads').remaining).toBe(2);
    const refused = await get('uploads', token);
    expect(refused.status).toBe(429);
    expect(toldPolicy(refused, 'uploads').remaining).toBe(2);
  });

  test('a rate per principal', async () => {
    expect(toldPolicy(await get('plan', await fresh({ user: 'alice' })), 'plan').quota).toBe(100);
    const other = await fresh();
    expect(toldPolicy(await get('plan', other), 'plan')).toMatchObject({ quota: 1, remaining: 0 });
    expect((await get('plan', other)).status).toBe(429);
  });

  test('client counts an application whoever it acts for; token counts each token', async () => {
    const one = await register(application.oauth2, 'One');
    const ofAlice = await application.issue('a', { application: one, user: 'alice' });
    const ofItself = await application.issue('a', { application: one });
    expect(toldPolicy(await get('client', ofAlice), 'client').remaining).toBe(2);
    expect(toldPolicy(await get('client', ofItself), 'client').remaining).toBe(1);
    expect(toldPolicy(await get('token', ofAlice), 'token')).toMatchObject({ windowSeconds: 60, remaining: 1 });
    expect(toldPolicy(await get('token', ofItself), 'token').remaining).toBe(1);
  });

  test('several windows of one policy are decided together', async () => {
    const token = await fresh();
    for (let count = 1; count <= 2; count += 1) expect((await get('inline', token)).status).toBe(200);
    for (let count = 1; count <= 3; count += 1) {
      const refused = await get('inline', token);
      expect(refused.status).toBe(429);
      expect(toldPolicies(refused).map(({ quota, remaining }) => [quota, remaining])).toEqual([
        [2, 0],
        [10, 8],
      ]);
    }
  });

  test('[TH-51] a rate of nothing always refuses, with a Retry-After nevertheless', async () => {
    const reply = await get('nothing', await fresh());
    expect(reply.status).toBe(429);
    expect(reply.headers.get('retry-after')).toBe('60');
    expect(toldPolicies(reply)).toMatchObject([{ quota: 0, windowSeconds: 60, remaining: 0, resetSeconds: 60 }]);
  });

  test('null is unlimited', async () => {
    const reply = await get('unlimited');
    expect(reply.status).toBe(200);
    expect(toldPolicies(reply)).toEqual([]);
  });

  test('X-RateLimit-* as an option', async () => {
    const { headers } = await get('client', await fresh());
    expect(headers.get('x-ratelimit-limit')).toBe('3');
    expect(headers.get('x-ratelimit-remaining')).toBe('2');
    const now = Math.floor(Date.now() / 1000);
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(now + 3500);
    expect(Number(headers.get('x-ratelimit-reset'))).toBeLessThanOrEqual(now + 3610);
  });
});

describe('a rate that is none', () => {
  test.each(['5/month', '5', '5/', '-1/s', '1.5/s', '5/0m', 'five/hour', '5 / hour'])(
    'is an error at start-up that names the variable and the form: %s',
    async (rate) => {
      const { output, exitCode } = await failToStart({ THROTTLE_USER: rate });
      expect(exitCode).toBe(2);
      expect(output.trim().split('\n')).toHaveLength(1);
      expect(output).toContain('THROTTLE_USER');
      expect(output).toMatch(/limit\/period|give a period of at least one second/);
    },
  );
});
