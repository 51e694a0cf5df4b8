import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ApplicationSite, startApplicationSite } from './application-site.js';
import { Site, signIn } from './site.js';

describe('an application that signs its users in in a popup', () => {
  let site: Site;
  let application: ApplicationSite;
  beforeAll(async () => {
    [site, application] = await Promise.all([Site.start(), startApplicationSite()]);
  }, 60_000);
  afterAll(() => Promise.all([site.close(), application.close()]));

  /** Opens an address in a popup, from a page of the application. */
  async function openPopup(page: Page, to: string): Promise<Page> {
    await page.goto(`${application.origin}/opener?${new URLSearchParams({ to })}`);
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button').click()]);
    return popup;
  }

  async function told(page: Page): Promise<{ readonly origin: string; readonly answer: URLSearchParams }> {
    const output = page.locator('output:not(:empty)');
    const [origin = '', search = ''] = ((await output.textContent()) ?? '').split(' ');
    return { origin, answer: new URLSearchParams(search) };
  }

  const client = () =>
    site.register({
      redirectUris: [`${application.origin}/popup-callback`, `${application.otherOrigin}/popup-callback`],
    });

  test('[HTML §7.1.3] the page that opened it is told the code, after login and consent, and at once the next time', async () => {
    const page = await site.open();
    const to = site.authorizeUrl(await client(), { redirect_uri: `${application.origin}/popup-callback` });
    const popup = await openPopup(page, to);
    await signIn(popup, 'alice');
    await popup.getByRole('heading', { name: 'Allow access?' }).waitFor();
    expect(await page.locator('body').getAttribute('data-popup')).toBe('open');
    await popup.getByRole('button', { name: 'Allow' }).click();
    const { origin, answer } = await told(page);
    expect([origin, answer.get('state')]).toEqual([application.origin, 'a-state']);
    expect(answer.get('code')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await openPopup(page, to);
    expect((await told(page)).answer.get('code')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await page.context().close();
  });

  test('[HTML §7.1.3] also where the answer goes to another origin than the page’s, and where the user denies', async () => {
    const page = await site.open();
    const to = site.authorizeUrl(await client(), { redirect_uri: `${application.otherOrigin}/popup-callback` });
    const popup = await openPopup(page, to);
    await signIn(popup, 'alice');
    await popup.getByRole('button', { name: 'Deny' }).click();
    const { origin, answer } = await told(page);
    expect([origin, answer.get('error')]).toEqual([application.otherOrigin, 'access_denied']);
    await page.context().close();
  });

  test('[HTML §7.1.3] signing out in a popup leaves it connected too', async () => {
    const page = await site.open();
    const open = await client();
    const signOut = await site.register({ postLogoutRedirectUris: [`${application.origin}/popup-callback`] });
    const first = await openPopup(
      page,
      site.authorizeUrl(open, { redirect_uri: `${application.origin}/popup-callback` }),
    );
    await signIn(first, 'alice');
    await first.getByRole('button', { name: 'Allow' }).click();
    await told(page);
    const query = new URLSearchParams({
      client_id: signOut.clientId,
      post_logout_redirect_uri: `${application.origin}/popup-callback`,
      state: 'signed-out',
    });
    const popup = await openPopup(page, `${site.server.url}/oauth2/logout?${query}`);
    await popup.getByRole('button', { name: 'Sign out' }).click();
    expect((await told(page)).answer.get('state')).toBe('signed-out');
    await page.context().close();
  });
});

describe('with popups off', () => {
  let site: Site;
  let application: ApplicationSite;
  beforeAll(async () => {
    [site, application] = await Promise.all([Site.start({ options: { popups: false } }), startApplicationSite()]);
  }, 60_000);
  afterAll(() => Promise.all([site.close(), application.close()]));

  test('[HTML §7.1.3] the pages of sign-in belong to nobody who opened them', async () => {
    const page = await site.open();
    const redirectUri = `${application.origin}/popup-callback`;
    const client = await site.register({ clientType: 'public', redirectUris: [redirectUri] });
    const to = site.authorizeUrl(client, { redirect_uri: redirectUri });
    await page.goto(`${application.origin}/opener?${new URLSearchParams({ to })}`);
    const [popup] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('button').click()]);
    await signIn(popup, 'alice');
    await popup.getByRole('button', { name: 'Allow' }).click();
    await popup.getByRole('heading', { name: 'The opener is gone' }).waitFor();
    await page.context().close();
  });
});
