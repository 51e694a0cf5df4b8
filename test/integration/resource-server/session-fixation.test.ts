import { afterAll, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import createSession from 'koa-session';
import { endSession, startSession } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';

const stored = new Map<string, object>();
const store = {
  get: async (key: string) => stored.get(key),
  set: async (key: string, content: object) => void stored.set(key, content),
  destroy: async (key: string) => void stored.delete(key),
};

async function serving(options: object): Promise<Served> {
  const koa = new Koa();
  koa.keys = ['test'];
  koa.use(createSession(options, koa));
  koa.use(async (context: Context) => {
    const session = (context as unknown as { session: Record<string, unknown> }).session;
    if (context.path === '/visit') session.visits = 1;
    if (context.path === '/in') context.body = { csrf: await startSession(context, 'alice') };
    else if (context.path === '/out') endSession(context);
    else context.body = { user: session.userId ?? null, visits: session.visits ?? null };
  });
  return serve(koa);
}

const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

const closing: Served[] = [];
afterAll(async () => {
  for (const one of closing) await one.close();
});

test.each([
  ['in the cookie', {}],
  ['in a store', { store }],
])(
  'signing in gives the session a new id, so that one from before knows nobody: sessions %s',
  async (_where, options) => {
    const served = await serving(options);
    closing.push(served);
    const before = cookiesOf(await served.get('/visit'));
    expect(await (await served.get('/', { headers: { cookie: before } })).json()).toEqual({ user: null, visits: 1 });

    const signedIn = await served.get('/in', { headers: { cookie: before } });
    const after = cookiesOf(signedIn);
    expect(after).toContain(`csrf_token=${((await signedIn.json()) as { csrf: string }).csrf}`);
    const who = async (cookie: string) =>
      ((await (await served.get('/', { headers: { cookie } })).json()) as { user: unknown }).user;
    expect(await who(after)).toBe('alice');
    expect(await who(before)).toBeNull();

    await served.get('/out', { headers: { cookie: after } });
    if ('store' in options) expect(await who(after)).toBeNull();
  },
);

test('a session whose id cannot be renewed is not signed in', () => {
  const content = {};
  const context = {
    get session() {
      return { ...content, externalKey: 'planted' };
    },
    set session(added: object) {
      Object.assign(content, added);
    },
    cookies: { set: () => undefined },
  } as unknown as Context;
  expect(() => startSession(context, 'alice')).toThrow(/the session has an id in a store, and no regenerate\(\)/i);
});
