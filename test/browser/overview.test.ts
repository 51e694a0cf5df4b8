import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { Throttle } from '../../src/public/index.js';
import { bearerHeader } from '../support/http.js';
import { colourContrast } from './contrast.js';
import { openSignedIn, Site } from './site.js';

@JsonController()
class Shelf {
  @Authorized('read')
  @Throttle('thrice')
  @Get('/shelf')
  shelf() {
    return {};
  }
}

describe('the overview for staff, in a browser', () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ controllers: [Shelf], oauth2: { throttling: { policies: { thrice: '3/hour' } } } });
    const client = await site.register({ grantTypes: ['client_credentials'], redirectUris: [], scopes: ['read'] });
    const { access_token: token } = await site.server.token(
      { grant_type: 'client_credentials', scope: 'read' },
      client,
    );
    for (let count = 0; count < 4; count += 1) {
      await fetch(`${site.server.url}/shelf`, { headers: bearerHeader(String(token)) });
    }
  }, 60_000);

  afterAll(() => site.close());

  test('is found in the navigation, and its pictures are images that a screen reader names and describes', async () => {
    const page = await site.open({ javaScriptEnabled: false });
    await openSignedIn(page, 'carol', '/oauth2/applications');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    const picture = page.getByRole('img', { name: 'Requests, last hour' });
    expect(await picture.locator('desc').textContent()).toBe('Let through: 3; Refused: 1');
    for (const topic of ['Tokens', 'Requests', 'Refusals by cause', 'How near to their limits'])
      for (const span of ['hour', 'day'])
        expect(await page.getByRole('img', { name: `${topic}, last ${span}` }).count()).toBe(1);
    await page.context().close();
  });

  test('the numbers behind a picture are a table that the keyboard opens', async () => {
    const page = await site.open();
    await openSignedIn(page, 'carol', '/oauth2/staff/overview');
    const figure = page.locator('figure', {
      has: page.getByRole('img', { name: 'How near to their limits, last hour' }),
    });
    const row = figure.getByRole('row', { name: /^thrice/ });
    expect(await row.isVisible()).toBe(false);
    await figure.getByText('Numbers').focus();
    await page.keyboard.press('Enter');
    await row.waitFor();
    expect(await row.getByRole('cell').allTextContents()).toEqual(['100%', '3', '1', '0']);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)(
    'bars have colours of the stylesheet that stand out by 3 to 1, %s',
    async (colorScheme) => {
      const page = await site.open({ colorScheme });
      const violations: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') violations.push(message.text());
      });
      await openSignedIn(page, 'carol', '/oauth2/staff/overview');
      const style = (selector: string, property: string) =>
        page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}`);
      const fill = await style('#requests ~ .pictures rect.s1', 'fill');
      const ground = await style('figure', 'backgroundColor');
      expect(fill).toMatch(/^rgb/);
      expect(colourContrast(String(fill), String(ground))).toBeGreaterThanOrEqual(3);
      expect(violations).toEqual([]);
      await page.context().close();
    },
  );
});
