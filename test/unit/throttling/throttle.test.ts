import { describe, expect, test } from '@jest/globals';
import {
  createThrottle,
  type PolicyOptions,
  type ThrottleEngine,
  type ThrottleOutcome,
  type ThrottleSubject,
  type ThrottlingOptions,
} from '../../../src/throttling/index.js';
import { anonymous, application, user } from '../../support/throttling/subjects.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

function throttleOf(policies: ThrottlingOptions['policies'], more: Partial<ThrottlingOptions> = {}) {
  const clock = new VirtualClock();
  const throttle = createThrottle({ policies, ...more }, { clock });
  const compiled = throttle.compile(Object.keys(policies ?? {}));
  const ask = (subject: ThrottleSubject) => compiled.decide(subject) as ThrottleOutcome;
  return { throttle, clock, compiled, ask };
}

describe('a decision', () => {
  test('is there at once in memory, with the state of the policies', () => {
    const { ask } = throttleOf({ user: '3/h' });
    expect(ask(user('alice'))).toEqual({
      allowed: true,
      retryAfterSeconds: 0,
      unavailable: false,
      fields: { 'ratelimit-policy': '"user";q=3;w=3600', ratelimit: '"user";r=2;t=3600' },
    });
  });

  test('refuses until the window ends, and says in how many whole seconds', () => {
    const { ask, clock } = throttleOf({ user: '1/m' });
    ask(user('alice'));
    clock.advance(40_100);
    expect(ask(user('alice'))).toEqual({
      allowed: false,
      retryAfterSeconds: 20,
      unavailable: false,
      fields: { 'ratelimit-policy': '"user";q=1;w=60', ratelimit: '"user";r=0;t=20' },
    });
    clock.advance(19_890);
    expect(ask(user('alice')).retryAfterSeconds).toBe(1);
    clock.advance(10);
    expect(ask(user('alice')).allowed).toBe(true);
  });

  test('that one policy refuses spends nothing of the others, and waits for the longest refusal', () => {
    const { ask, clock } = throttleOf({ burst: '1/10s', user: '3/h', daily: '1/d' });
    expect(ask(user('alice')).allowed).toBe(true);
    for (let more = 0; more < 5; more++) {
      const refused = ask(user('alice'));
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterSeconds).toBe(86_400);
      expect(refused.fields.ratelimit).toBe('"burst";r=0;t=10, "user";r=2;t=3600, "daily";r=0;t=86400');
    }
    clock.advance(86_400_000);
    expect(ask(user('alice')).fields.ratelimit).toBe('"burst";r=0;t=10, "user";r=2;t=3600, "daily";r=0;t=86400');
  });

  test('is always yes without policies, and for unlimited ones', () => {
    const { throttle, compiled, ask } = throttleOf({ user: null });
    expect(throttle.compile([]).unlimited).toBe(true);
    expect(compiled.unlimited).toBe(true);
    for (let more = 0; more < 50; more++) {
      expect(ask(user('alice'))).toEqual({ allowed: true, retryAfterSeconds: 0, fields: {}, unavailable: false });
    }
  });

  test('is always no at 0/m, whoever asks', () => {
    const { ask } = throttleOf({ user: '0/m' });
    for (const who of [user('alice'), application('app'), anonymous()]) {
      expect(ask(who)).toMatchObject({ allowed: false, retryAfterSeconds: 60, unavailable: false });
      expect(ask(who).fields.ratelimit).toBe('"user";r=0;t=60');
    }
  });
});

describe('the subject', () => {
  test('user is the user, else the application, else the address', () => {
    const { ask } = throttleOf({ user: '1/h' });
    const callers = [user('5'), application('5'), anonymous('ip:5'), anonymous('ip:6'), user('6')];
    for (const caller of callers) expect(ask(caller).allowed).toBe(true);
    for (const caller of callers) expect(ask(caller).allowed).toBe(false);
  });

  test('user: a new token, another application or another address buys no new quota', () => {
    const { ask } = throttleOf({ user: '1/h' });
    expect(ask(user('alice', 'app', 'token1')).allowed).toBe(true);
    expect(ask(user('alice', 'app', 'token2')).allowed).toBe(false);
    expect(ask(user('alice', 'other', 'token3', 'ip:9')).allowed).toBe(false);
    expect(ask(user('alice')).allowed).toBe(false);
  });

  test('anon counts callers without credentials by address, and nobody else', () => {
    const { ask } = throttleOf({ anon: '1/h' });
    expect(ask(anonymous('ip:1')).allowed).toBe(true);
    expect(ask(anonymous('ip:1')).allowed).toBe(false);
    expect(ask(anonymous('ip:2')).allowed).toBe(true);
    // Machine clients behind that address do not share its budget.
    for (let more = 0; more < 3; more++) {
      expect(ask(application('app'))).toMatchObject({ allowed: true, fields: {} });
      expect(ask(user('alice', 'app', 'token', 'ip:1'))).toMatchObject({ allowed: true, fields: {} });
    }
  });

  test('client is the application, for all its users and tokens, and not without one', () => {
    const { ask } = throttleOf({ client: '2/h' });
    expect(ask(user('alice', 'app', 'token1')).allowed).toBe(true);
    expect(ask(application('app', 'token2')).allowed).toBe(true);
    expect(ask(user('bob', 'app', 'token3')).allowed).toBe(false);
    expect(ask(application('other')).allowed).toBe(true);
    for (let more = 0; more < 3; more++) {
      expect(ask(user('carol')).allowed).toBe(true);
      expect(ask(anonymous()).allowed).toBe(true);
    }
  });

  test('token is each token', () => {
    const { ask } = throttleOf({ token: '1/h' });
    expect(ask(user('alice', 'app', 'token1')).allowed).toBe(true);
    expect(ask(user('alice', 'app', 'token1')).allowed).toBe(false);
    expect(ask(user('alice', 'app', 'token2')).allowed).toBe(true);
    expect(ask(user('alice')).allowed).toBe(true);
  });

  test('of a policy with a name of its own is the user, unless it says otherwise', () => {
    const { ask } = throttleOf({ uploads: '1/h' });
    expect(ask(user('alice')).allowed).toBe(true);
    expect(ask(user('alice')).allowed).toBe(false);
    const { ask: askClient } = throttleOf({ uploads: { rate: '1/h', subject: 'client' } });
    expect(askClient(user('alice', 'app')).allowed).toBe(true);
    expect(askClient(user('bob', 'app')).allowed).toBe(false);
  });

  test('of your own never meets another kind, and undefined leaves the request out', () => {
    const tenant = (subject: ThrottleSubject) => (subject.request as { tenant?: string }).tenant;
    const { throttle } = throttleOf({ user: '1/h', tenant: { rate: '1/h', subject: tenant } });
    const byTenant = throttle.compile(['tenant']);
    const from = (key?: string) =>
      (byTenant.decide({ ...user('alice'), request: { tenant: key } }) as ThrottleOutcome).allowed;
    expect([from('a'), from('a'), from('b'), from('user:alice'), from('user:alice')]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
    expect([from(undefined), from(undefined)]).toEqual([true, true]);
  });

  test('of your own is distinguished however long or strange it is', () => {
    const { compiled } = throttleOf({ tenant: { rate: '1/h', subject: ({ request }) => request as string } });
    const from = (request: string) => (compiled.decide({ ...user('alice'), request }) as ThrottleOutcome).allowed;
    const keys = ['x'.repeat(5000), `${'x'.repeat(5000)}y`, '\ud800', '\ud801', '\ufffd', 'ü', '{a}', 'a}', ' '];
    for (const key of keys) expect(from(key)).toBe(true);
    for (const key of keys) expect(from(key)).toBe(false);
  });

  test.each([5, null, '', {}])('of your own that answers %j is an exception, not an admission', (answer) => {
    const { compiled } = throttleOf({ tenant: { rate: '1/h', subject: () => answer as string } });
    expect(() => compiled.decide(user('alice'))).toThrow(
      /policies\.tenant\.subject\(\) cannot be .*: return a non-empty string/,
    );
  });
});

describe('a token that comes again', () => {
  const token = {};

  test('is counted on under the same key', () => {
    const { ask } = throttleOf({ user: '2/h', client: '3/h', token: '4/h' });
    const remaining = () => ask({ ...user('alice', 'app', 'key'), token }).fields.ratelimit;
    expect(remaining()).toBe('"user";r=1;t=3600, "client";r=2;t=3600, "token";r=3;t=3600');
    expect(remaining()).toBe('"user";r=0;t=3600, "client";r=1;t=3600, "token";r=2;t=3600');
  });

  test('with another principal is counted under the other one', () => {
    const { ask } = throttleOf({ user: '1/h' });
    expect(ask({ ...user('alice'), token }).allowed).toBe(true);
    expect(ask({ ...user('bob'), token }).allowed).toBe(true);
    expect(ask({ ...user('bob'), token }).allowed).toBe(false);
    expect(ask({ ...user('alice'), token }).allowed).toBe(false);
  });

  test('of an anonymous principal is counted by each address', () => {
    const { ask } = throttleOf({ anon: '1/h' });
    expect(ask({ ...anonymous('ip:203.0.113.1'), token }).allowed).toBe(true);
    expect(ask({ ...anonymous('ip:203.0.113.2'), token }).allowed).toBe(true);
    expect(ask({ ...anonymous('ip:203.0.113.2'), token }).allowed).toBe(false);
  });

  test('with an anonymous principal after another one is counted by its address', () => {
    const { ask } = throttleOf({ user: '1/h' });
    expect(ask({ ...user('alice'), token }).allowed).toBe(true);
    for (const allowed of [true, false])
      expect(ask({ ...anonymous('ip:203.0.113.7'), token })).toMatchObject({ allowed });
  });

  test('has the subject of the host asked for every request, also beside policies that need no asking', () => {
    let tenants = 0;
    const subject = () => {
      tenants += 1;
      return `tenant-${tenants}`;
    };
    const { ask } = throttleOf({ user: '9/h', tenant: { rate: '1/h', subject } });
    for (let request = 0; request < 3; request += 1) expect(ask({ ...user('alice'), token }).allowed).toBe(true);
    expect(tenants).toBe(3);
  });

  test('has the cost of the host asked for every request, also beside rates that are fixed', () => {
    let cost = 0;
    const weigh = () => {
      cost += 1;
      return cost;
    };
    const { ask } = throttleOf({ user: { rate: '9/h', cost: weigh } });
    const remaining = () => ask({ ...user('alice'), token }).fields.ratelimit;
    expect([remaining(), remaining(), remaining()]).toEqual([8, 6, 3].map((left) => `"user";r=${left};t=3600`));
  });

  test('has functions of the host asked for every request', () => {
    const asked = { subject: 0, cost: 0, rate: 0 };
    const count = (what: keyof typeof asked): number => {
      asked[what] += 1;
      return asked[what];
    };
    const { ask } = throttleOf({
      tenant: { rate: '9/h', subject: () => `tenant-${count('subject')}` },
      weighed: { rate: '9/h', cost: () => count('cost') },
      planned: { rate: () => `${count('rate')}/h` },
    });
    for (let request = 0; request < 3; request += 1) ask({ ...user('alice'), token });
    expect(asked).toEqual({ subject: 3, cost: 3, rate: 3 });
  });
});

describe('costs', () => {
  test('count as so many units', () => {
    const { ask } = throttleOf({ user: { rate: '10/h', cost: 4 } });
    expect(ask(user('alice')).fields.ratelimit).toBe('"user";r=6;t=3600');
    expect(ask(user('alice')).fields.ratelimit).toBe('"user";r=2;t=3600');
    expect(ask(user('alice'))).toMatchObject({ allowed: false, fields: { ratelimit: '"user";r=2;t=3600' } });
  });

  test('may be worked out for each request', () => {
    const cost = ({ request }: ThrottleSubject) => request as number;
    const { compiled } = throttleOf({ user: { rate: '10/h', cost } });
    const ask = (request: number) => (compiled.decide({ ...user('alice'), request }) as ThrottleOutcome).allowed;
    expect([ask(7), ask(4), ask(3), ask(1), ask(0)]).toEqual([true, false, true, false, true]);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 11, '1', undefined, null])(
    'a cost function that answers %p is an exception, and nothing is spent',
    (answer) => {
      let costs: unknown = answer;
      const { compiled } = throttleOf({ user: { rate: '10/h', cost: () => costs as number } });
      expect(() => compiled.decide(user('alice'))).toThrow(/policies\.user\.cost\(\) cannot be/);
      costs = 10;
      expect((compiled.decide(user('alice')) as ThrottleOutcome).allowed).toBe(true);
    },
  );
});

describe('rates', () => {
  test('of one policy may be several, distinguished in the fields by their windows', () => {
    const { ask, clock } = throttleOf({ user: { rate: ['2/s', '3/h'] } });
    ask(user('alice'));
    expect(ask(user('alice')).fields).toEqual({
      'ratelimit-policy': '"user/1";q=2;w=1, "user/3600";q=3;w=3600',
      ratelimit: '"user/1";r=0;t=1, "user/3600";r=1;t=3600',
    });
    expect(ask(user('alice'))).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
    clock.advance(1000);
    expect(ask(user('alice')).allowed).toBe(true);
    expect(ask(user('alice'))).toMatchObject({ allowed: false, retryAfterSeconds: 3599 });
  });

  const plans: Record<string, string | null> = { free: '1/h', paid: '3/h', staff: null };
  const planOf = ({ userId }: ThrottleSubject) => plans[userId as string] as string | null;

  test('may be worked out for each request, at once', () => {
    const { ask } = throttleOf({ user: { rate: planOf } });
    expect([ask(user('free')).allowed, ask(user('free')).allowed]).toEqual([true, false]);
    expect(ask(user('paid')).fields['ratelimit-policy']).toBe('"user";q=3;w=3600');
    expect([1, 2, 3].map(() => ask(user('paid')).allowed)).toEqual([true, true, false]);
    expect([1, 2, 3].map(() => ask(user('staff')).allowed)).toEqual([true, true, true]);
  });

  test('may be worked out for each request, with a promise', async () => {
    const { compiled } = throttleOf({
      user: { rate: async (subject) => planOf(subject) },
      all: { rate: '100/h', subject: 'user' },
    });
    const first = compiled.decide(user('free'));
    expect(first).toBeInstanceOf(Promise);
    expect((await first).fields.ratelimit).toBe('"user";r=0;t=3600, "all";r=99;t=3600');
    expect((await compiled.decide(user('free'))).fields.ratelimit).toBe('"user";r=0;t=3600, "all";r=99;t=3600');
    expect((await compiled.decide(user('staff'))).fields.ratelimit).toBe('"all";r=99;t=3600');
  });

  test('are asked only for policies that apply', () => {
    const { ask } = throttleOf({
      anon: {
        rate: () => {
          throw new Error('asked');
        },
      },
    });
    expect(ask(user('alice')).allowed).toBe(true);
    expect(() => ask(anonymous())).toThrow('asked');
  });

  test.each(['5/month', '', undefined, 5, 'ten', '-1/m'])(
    'a rate function that answers %j is an exception, not an admission',
    async (answer) => {
      const { compiled } = throttleOf({ user: { rate: () => answer as string } });
      expect(() => compiled.decide(user('alice'))).toThrow(/policies\.user\.rate\(\) cannot be/);
      const { compiled: later } = throttleOf({ user: { rate: async () => answer as string } });
      await expect(later.decide(user('alice'))).rejects.toThrow(/policies\.user\.rate\(\) cannot be/);
    },
  );

  test('a rate function that rejects is an exception, also alongside one that throws', async () => {
    const { compiled } = throttleOf({
      user: { rate: async () => Promise.reject(new Error('plans are away')) },
    });
    await expect(compiled.decide(user('alice'))).rejects.toThrow('plans are away');
    const { compiled: both } = throttleOf({
      user: { rate: async () => Promise.reject(new Error('plans are away')) },
      other: {
        rate: () => {
          throw new Error('thrown');
        },
      },
    });
    expect(() => both.decide(user('alice'))).toThrow('thrown');
    await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('a fixed cost that does not fit into a rate of a function is an exception', () => {
    const { compiled } = throttleOf({ user: { rate: planOf, cost: 2 } });
    expect(() => compiled.decide(user('free'))).toThrow('cost cannot be 2: it never fits into 1 in 3600 s');
    expect((compiled.decide(user('paid')) as ThrottleOutcome).allowed).toBe(true);
  });
});

describe('compiling', () => {
  test('puts policies that hold for every action first, and counts one that is named twice once', () => {
    const throttle = createThrottle({ policies: { user: '5/h', burst: '3/s' }, global: ['burst'] });
    expect(throttle.policyNames).toEqual(['user', 'burst']);
    const usual = { subject: 'user', cost: 1, algorithm: 'fixed-window' };
    const compiled = throttle.compile(['user', 'burst', 'user']);
    expect(compiled.policies).toEqual([
      { name: 'burst', description: '3/s', rates: [{ limit: 3, windowSeconds: 1 }], ...usual },
      { name: 'user', description: '5/h', rates: [{ limit: 5, windowSeconds: 3600 }], ...usual },
    ]);
    expect((compiled.decide(user('alice')) as ThrottleOutcome).fields.ratelimit).toBe(
      '"burst";r=2;t=1, "user";r=4;t=3600',
    );
    expect(throttle.compile([]).policies).toHaveLength(1);
  });

  test('describes who is counted, what a request costs, and how, or says that a function does', () => {
    const throttle = createThrottle({
      policies: {
        client: { rate: '5/h', cost: 2, algorithm: 'sliding-window' },
        tenant: { rate: () => '5/h', subject: () => 'a', cost: () => 3 },
      },
    });
    expect(throttle.compile(['client', 'tenant']).policies).toEqual([
      {
        ...{ name: 'client', description: '5/h', rates: [{ limit: 5, windowSeconds: 3600 }] },
        ...{ subject: 'client', cost: 2, algorithm: 'sliding-window' },
      },
      {
        ...{ name: 'tenant', description: 'by function', rates: undefined },
        ...{ subject: 'function', cost: 'function', algorithm: 'fixed-window' },
      },
    ]);
  });

  test('names a policy that cannot be read', () => {
    const policies = {
      get user(): string {
        throw new Error('away');
      },
    };
    expect(() => createThrottle({ policies })).toThrow('throttling.policies.user');
  });

  test('shares the counter of a policy between actions', () => {
    const throttle = createThrottle({ policies: { user: '1/h' } });
    expect((throttle.compile(['user']).decide(user('alice')) as ThrottleOutcome).allowed).toBe(true);
    expect((throttle.compile(['user']).decide(user('alice')) as ThrottleOutcome).allowed).toBe(false);
  });

  test('takes policies that are declared in place, and shares equal ones', () => {
    const throttle = createThrottle({ policies: { user: '5/h' } });
    const askHere = () => throttle.compile([{ name: 'export', rate: '1/d' }]).decide(user('alice')) as ThrottleOutcome;
    expect([askHere().allowed, askHere().allowed]).toEqual([true, false]);
    expect(() => throttle.compile([{ name: 'export', rate: '2/d' }], 'Reports.get')).toThrow(
      'Reports.get (policy export) cannot be an object: another throttling policy has this name; choose a different one.',
    );
    expect(() => throttle.compile([{ name: 'user', rate: '5/h' }])).toThrow(
      '(policy user) cannot be an object: another throttling policy',
    );
    expect(() => throttle.compile([{ name: 'EXPORT', rate: '5/h' }])).toThrow('only in case');
    expect(() => throttle.compile([{ rate: '5/h' } as never])).toThrow('an object with a name and a rate');
  });

  test.each<[string, Partial<PolicyOptions>]>([
    ['subject', { subject: 'client' }],
    ['cost', { cost: 2 }],
    ['counted answers', { countWhen: 'refused' }],
    ['rate', { rate: '6/h' }],
  ])('makes another policy of one with another %s', (_, other) => {
    const throttle = createThrottle({});
    const policy = { name: 'export', rate: '5/h' };
    throttle.compile([policy]);
    expect(() => throttle.compile([policy, { ...policy }])).not.toThrow();
    expect(() => throttle.compile([{ ...policy, ...other }])).toThrow('another throttling policy has this name');
  });

  test('takes a name again whose policy was not valid', () => {
    const throttle = createThrottle({});
    expect(() => throttle.compile([{ name: 'export', rate: 'often' }])).toThrow('it is not a rate');
    expect(throttle.compile([{ name: 'export', rate: '5/h' }]).policies).toHaveLength(1);
  });

  test('finds lists of the same rates equal', () => {
    const throttle = createThrottle({});
    const compile = (...rate: string[]) => throttle.compile([{ name: 'export', rate }]);
    const ask = () => compile('1/s', '5/h').decide(user('alice')) as ThrottleOutcome;
    expect([ask().allowed, ask().allowed]).toEqual([true, false]);
    for (const rates of [['1/s'], ['1/s', '6/h'], ['5/h', '1/s']]) {
      expect(() => compile(...rates)).toThrow('another throttling policy has this name');
    }
  });

  test('refuses a name that is not declared, and says which are', () => {
    const throttle = createThrottle({ policies: { user: '5/h', anon: '1/h' } });
    expect(() => throttle.compile(['uploads'], 'Books.create')).toThrow(
      'Books.create cannot be "uploads": there is no such throttling policy; declare it in throttling.policies (declared: user, anon).',
    );
    expect(() => throttle.compile(['toString'])).toThrow(
      '@Throttle cannot be "toString": there is no such throttling policy',
    );
    expect(() => createThrottle({ global: ['user'] })).toThrow(
      'throttling.global[0] cannot be "user": there is no such',
    );
    expect(() => throttle.compile(['usr'])).toThrow(
      'there is no such throttling policy, did you mean user?; declare it in throttling.policies (declared: user, anon).',
    );
    expect(() => createThrottle({ global: [5 as never] })).toThrow(
      'throttling.global[0] cannot be 5: there is no such throttling policy; declare it in throttling.policies (declared: none).',
    );
  });
});

describe('a throttle', () => {
  const recording = () => {
    const calls: string[] = [];
    const record = (name: string) => async () => void calls.push(name);
    const engine: ThrottleEngine = {
      consume: () => ({ allowed: true, results: [] }),
      refund() {},
      ready: record('ready'),
      readyAlone: record('readyAlone'),
      close: record('close'),
    };
    return { engine, calls };
  };

  test.each([
    ['closed', ['ready']],
    ['open', ['ready']],
    ['local', ['ready', 'readyAlone']],
  ] as const)('is ready when its engine is (%s), and closes it', async (whenStoreFails, awaited) => {
    const { engine, calls } = recording();
    const throttle = createThrottle({ engine, whenStoreFails });
    await throttle.ready();
    expect(calls).toEqual(awaited);
    await throttle.close();
    expect(calls.at(-1)).toBe('close');
  });

  test.each(['closed', 'local'] as const)('takes an engine that needs neither (%s)', async (whenStoreFails) => {
    const engine = { consume: () => ({ allowed: true, results: [] }), refund() {} };
    const throttle = createThrottle({ engine, whenStoreFails });
    await throttle.ready();
    await throttle.close();
  });
});
