import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { arrival, Site, signIn } from './site.js';

describe.each([
  ['on', true],
  ['off', false],
])('login and consent with JavaScript %s', (_name, javaScriptEnabled) => {
  let site: Site;
  const pages: Page[] = [];

  beforeAll(async () => {
    site = await Site.start();
  }, 60_000);

  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });

  afterAll(() => site.close());

  async function open(): Promise<Page> {
    const page = await site.open({ javaScriptEnabled });
    pages.push(page);
    return page;
  }

  test('a user who signs in and allows arrives at the application with a code', async () => {
    const page = await open();
    await page.goto(site.authorizeUrl(await site.register()));
    await signIn(page, 'alice');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    expect(await page.getByRole('listitem').allInnerTexts()).toEqual([
      'Read your books read',
      'Change your books write',
    ]);
    await page.getByRole('button', { name: 'Allow' }).click();
    const parameters = await arrival(page);
    expect(parameters.get('state')).toBe('a-state');
    expect(parameters.get('code')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('an application may send the browser on to yet another origin', async () => {
    const page = await open();
    const client = await site.register();
    await page.goto(site.authorizeUrl(client, { redirect_uri: site.callback.redirectingUrl }));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    expect((await arrival(page)).has('code')).toBe(true);
    expect(new URL(page.url()).hostname).toBe('localhost');
  });

  test('a wrong password is said, the user name stays, and the field for the password is where one goes on', async () => {
    const page = await open();
    await page.goto(site.authorizeUrl(await site.register()));
    await signIn(page, 'alice', 'wrong');
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toMatch(/^Error: Sign in/);
    expect(await page.getByLabel('User name').inputValue()).toBe('alice');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
    await signIn(page, 'alice');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  });

  test('a user who denies arrives at the application with access_denied', async () => {
    const page = await open();
    await page.goto(site.authorizeUrl(await site.register()));
    await signIn(page, 'bob');
    await page.getByRole('button', { name: 'Deny' }).click();
    const parameters = await arrival(page);
    expect([parameters.get('error'), parameters.get('code')]).toEqual(['access_denied', null]);
  });

  test('what was allowed is not asked for again: the browser is let through', async () => {
    const page = await open();
    const client = await site.register();
    await page.goto(site.authorizeUrl(client));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    await arrival(page);
    await page.goto(site.authorizeUrl(client));
    expect((await arrival(page)).has('code')).toBe(true);
    await page.goto(site.authorizeUrl(client, { prompt: 'consent' }));
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  });

  test('[AS-56 §4.7] a cookie of another browser that is planted alongside its own opens nobody else’s interaction', async () => {
    const client = await site.register();
    const mallory = await open();
    await mallory.goto(site.authorizeUrl(client));
    const interaction = mallory.url();
    const alice = await open();
    await alice.goto(site.authorizeUrl(client));
    const { pathname } = new URL(interaction);
    const planted = await mallory.context().cookies();
    expect(planted.length).toBeGreaterThan(0);
    await alice.context().addCookies(planted.map((cookie) => ({ ...cookie, path: pathname })));
    await alice.goto(interaction);
    await alice.getByRole('heading', { name: 'This did not work' }).waitFor();
    expect(await alice.getByLabel('Password').count()).toBe(0);
    await signIn(mallory, 'bob');
    await mallory.getByRole('heading', { name: 'Allow access?' }).waitFor();
  });

  test('[RFC 8252 §7.1] where the browser does not follow to an application’s own scheme, the link is there to be followed', async () => {
    const page = await open();
    const native = 'com.example.app:/callback';
    const client = await site.register({ clientType: 'public', redirectUris: [native] });
    await page.goto(site.authorizeUrl(client, { redirect_uri: native }));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    const link = page.getByRole('link', { name: 'Continue' });
    await link.waitFor();
    const target = new URL((await link.getAttribute('href')) ?? '');
    expect([target.protocol, target.pathname]).toEqual(['com.example.app:', '/callback']);
    expect([target.searchParams.get('state'), target.searchParams.has('code')]).toEqual(['a-state', true]);
    // Nobody is there to take it in this browser; the page stays, and so does the link.
    await link.click();
    expect(await link.getAttribute('href')).toBe(target.href);
  });

  test('signing out at the request of an application leads back to it', async () => {
    const page = await open();
    const client = await site.register({ postLogoutRedirectUris: [site.callback.redirectingUrl] });
    await page.goto(site.authorizeUrl(client));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    await arrival(page);
    const query = new URLSearchParams({
      client_id: client.clientId,
      post_logout_redirect_uri: site.callback.redirectingUrl,
      state: 'bye',
    });
    await page.goto(`/oauth2/logout?${query}`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect((await arrival(page)).get('state')).toBe('bye');
    await page.goto(site.authorizeUrl(client));
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
