import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { only, PagesServer, passwordOf } from './pages-server.js';

describe('forms of the pages', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  const right = { username: 'alice', password: passwordOf('alice') };

  test('[AS-30 §4.12] a form without its token, with a wrong one or with that of another browser is refused', async () => {
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    const { csrf_token: token = '', ...rest } = form.fields;
    const foreign = only(await pages.agent().get('/oauth2/sign-in')).fields.csrf_token as string;
    for (const csrf of [undefined, '', `${token}x`, token.slice(1), foreign]) {
      const fields = { ...rest, ...right, ...(csrf !== undefined && { csrf_token: csrf }) };
      const answer = await agent.post(form.action, fields);
      expect([answer.status, answer.heading]).toEqual([403, 'This did not work']);
      expect(answer.headers.getSetCookie().join()).not.toContain('session');
    }
    // Without the cookie even the right token is worth nothing.
    expect((await pages.agent().submit(form, right)).status).toBe(403);
    expect((await agent.submit(form, right)).status).toBe(303);
  });

  test('[AS-30 §4.12] the token of one form is worth nothing for another, nor for another user', async () => {
    const agent = await pages.signedIn('alice');
    const signOut = only(await agent.get('/oauth2/sign-out'));
    const register = only(await agent.get('/oauth2/applications/new'));
    const token = { csrf_token: signOut.fields.csrf_token as string };
    expect((await agent.submit(register, { name: 'X', ...token })).status).toBe(403);
    // The same browser, after somebody else has signed in with it.
    await agent.submit(signOut, { logout: 'yes' });
    await agent.submit(only(await agent.get('/oauth2/sign-in')), { username: 'bob', password: passwordOf('bob') });
    expect((await agent.submit(register, { name: 'X' })).status).toBe(403);
  });

  test.each([
    ['Sec-Fetch-Site of another site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site of a sister domain', { 'sec-fetch-site': 'same-site' }],
    ['Origin of another site', { origin: 'https://evil.example' }],
    ['Origin that is none', { origin: 'nonsense' }],
  ])('a form with a %s is refused, also with the right token', async (_name, headers) => {
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    expect((await agent.submit(form, right, headers)).status).toBe(403);
  });

  test('what browsers send with a form of these pages is accepted', async () => {
    const origins = ['null', pages.server.url];
    for (const origin of origins) {
      const agent = pages.agent();
      const form = only(await agent.get('/oauth2/sign-in'));
      const answer = await agent.submit(form, right, { origin, 'sec-fetch-site': 'same-origin' });
      expect(answer.status).toBe(303);
    }
  });

  test.each([
    ['a field twice', 'username=alice&username=bob&password=x', 400],
    ['NUL in a value', 'username=al%00ice&password=x', 400],
    ['NUL in a name', 'user%00name=alice&password=x', 400],
    ['a broken escape', 'username=%zz&password=x', 400],
    ['bytes that are no UTF-8', 'username=%ff%fe&password=x', 400],
    ['bytes that are not escaped', 'username=\u00e4&password=x', 400],
    ['too many fields', Array.from({ length: 300 }, (_, index) => `f${index}=1`).join('&'), 400],
    ['too long a body', `username=${'a'.repeat(70_000)}`, 413],
    ['an empty body', '', 403],
    ['only separators', '&&&==&', 403],
  ])('a body with %s is refused with a page, never with a 500', async (_name, body, status) => {
    const answer = await pages.agent().post('/oauth2/sign-in', body);
    expect([answer.status, answer.heading]).toEqual([status, 'This did not work']);
  });

  test('an over-long user name or password is refused, and not cut off', async () => {
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    expect((await agent.submit(form, { username: 'a'.repeat(256), password: 'x' })).status).toBe(400);
    expect((await agent.submit(form, { username: 'alice', password: 'x'.repeat(1025) })).status).toBe(400);
  });

  test.each([
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/x-www-form-urlencoded; charset=iso-8859-1',
  ])('a form as %s is refused with 415', async (type) => {
    const answer = await pages.agent().post('/oauth2/sign-in', '{"username":"alice"}', { 'content-type': type });
    expect(answer.status).toBe(415);
  });

  test('a wrong method is answered with 405 and what is allowed', async () => {
    for (const [method, path, allowed] of [
      ['PUT', '/oauth2/sign-in', 'GET, HEAD, POST'],
      ['DELETE', '/oauth2/applications/x', 'GET, HEAD'],
      ['POST', '/oauth2/authorized-applications', 'GET, HEAD'],
    ] as const) {
      const response = await fetch(pages.server.url + path, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
    }
  });

  test.each([
    '/oauth2/sign-in?return_to=%',
    '/oauth2/sign-in?return_to=a&return_to=b',
    '/oauth2/interaction/%E0%A4%A',
    '/oauth2/interaction/%00',
    '/oauth2/continue',
    '/oauth2/continue?to=https%3A%2F%2Fevil.example&csrf_token=x',
  ])('GET %s is a 400 page', async (path) => {
    const answer = await pages.agent().get(path);
    expect([answer.status, answer.heading]).toEqual([400, 'This did not work']);
  });

  test('the page that leads on leads only where this server has sent this browser', async () => {
    const agent = pages.agent();
    const answer = await agent.submit(only(await agent.get('/oauth2/sign-in')), right);
    const url = new URL(answer.location, pages.server.url);
    expect(url.pathname).toBe('/oauth2/continue');
    expect((await agent.get(answer.location)).status).toBe(200);
    expect((await pages.agent().get(answer.location)).status).toBe(400);
    url.searchParams.set('to', 'https://evil.example/');
    expect((await agent.get(url.pathname + url.search)).status).toBe(400);
  });
});
