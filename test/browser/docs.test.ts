import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type BookstoreProcess, freshStack, type Stack, startBookstore } from '../support/bookstore.js';
import { openPage, startChromium } from './chromium.js';
import { signIn } from './site.js';

let stack: Stack;
let bookstore: BookstoreProcess;
let browser: Browser;

beforeAll(async () => {
  stack = await freshStack('SQLite + memory');
  [bookstore, browser] = await Promise.all([startBookstore(stack), startChromium()]);
}, 60_000);

afterAll(async () => {
  await Promise.all([bookstore.stop(), browser.close()]);
  await stack.drop();
});

interface Watched {
  readonly page: Page;
  /** What the browser refused to load or run. */
  readonly violations: string[];
  /** The hosts of all requests, also of popups. */
  readonly hosts: Set<string>;
}

async function openDocs(): Promise<Watched> {
  const page = await openPage(browser, { baseURL: bookstore.url });
  const violations: string[] = [];
  const hosts = new Set<string>();
  page.context().on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
  });
  page.context().on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:') hosts.add(host);
  });
  await page.goto('/docs');
  await page.locator('.auth-wrapper .authorize').waitFor();
  return { page, violations, hosts };
}

/** Tries an operation without parameters; answers the status that the page shows. */
async function statusOf(page: Page, path: string): Promise<string> {
  const operation = page.locator('.opblock-get').filter({ has: page.locator(`[data-path="${path}"]`) });
  const execute = operation.getByRole('button', { name: 'Execute' });
  if (!(await execute.isVisible())) {
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
  }
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === path),
    execute.click(),
  ]);
  const shown = operation.locator('.live-responses-table tbody .response-col_status').first();
  await shown.filter({ hasText: String(answer.status()) }).waitFor();
  return ((await shown.textContent()) ?? '').trim().slice(0, 3);
}

describe('[RS-75] the page about the interface', () => {
  test('signs people in by the code flow with PKCE in a popup, after which a guarded operation answers 200', async () => {
    const { page, violations, hosts } = await openDocs();
    expect(await statusOf(page, '/api/protected')).toBe('401');
    await page.locator('.auth-wrapper .authorize').click();
    const flow = page.locator('.auth-container').filter({ hasText: 'authorizationCode with PKCE' });
    const [popup] = await Promise.all([page.waitForEvent('popup'), flow.locator('button.authorize').click()]);
    await signIn(popup, 'alice', 'wonderland');
    const [exchange] = await Promise.all([
      page.waitForRequest((request) => new URL(request.url()).pathname === '/oauth2/token'),
      popup.waitForEvent('close'),
      popup.getByRole('button', { name: 'Allow' }).click(),
    ]);
    const form = new URLSearchParams(exchange.postData() ?? '');
    expect(form.get('code_verifier')).toMatch(/^[\w-]{43,128}$/);
    expect(form.get('redirect_uri')).toBe(`${bookstore.url}/docs/oauth2-redirect.html`);
    await flow.locator('button', { hasText: 'Logout' }).waitFor();
    await flow.locator('.btn-done').click();
    expect(await statusOf(page, '/api/protected')).toBe('200');
    expect(violations).toEqual([]);
    expect([...hosts]).toEqual([new URL(bookstore.url).host]);
    await page.context().close();
  });
});
