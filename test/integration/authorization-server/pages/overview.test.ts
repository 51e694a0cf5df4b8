import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { Throttle } from '../../../../src/public/index.js';
import { bearerHeader } from '../../../support/http.js';
import { startRedis } from '../../../support/services.js';
import { until } from '../../../support/throttling/engines.js';
import { PagesServer } from './pages-server.js';

@JsonController()
class Shelf {
  @Authorized('read')
  @Throttle('thrice')
  @Get('/shelf')
  shelf() {
    return {};
  }
}

const closers: (() => Promise<unknown>)[] = [];
const oauth2 = { throttling: { policies: { thrice: '3/hour' } }, opaqueTokens: { unchecked: 'accept' } } as const;

async function start(options: Parameters<typeof PagesServer.start>[0] = {}): Promise<PagesServer> {
  const pages = await PagesServer.start({ controllers: [Shelf], ...options, oauth2: { ...oauth2, ...options.oauth2 } });
  closers.unshift(() => pages.close());
  return pages;
}

/** Four requests of an application, the last of which is throttled, and one with a bad token. Answers its token. */
async function use({ server }: PagesServer): Promise<string> {
  const client = await server.register({ scopes: ['read'] });
  const { access_token: token } = await server.token({ grant_type: 'client_credentials', scope: 'read' }, client);
  for (let count = 0; count < 4; count += 1) {
    await fetch(`${server.url}/shelf`, { headers: bearerHeader(String(token)) });
  }
  await fetch(`${server.url}/shelf`, { headers: bearerHeader('A'.repeat(43)) });
  return String(token);
}

/** The totals of the legend below a picture, by name. */
function totals(html: string, id: string): Record<string, number> {
  const figure = html.split('<figure>').find((one) => one.includes(`id="${id}-title"`)) ?? '';
  const entries = figure.matchAll(/<bdi>([^<]*)<\/bdi> <strong>([\d,]+)<\/strong>/g);
  return Object.fromEntries([...entries].map(([, name, total]) => [name, Number(total?.replace(',', ''))]));
}

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('the overview for staff', () => {
  test('shows what was issued, refused and throttled, and why, and where tokens were found', async () => {
    const pages = await start();
    const token = await use(pages);
    const { html, status } = await (await pages.signedIn('carol')).get('/oauth2/staff/overview');
    expect(status).toBe(200);
    for (const span of ['hour', 'day']) {
      expect(totals(html, `tokens-${span}`)).toEqual({ Issued: 1, Revoked: 0 });
      expect(totals(html, `requests-${span}`)).toEqual({ 'Let through': 3, Refused: 2 });
      expect(totals(html, `refusals-${span}`)).toEqual({ Throttled: 1, 'Invalid token': 1 });
      expect(totals(html, `levels-${span}`)).toEqual({ Memory: 3, Redis: 0, 'Database or issuer': 2 });
      expect(totals(html, `throttled-${span}`)).toEqual({ thrice: 1 });
    }
    expect(html).toMatch(/<bdi>thrice<\/bdi><\/th><td data-label="Greatest use">100%<\/td><td data-label="Allowed">3</);
    expect(html).toContain('The pictures show only the process that made this page, since ');
    expect(html).toMatch(/<dt>Database<\/dt><dd><span class="state on">Up</);
    expect(html).not.toContain(token);
  });

  test('is for staff only', async () => {
    const pages = await start();
    const nobody = await pages.agent().get('/oauth2/staff/overview');
    expect([nobody.status, nobody.headers.get('location')]).toEqual([
      303,
      '/oauth2/sign-in?return_to=%2Foauth2%2Fstaff%2Foverview',
    ]);
    const alice = await pages.signedIn('alice');
    expect((await alice.get('/oauth2/staff/overview')).status).toBe(403);
    expect((await alice.get('/oauth2/applications')).html).not.toContain('/oauth2/staff/overview');
    expect((await (await pages.signedIn('carol')).get('/oauth2/applications')).html).toContain(
      '/oauth2/staff/overview',
    );
  });

  test('says so where nothing happened', async () => {
    const { html } = await (await (await start()).signedIn('carol')).get('/oauth2/staff/overview');
    expect(totals(html, 'requests-hour')).toEqual({ 'Let through': 0, Refused: 0 });
    expect(html).toContain('Nothing in this time.');
  });

  test('shows all processes on one Redis, and only its own when Redis is away, and says which', async () => {
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const options = { encryptionKeys: [randomBytes(32)] };
    const first = await start({ options, oauth2: { redis: redis.url } });
    const second = await start({ options, oauth2: { redis: redis.url, database: first.server.databaseUrl } });
    await Promise.all([first.server.oauth2.ready(), second.server.oauth2.ready()]);
    await use(second);
    const carol = await first.signedIn('carol');
    let html = '';
    // The other process sends its counts in the background.
    await until(async () => {
      html = (await carol.get('/oauth2/staff/overview')).html;
      return totals(html, 'requests-hour')['Let through'] === 3;
    }, 'the counts of the other process are there');
    expect(html).toContain('The pictures show all processes of this application');
    expect(totals(html, 'throttled-day')).toEqual({ thrice: 1 });
    expect(html).toMatch(/<dt>Token cache in Redis<\/dt><dd><span class="state on">Up</);
    await redis.kill();
    await until(async () => {
      html = (await carol.get('/oauth2/staff/overview')).html;
      return html.includes('Redis does not answer.');
    }, 'the page says that Redis is away');
    expect(totals(html, 'requests-hour')).toEqual({ 'Let through': 0, Refused: 0 });
    expect(html).toMatch(/<dt>Token cache in Redis<\/dt><dd><span class="state off">Down</);
  });
});
