import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { textContrasts } from './contrast.js';
import { arrival, openSignedIn, Site } from './site.js';

describe('the pages for everyone', () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start();
  }, 60_000);

  afterAll(() => site.close());

  /** What has the focus, as a person would call it. */
  function focused(page: Page): Promise<string> {
    return page
      .locator(':focus')
      .evaluate((element) => element.labels?.[0]?.textContent ?? element.textContent?.trim() ?? '');
  }

  test('the keyboard alone leads from the login to the application, in the order of the page', async () => {
    const page = await site.open();
    await page.goto(site.authorizeUrl(await site.register()));
    expect(await focused(page)).toBe('User name');
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Password');
    await page.keyboard.type('ecila');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Sign in');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Cancel and go back');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    const order = [];
    for (let stop = 0; stop < 3; stop++) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
    }
    expect(order).toEqual(['Skip to the content', 'Allow', 'Deny']);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    expect((await arrival(page)).has('code')).toBe(true);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)('text stands out from its ground by 4.5 to 1, %s', async (colorScheme) => {
    const page = await site.open({ colorScheme, reducedMotion: 'reduce' });
    await site.register({ name: 'Hers', userId: 'carol' });
    await openSignedIn(page, 'carol', '/oauth2/applications');
    for (const path of [
      'applications',
      'applications/new',
      'staff/tokens?hash=zz',
      'sessions',
      'staff/sessions?user_id=carol',
      'staff/overview',
      'device',
      'sign-out',
      'applications/nope',
    ]) {
      await page.goto(`/oauth2/${path}`);
      const contrasts = await textContrasts(page);
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
      expect(contrasts.length).toBeGreaterThan(3);
    }
    await page.context().close();
  });

  test('on a narrow screen nothing has to be scrolled sideways, and what is to be touched is large enough', async () => {
    const page = await site.open({ viewport: { width: 320, height: 640 }, hasTouch: true });
    await openSignedIn(page, 'carol', '/oauth2/applications');
    for (const path of ['applications', 'applications/new', 'staff/tokens', 'staff/overview', 'device']) {
      await page.goto(`/oauth2/${path}`);
      const overhang = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(overhang).toBeLessThanOrEqual(0);
      // WCAG 2.2 §2.5.8 asks for 24 by 24; checkboxes have their labels beside them, which can be touched too.
      const controls = page.locator('button, .button, input[type=text], input[type=search], textarea');
      const heights = await controls.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(24);
    }
    await page.context().close();
  });

  test('fields are filled in by password managers, and headings leave out no level', async () => {
    const page = await site.open();
    await page.goto('/oauth2/sign-in');
    expect(await page.getByLabel('User name').getAttribute('autocomplete')).toBe('username');
    expect(await page.getByLabel('Password').getAttribute('autocomplete')).toBe('current-password');
    await openSignedIn(page, 'carol', '/oauth2/staff/applications');
    for (const path of ['staff/applications', 'staff/tokens?user_id=x', 'staff/overview', 'applications/new']) {
      await page.goto(`/oauth2/${path}`);
      const levels = await page
        .locator('h1, h2, h3')
        .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName.slice(1))));
      expect(levels[0]).toBe(1);
      for (const [index, level] of levels.entries())
        expect(level - (levels[index - 1] ?? level)).toBeLessThanOrEqual(1);
      expect(await page.getByRole('main').count()).toBe(1);
      expect(await page.getByRole('navigation').count()).toBe(1);
    }
    await page.context().close();
  });
});
