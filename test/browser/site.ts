import { createHash, randomBytes } from 'node:crypto';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { NewApplication } from '../../src/storage/index.js';
import {
  type AuthorizationServerTestOptions,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
  type TestUser,
} from '../support/authorization-server.js';
import { type CallbackServer, startCallbackServer } from './callback-server.js';
import { openPage, startChromium } from './chromium.js';

/** A browser, an authorization server, and an application of another origin. Carol is staff. */
export class Site {
  private constructor(
    readonly server: RunningAuthorizationServer,
    readonly browser: Browser,
    readonly callback: CallbackServer,
  ) {}

  static async start(test: AuthorizationServerTestOptions = {}): Promise<Site> {
    const browser = await startChromium();
    const options = {
      isStaff: (user: unknown) => (user as TestUser).id === 'carol',
      ownerScopes: ['read', 'write', 'api'],
      ...test.options,
    };
    const [server, callback] = await Promise.all([
      startAuthorizationServer('sqlite', { ...test, options }),
      startCallbackServer(),
    ]);
    return new Site(server, browser, callback);
  }

  open(options: BrowserContextOptions = {}): Promise<Page> {
    return openPage(this.browser, { baseURL: this.server.url, ...options });
  }

  register(application: Partial<NewApplication> = {}): Promise<TestClient> {
    return this.server.register({
      name: 'Shop',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [this.callback.url, this.callback.redirectingUrl],
      ...application,
    });
  }

  /** Where an application sends a browser to be let in. */
  authorizeUrl(client: TestClient, parameters: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: this.callback.url,
      scope: 'read write',
      state: 'a-state',
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    });
    return `${this.server.url}/oauth2/authorize?${query}`;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await Promise.all([this.server.close(), this.callback.close()]);
  }
}

/** Fills in the login page. */
export async function signIn(page: Page, userId: string, password = [...userId].reverse().join('')): Promise<void> {
  await page.getByLabel('User name').fill(userId);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Opens a management page, by way of the sign-in page. */
export async function openSignedIn(page: Page, userId: string, path: string): Promise<void> {
  await page.goto(path);
  await signIn(page, userId);
  await page.waitForURL((url) => url.pathname === path);
}

/** Waits until the browser has arrived at the application, and gives what it brought along. */
export async function arrival(page: Page): Promise<URLSearchParams> {
  await page.getByRole('heading', { name: 'Welcome to the shop' }).waitFor();
  return new URL(page.url()).searchParams;
}
