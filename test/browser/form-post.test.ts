import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ApplicationSite, startApplicationSite } from './application-site.js';
import { Site, signIn } from './site.js';

describe.each([
  ['on', true],
  ['off', false],
])('answers by form with JavaScript %s', (_name, javaScriptEnabled) => {
  let site: Site;
  let application: ApplicationSite;
  beforeAll(async () => {
    [site, application] = await Promise.all([Site.start(), startApplicationSite()]);
  }, 60_000);
  afterAll(() => Promise.all([site.close(), application.close()]));

  /** What the last form brought along, once it was sent. */
  async function arrived(page: Page): Promise<URLSearchParams> {
    // Where no script sends the form, its button does.
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Welcome to the shop' }).waitFor();
    return application.posted.pop() ?? new URLSearchParams();
  }

  test('[OAuth Form Post Response Mode §2] a code, and a refusal, reach the application by POST', async () => {
    const page = await site.open({ javaScriptEnabled });
    const redirectUri = `${application.origin}/callback`;
    const client = await site.register({ redirectUris: [redirectUri] });
    const to = site.authorizeUrl(client, { redirect_uri: redirectUri, response_mode: 'form_post', state: '"<a>&' });
    await page.goto(to);
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Deny' }).click();
    const refused = await arrived(page);
    expect([refused.get('error'), refused.get('state')]).toEqual(['access_denied', '"<a>&']);
    await page.goto(to);
    await page.getByRole('button', { name: 'Allow' }).click();
    const allowed = await arrived(page);
    expect([allowed.get('state'), allowed.get('iss')]).toEqual(['"<a>&', site.server.url]);
    expect(allowed.get('code')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(page.url()).toBe(redirectUri);
    await page.context().close();
  });

  test('[OAuth Form Post Response Mode §2] the application may send the browser on to another origin', async () => {
    const page = await site.open({ javaScriptEnabled });
    const redirectUri = `${application.origin}/redirecting`;
    const client = await site.register({ redirectUris: [redirectUri] });
    await page.goto(site.authorizeUrl(client, { redirect_uri: redirectUri, response_mode: 'form_post' }));
    await signIn(page, 'alice');
    await page.getByRole('button', { name: 'Allow' }).click();
    await arrived(page);
    expect(page.url()).toBe(`${application.otherOrigin}/arrived`);
    await page.context().close();
  });
});
