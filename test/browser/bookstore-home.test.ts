import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { type BookstoreProcess, freshStack, type Stack, startBookstore } from '../support/bookstore.js';
import { openPage, startChromium } from './chromium.js';
import { textContrasts } from './contrast.js';

describe('[ALL-68] the home page of the example', () => {
  let browser: Browser;
  let stack: Stack;
  let shop: BookstoreProcess;

  beforeAll(async () => {
    [browser, stack] = await Promise.all([startChromium(), freshStack('SQLite + memory')]);
    shop = await startBookstore(stack);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
    await stack?.drop();
  });

  test.each(['light', 'dark'] as const)('is read easily, and breaks none of its rules, %s', async (colorScheme) => {
    const page = await openPage(browser, { colorScheme, baseURL: shop.url });
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto('/');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Bookstore');
    const contrasts = await textContrasts(page);
    expect(contrasts.length).toBeGreaterThan(10);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    // The icon that browsers ask for by themselves is not there.
    expect(said.filter((text) => !text.includes('404'))).toEqual([]);
    await page.context().close();
  });

  test('on a narrow screen nothing but the table is wider', async () => {
    const page = await openPage(browser, { viewport: { width: 320, height: 640 }, baseURL: shop.url });
    await page.goto('/');
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test('leads by the keyboard to the content, and to a token for the demo application', async () => {
    const page = await openPage(browser, { baseURL: shop.url });
    await page.goto('/');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Try the demo application');
    await page.keyboard.press('Enter');
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('wonderland');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'The demo application got access' }).waitFor();
    const contrasts = await textContrasts(page);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    await page.context().close();
  });
});
