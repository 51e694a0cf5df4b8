// Takes the screenshots in docs/screenshots: every page, light and dark, and some on a narrow screen.
// `npm run --silent build && node scripts/screenshots.mjs`, or `… staff-overview` or `… bookstore` for that page alone; needs Chromium (TEST_CHROMIUM, default /usr/bin/chromium).
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Koa from 'koa';
import { chromium } from 'playwright-core';
import { authorizationServer } from '../dist/public/authorization-server.js';
import { createOAuth2 } from '../dist/public/index.js';

const folder = fileURLToPath(new URL('../docs/screenshots/', import.meta.url));
const scopes = {
  'books:read': 'See your books',
  'books:write': 'Add, change and remove your books',
  profile: 'See your name',
};
const users = new Map([
  ['1', { id: '1', name: 'alice' }],
  ['2', { id: '2', name: 'carol', isStaff: true }],
]);
const only = process.argv[2];
const CALLBACK = 'https://reader.example/callback';

async function main() {
  await mkdir(folder, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), 'oauth2-screenshots-'));
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const clock = {
    offset: 0,
    nowMilliseconds: () => Date.now() + clock.offset,
    monotonicMilliseconds: () => performance.now(),
  };
  const oauth2 = createOAuth2({
    clock,
    database: `sqlite:${join(data, 'data.sqlite')}`,
    users: { findById: (id) => users.get(id), isActive: () => true },
    scopes,
    authorizationServer: authorizationServer({
      issuer: url,
      encryptionKeys: [randomBytes(32)],
      authenticate: (username, password) =>
        password === 'wonderland' ? [...users.values()].find(({ name }) => name === username)?.id : undefined,
      isStaff: ({ isStaff }) => isStaff === true,
      username: ({ name }) => name,
      texts: { frame: { siteName: 'Bookstore' } },
    }),
  });
  const browser = await chromium.launch({
    executablePath: process.env.TEST_CHROMIUM || '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  try {
    await oauth2.migrate();
    const koa = new Koa();
    koa.use(oauth2.authorizationServer.middleware());
    server.on('request', koa.callback());
    if (only === undefined) await takeAll(browser, url, await register(oauth2));
    if (only !== 'bookstore') await takeOverview(browser, url, oauth2, clock);
    if (only !== 'staff-overview') await takeBookstore(browser, data);
  } finally {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await oauth2.close();
    await rm(data, { recursive: true });
  }
}

async function register({ applications }) {
  const create = async (application) => (await applications.create(application)).application.clientId;
  const redirecting = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [CALLBACK] };
  const names = Object.keys(scopes);
  return {
    reader: await create({ name: 'Paper Reader', userId: '1', scopes: names, ...redirecting }),
    other: await create({ name: 'Library Sync', userId: '1', clientType: 'public', scopes: names, ...redirecting }),
    service: await createService(applications),
    television: await create({
      name: 'Living-room TV',
      clientType: 'public',
      scopes: names,
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
    }),
  };
}

async function createService(applications) {
  const service = { name: 'Nightly Import', grantTypes: ['client_credentials'], scopes: Object.keys(scopes) };
  const { application, clientSecret } = await applications.create(service);
  return { clientId: application.clientId, clientSecret };
}

async function takeAll(browser, url, clients) {
  const page = await (await browser.newContext({ baseURL: url, locale: 'en-GB', reducedMotion: 'reduce' })).newPage();
  const shoot = (name) => take(page, name);
  const authorize = (clientId) =>
    page.goto(
      `/oauth2/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: CALLBACK,
        scope: 'books:read books:write',
        code_challenge: createHash('sha256').update('x').digest('base64url'),
        code_challenge_method: 'S256',
      })}`,
    );
  const signIn = async (username, password = 'wonderland') => {
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const button = (name) => page.getByRole('button', { name, exact: true }).click();

  await authorize(clients.reader);
  await shoot('login');
  await signIn('alice', 'wrong');
  await shoot('login-wrong-password');
  await signIn('alice');
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
  await shoot('consent');
  // The application does not exist: that the browser looks for it is enough.
  const isError = (frame) => frame.url().startsWith('chrome-error:');
  await Promise.all([page.waitForEvent('framenavigated', isError), button('Allow')]);

  const device = await (
    await fetch(`${url}/oauth2/device_authorization`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clients.television, scope: 'books:read' }),
    })
  ).json();
  await page.goto('/oauth2/device');
  await shoot('device-code');
  await page.getByLabel('Code').fill(device.user_code);
  await button('Continue');
  await page.getByRole('heading', { name: 'Is this your device?' }).waitFor();
  await shoot('device-confirm');
  await button('Yes, connect it');
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('heading', { name: 'Connected' }).waitFor();
  await shoot('device-done');

  await page.goto('/oauth2/authorized-applications');
  await shoot('authorized-applications');
  await page.getByRole('link', { name: 'Withdraw' }).first().click();
  await shoot('withdraw');
  await page.goto('/oauth2/applications');
  await shoot('applications');
  await page.goto('/oauth2/applications/new');
  await shoot('application-form');
  await page.getByLabel('Name', { exact: true }).fill('Night Reader');
  await page.getByLabel('Redirect URIs', { exact: true }).fill('not a URI');
  await button('Register');
  await page.getByRole('alert').waitFor();
  await shoot('application-form-problem');
  await page.getByLabel('Redirect URIs', { exact: true }).fill('https://night.example/callback');
  await page.getByLabel('See your books').check();
  await button('Register');
  await page.getByRole('heading', { name: 'Client secret' }).waitFor();
  await shoot('application');
  await page.goto('/oauth2/sign-out');
  await shoot('sign-out');
  await button('Sign out');
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();

  await page.goto('/oauth2/staff/applications');
  await signIn('carol');
  await page.getByRole('heading', { name: 'All applications' }).waitFor();
  await shoot('staff-applications');
  for (const scope of ['books:read', 'books:read books:write']) {
    const { clientId, clientSecret } = clients.service;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope,
    });
    const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`There is no token to show: ${await answer.text()}`);
  }
  await page.goto(`/oauth2/staff/tokens?client_id=${clients.service.clientId}`);
  await shoot('staff-tokens');
  await page.goto('/oauth2/applications/nobody');
  await shoot('error');
}

/** The overview of a day of a shop, whose counts are made here: nobody waits a day for a picture. */
async function takeOverview(browser, url, oauth2, clock) {
  const { statistics, observation } = oauth2.readings;
  const users = statistics.policies.of('user');
  const tokens = statistics.policies.of('authorization-server:token');
  const end = clock.nowMilliseconds();
  for (let minutes = 1439; minutes >= 0; minutes -= 1) {
    clock.offset = -minutes * 60_000;
    const busy = 30 + Math.round(22 * Math.sin((end / 60_000 - minutes) / 110) + 8 * Math.sin(minutes * 1.7));
    const attack = minutes > 300 && minutes < 345 ? 60 : minutes > 14 && minutes < 20 ? 25 : 0;
    statistics.access.granted += busy * 9;
    statistics.access.public += busy;
    statistics.access.expired_token += minutes % 7 === 0 ? 3 : 0;
    statistics.access.insufficient_scope += minutes % 11 === 0 ? 4 : 1;
    statistics.access.invalid_token += attack;
    statistics.access.throttled += attack / 5 + (minutes % 13 === 0 ? 6 : 0);
    statistics.lookUps.process.active += busy * 8;
    statistics.lookUps.redis.active += busy;
    statistics.lookUps.verifier.active += Math.round(busy / 3);
    observation.events.topics['token.issued'].count += Math.round(busy / 6);
    observation.events.topics['token.revoked'].count += minutes % 17 === 0 ? 3 : 0;
    users.allowed += busy * 9;
    users.refused += attack / 5;
    users.peak = attack > 0 ? 1 : 0.42;
    tokens.allowed += busy;
    tokens.refused += minutes % 13 === 0 ? 6 : 0;
    tokens.peak = 0.63;
    await oauth2.parts.observability.recorder.record();
  }
  clock.offset = 0;
  const page = await (await browser.newContext({ baseURL: url, locale: 'en-GB', reducedMotion: 'reduce' })).newPage();
  await page.goto('/oauth2/staff/overview');
  await page.getByLabel('User name').fill('carol');
  await page.getByLabel('Password').fill('wonderland');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  // Counted in the background for the first page.
  await page.reload();
  await take(page, 'staff-overview');
}

/** The home page of the example, which runs in a process of its own. */
async function takeBookstore(browser, data) {
  const main = fileURLToPath(new URL('../examples/dist/bookstore/main.js', import.meta.url));
  const { PATH } = process.env;
  const env = { PATH, PORT: '0', DATABASE_URL: join(data, 'bookstore.sqlite') };
  const shop = spawn(process.execPath, [main], { cwd: data, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let printed = '';
    for await (const chunk of shop.stdout) {
      printed += chunk;
      const url = /^Bookstore listens on (\S+)\n/m.exec(printed)?.[1];
      if (url === undefined) continue;
      const page = await (await browser.newContext({ baseURL: url, reducedMotion: 'reduce' })).newPage();
      await page.goto('/');
      await take(page, 'bookstore');
      await takeDocs(page);
      return;
    }
    throw new Error(`The example did not start:\n${printed}`);
  } finally {
    shop.kill();
  }
}

/** The page about the interface is long, so only its beginning is taken, and the dialog of signing in. */
async function takeDocs(page) {
  await page.setViewportSize({ width: 1024, height: 720 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/docs');
  await page.locator('.opblock').first().waitFor();
  await page.screenshot({ path: join(folder, 'docs.png') });
  await page.locator('.auth-wrapper .authorize').click();
  // The dialog scrolls to its last field by itself.
  const flow = page.locator('.auth-container').filter({ hasText: 'authorizationCode with PKCE' });
  await flow.evaluate((part) => part.scrollIntoView());
  await page.screenshot({ path: join(folder, 'docs-authorize.png') });
}

const SHAPES = [
  ['', 'light', { width: 1024, height: 720 }],
  ['-dark', 'dark', { width: 1024, height: 720 }],
  ['-narrow', 'light', { width: 360, height: 640 }],
];

async function take(page, name) {
  for (const [suffix, colorScheme, viewport] of SHAPES) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    // The secret is shown once, so nothing is loaded again between the shots.
    await page.screenshot({ path: join(folder, `${name}${suffix}.png`), fullPage: true, caret: 'initial' });
  }
}

await main();
