import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { authenticationContext } from '../../src/public/index.js';
import { exchange } from '../support/authorization.js';
import type { TestClient } from '../support/authorization-server.js';
import { MovedClock } from '../support/spec/authorization-server.js';
import { call, type Reply } from '../support/spec/http.js';
import { pkce } from '../support/user-agent.js';
import { arrival, Site, signIn } from './site.js';

@JsonController()
class Payments {
  @Get('/payments')
  @Authorized(['read', authenticationContext({ maxAgeSeconds: 300 })])
  list() {
    return { payments: [] };
  }
}

const clock = new MovedClock();
let site: Site;
let client: TestClient;
let page: Page;

beforeAll(async () => {
  clock.start();
  site = await Site.start({ controllers: [Payments], oauth2: { clock } });
  client = await site.register({ skipAuthorization: true });
  page = await site.open();
}, 60_000);

afterAll(async () => {
  clock.stop();
  await site.close();
});

/** Sends the browser to be let in; `signsIn` does what the page asks. Resolves to the access token. */
async function tokenFor(parameters: Readonly<Record<string, string>>, signsIn: () => Promise<void>): Promise<string> {
  const { verifier, challenge } = pkce();
  await page.goto(site.authorizeUrl(client, { scope: 'read', code_challenge: challenge, ...parameters }));
  await signsIn();
  const code = (await arrival(page)).get('code') ?? '';
  const redirect = { redirect_uri: site.callback.url };
  const answer = (await (await exchange(site.server, client, { code, verifier }, redirect)).json()) as object;
  return (answer as { readonly access_token: string }).access_token;
}

const pay = (token: string): Promise<Reply> => call(`${site.server.url}/payments`, { token });

test('[RS-18 AS-71 RFC 9470 §3, §5] by the challenge an application has the user sign in again, and then it works', async () => {
  const first = await tokenFor({}, () => signIn(page, 'alice'));
  expect((await pay(first)).status).toBe(200);
  clock.offsetSeconds += 301;
  const refusal = await pay(first);
  expect(refusal.status).toBe(401);
  const challenge = refusal.headers.get('www-authenticate') ?? '';
  expect(challenge).toContain('error="insufficient_user_authentication"');
  const maxAge = /max_age="(\d+)"/.exec(challenge)?.[1] ?? '';
  // The browser is still signed in, and without max_age let through with the sign-in of before.
  expect((await pay(await tokenFor({}, async () => undefined))).status).toBe(401);
  const second = await tokenFor({ max_age: maxAge }, () => signIn(page, 'alice'));
  expect((await pay(second)).status).toBe(200);
}, 60_000);
