import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ApplicationSite, startApplicationSite } from './application-site.js';
import { arrival, Site, signIn } from './site.js';

describe.each([
  ['on', true],
  ['off', false],
])('an application of another site that posts its requests, with JavaScript %s', (_name, javaScriptEnabled) => {
  let site: Site;
  let application: ApplicationSite;
  beforeAll(async () => {
    [site, application] = await Promise.all([Site.start(), startApplicationSite()]);
  }, 60_000);
  afterAll(() => Promise.all([site.close(), application.close()]));

  /** Posts a request from a page at `localhost`, which is another site than `127.0.0.1`. */
  async function post(page: Page, url: string, more: Record<string, string> = {}): Promise<void> {
    const { origin, pathname, searchParams } = new URL(url);
    const fields = new URLSearchParams({ to: origin + pathname, ...Object.fromEntries(searchParams), ...more });
    await page.goto(`${application.otherOrigin}/form?${fields}`);
    await page.getByRole('button', { name: 'Go' }).click();
  }

  async function goOn(page: Page): Promise<void> {
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
  }

  test('[OpenID Connect Core §3.1.2.1] who is signed in is known, though browsers send no cookie with such a form', async () => {
    const page = await site.open({ javaScriptEnabled });
    const client = await site.register();
    const url = site.authorizeUrl(client);
    await post(page, url);
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    expect((await arrival(page)).get('code')).toMatch(/^\S{43}$/);
    await post(page, url, { prompt: 'none' });
    expect((await arrival(page)).get('code')).toMatch(/^\S{43}$/);
    // One that is too long for an address is posted once more, from the server's own page, where the cookies come along.
    const state = 's'.repeat(4_000);
    await post(page, url, { prompt: 'none', state, ui_locales: 'x'.repeat(4_000) });
    await goOn(page);
    const long = await arrival(page);
    expect([long.get('state'), long.get('code')]).toEqual([state, expect.stringMatching(/^\S{43}$/)]);
    await page.context().close();
  });

  test('[RP-Initiated Logout §2] a sign-out asks whoever is signed in', async () => {
    const page = await site.open({ javaScriptEnabled });
    const client = await site.register({ postLogoutRedirectUris: [site.callback.url] });
    await page.goto(site.authorizeUrl(client));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    await arrival(page);
    const query = new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: site.callback.url });
    await post(page, `${site.server.url}/oauth2/logout?${query}`, { state: 'bye' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect((await arrival(page)).get('state')).toBe('bye');
    await page.goto(site.authorizeUrl(client));
    await page.getByLabel('Password').waitFor();
    await page.context().close();
  });
});
