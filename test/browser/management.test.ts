import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { sha256 } from '../../src/core/digest.js';
import { arrival, openSignedIn, Site, signIn } from './site.js';

describe.each([
  ['on', true],
  ['off', false],
])('the management pages with JavaScript %s', (_name, javaScriptEnabled) => {
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

  test('an application is registered, edited, given a new secret and deleted', async () => {
    const page = await open();
    await openSignedIn(page, 'alice', '/oauth2/applications');
    await page.getByRole('link', { name: 'Register an application' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Night Reader');
    await page.getByLabel('Redirect URIs', { exact: true }).fill('https://night.example/callback');
    await page.getByLabel('Read your books').check();
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('heading', { name: 'Client secret' }).waitFor();
    const secret = (await page.locator('#client-secret').textContent()) as string;
    await page.reload();
    await page.getByRole('heading', { name: 'Night Reader' }).waitFor();
    expect(await page.content()).not.toContain(secret);

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Day Reader');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Day Reader' }).waitFor();

    await page.getByRole('link', { name: 'New secret' }).click();
    await page.getByRole('button', { name: 'Create a new secret' }).click();
    await page.getByRole('heading', { name: 'Client secret' }).waitFor();
    expect(await page.locator('#client-secret').textContent()).not.toBe(secret);

    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The application was deleted.').waitFor();
    await page.getByText('You have not registered an application.').waitFor();
  });

  test('access that was allowed is withdrawn', async () => {
    const page = await open();
    await page.goto(site.authorizeUrl(await site.register({ name: 'Curious' })));
    await signIn(page, 'bob');
    await page.getByRole('button', { name: 'Allow' }).click();
    await arrival(page);
    await page.goto('/oauth2/authorized-applications');
    await page.getByRole('link', { name: 'Withdraw access of Curious' }).click();
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('The access was withdrawn.').waitFor();
    await page.getByText('No application may act for you.').waitFor();
  });

  test('staff finds a token by its digest and revokes it', async () => {
    const client = await site.register({ name: 'Machine', grantTypes: ['client_credentials'], redirectUris: [] });
    const { access_token: token } = await site.server.token(
      { grant_type: 'client_credentials', scope: 'read' },
      client,
    );
    const hash = sha256(token as string).toString('hex');
    const page = await open();
    await openSignedIn(page, 'carol', '/oauth2/staff/tokens');
    await page.getByLabel('SHA-256').fill(hash.slice(0, 10));
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('rowheader', { name: hash.slice(0, 12) }).waitFor();
    expect(await page.content()).not.toContain(token as string);
    await page.getByRole('link', { name: `Revoke token ${hash.slice(0, 12)}` }).click();
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('The token was revoked.').waitFor();
    const inspected = await site.server.post('/oauth2/introspect', { token: token as string }, client);
    expect(await inspected.json()).toEqual({ active: false });
  });

  test('a long list is gone through by keyboard, and its links are found by a screen reader', async () => {
    for (let count = 1; count <= 51; count += 1) await site.register({ name: `Number ${count}`, userId: 'dora' });
    const page = await open();
    await openSignedIn(page, 'carol', '/oauth2/staff/applications');
    await page.goto('/oauth2/staff/applications?user_id=dora');
    await page.getByRole('link', { name: 'Number 51' }).waitFor();
    expect(await page.getByRole('link', { name: 'Number 1', exact: true }).count()).toBe(0);
    const paging = page.getByRole('navigation', { name: 'Pages of this list' });
    await paging.getByRole('link', { name: 'Older' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Number 1', exact: true }).waitFor();
    expect(await page.getByLabel('Owner').inputValue()).toBe('dora');
    await paging.getByRole('link', { name: 'Back to the newest' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Number 51' }).waitFor();
  });

  test('staff finds the applications of a user', async () => {
    await site.register({ name: 'Of bob', userId: 'bob' });
    await site.register({ name: 'Of nobody' });
    const page = await open();
    await openSignedIn(page, 'carol', '/oauth2/staff/applications');
    await page.getByLabel('Owner').fill('bob');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/user_id=bob/);
    await page.getByRole('link', { name: 'Of bob' }).waitFor();
    expect(await page.getByRole('link', { name: 'Of nobody' }).count()).toBe(0);
  });
});
