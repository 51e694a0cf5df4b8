import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as client from 'openid-client';
import { startLeashed } from '../support/leashed-process.js';
import { TravellingBrowser } from '../support/travelling-browser.js';
import { targetOf, type Visit } from '../support/user-agent.js';

/** The parts of the example. They import the package by its name, so they are loaded when it is built. */
const parts = async () => ({
  ...(await import('../../examples/bookstore/listener.js')),
  ...(await import('../../examples/federation/host.js')),
  ...(await import('../../examples/federation/provider.js')),
  ...(await import('../../examples/federation/relying-party.js')),
});
type Parts = Awaited<ReturnType<typeof parts>>;

const APP_CALLBACK = 'https://app.example.com/callback';
const START_CAP_MILLISECONDS = 30_000;

describe('[AS-72] sign-in through another OpenID provider, with openid-client', () => {
  let folder: string;
  let providerUrl: string;
  let hostUrl: string;
  let example: Parts;
  let provider: ReturnType<Parts['createProvider']>;
  let host: ReturnType<Parts['createHost']>;
  let atProvider: InstanceType<Parts['Listener']>;
  let atHost: InstanceType<Parts['Listener']>;
  let app: { readonly clientId: string; readonly clientSecret: string };
  const logged = jest.spyOn(console, 'error');

  /** Puts the provider on the network, where it was before if it was there. */
  async function connectProvider(): Promise<string> {
    atProvider = new example.Listener();
    const url = await atProvider.listen(Number(providerUrl === undefined ? 0 : new URL(providerUrl).port), '127.0.0.1');
    if (provider !== undefined) atProvider.serve(provider.createApp().callback());
    return url;
  }

  beforeAll(async () => {
    logged.mockImplementation(() => {});
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-federation-'));
    const settingsOf = (name: string, issuer: string) => {
      const encryptionKeys = [randomBytes(32).toString('base64url')];
      return { issuer, database: join(folder, `${name}.sqlite`), encryptionKeys };
    };
    example = await parts();
    providerUrl = await connectProvider();
    atHost = new example.Listener();
    hostUrl = await atHost.listen(0, '127.0.0.1');
    provider = example.createProvider(settingsOf('provider', providerUrl));
    await provider.oauth2.migrate();
    const registration = await example.registerHost(provider, example.redirectUriOf(hostUrl));
    atProvider.serve(provider.createApp().callback());
    host = example.createHost({
      ...settingsOf('host', hostUrl),
      provider: { name: 'Another provider', issuer: providerUrl, ...registration },
    });
    await host.prepareDatabase();
    atHost.serve(host.createApp().callback());
    const { application, clientSecret } = await host.oauth2.applications.create({
      name: 'App',
      grantTypes: ['authorization_code'],
      redirectUris: [APP_CALLBACK],
    });
    app = { clientId: application.clientId, clientSecret: clientSecret as string };
  }, 60_000);
  afterAll(async () => {
    atProvider?.abort();
    atHost?.abort();
    await Promise.all([provider?.oauth2.close(), host?.oauth2.close()]);
    await rm(folder, { recursive: true, force: true });
    logged.mockRestore();
  });

  let browser: TravellingBrowser;
  beforeEach(() => {
    browser = new TravellingBrowser([hostUrl, providerUrl]);
    logged.mockClear();
  });

  /** Goes on at the provider, up to the page of the host that follows. */
  async function atTheProvider(first: Visit, person: string, decision = 'allow'): Promise<Visit> {
    let visit = first;
    if (visit.body.includes('name="password"')) {
      visit = await browser.submit(visit, { username: person, password: person });
    }
    if (visit.url.startsWith(providerUrl)) visit = await browser.submit(visit, { decision });
    return visit;
  }
  const choose = (atLogin: Visit) => browser.follow(atLogin, '/login/other');
  const signIn = async (person: string, next = '/') =>
    atTheProvider(await browser.get(`${hostUrl}/login/other?next=${encodeURIComponent(next)}`), person);
  const whoIsSignedIn = async (who = browser) => /Signed in as ([^<]*)</.exec((await who.get(`${hostUrl}/`)).body)?.[1];

  /** Begins a sign-in and holds the provider's answer back: the URL to which it would send the browser. */
  async function heldAnswer(person: string, with_ = browser): Promise<URL> {
    const started = targetOf(await with_.at(hostUrl).get(`${hostUrl}/login/other`));
    const agent = with_.at(providerUrl);
    let visit = await agent.get(started.href);
    if (visit.body.includes('name="password"')) {
      visit = await agent.submit(visit, { username: person, password: person });
    }
    if (visit.body.includes('name="decision"')) visit = await agent.submit(visit, { decision: 'allow' });
    return targetOf(visit);
  }

  /** It is a page for people, which says what to do and nothing of what is inside. */
  function expectPage(visit: Visit, status: number, text: string): void {
    expect(visit).toMatchObject({ status, body: expect.stringContaining(text) });
    expect(visit.headers.get('content-type')).toContain('text/html');
    expect(visit.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(visit.body).not.toMatch(/\bat \S+ \(|node_modules|Error:/);
  }

  /** Allows what an application asks for, where that was not allowed before. */
  async function allow(visit: Visit): Promise<Visit> {
    return visit.body.includes('name="decision"') ? browser.submit(visit, { decision: 'allow' }) : visit;
  }

  async function authorize(parameters: Record<string, string> = {}) {
    const config = await client.discovery(
      new URL(hostUrl),
      app.clientId,
      undefined,
      client.ClientSecretBasic(app.clientSecret),
      { execute: [client.allowInsecureRequests] },
    );
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: APP_CALLBACK,
      scope: 'openid books:read',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...parameters,
    });
    return {
      url: url.href,
      finish: (callback: Visit) =>
        client.authorizationCodeGrant(config, targetOf(callback), { pkceCodeVerifier, idTokenExpected: true }),
    };
  }

  test('an application gets a token for the account of who signed in there, and the guard knows that account', async () => {
    const { url, finish } = await authorize();
    const atConsent = await atTheProvider(await choose(await browser.get(url)), 'alice');
    expect(atConsent.body).toContain('See the books');
    const tokens = await finish(await allow(atConsent));
    expect(tokens.claims()).toMatchObject({ iss: hostUrl, sub: 'alice' });
    const answer = await fetch(`${hostUrl}/books`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(await answer.json()).toMatchObject({ reader: 'Alice' });
  });

  test('an application that wants its user to sign in again has the provider ask for the password again', async () => {
    await signIn('alice');
    const { url, finish } = await authorize({ prompt: 'login' });
    const atLogin = await choose(await browser.get(url));
    expect(new URL(atLogin.url).origin).toBe(providerUrl);
    expect(atLogin.body).toContain('name="password"');
    const back = await atTheProvider(atLogin, 'alice');
    const tokens = await finish(await allow(back));
    expect(tokens.claims()?.sub).toBe('alice');
  });

  describe('the account is that of issuer and subject (OpenID Core §5.7)', () => {
    test.each([
      ['alice', 'whose address both sides have verified: that of the host', 'Alice'],
      ['mallory', 'who only claims that address: a new one', 'Mallory'],
      ['dave', 'whose address the host has not verified: a new one', 'Dave'],
      ['erin', 'who was never here: a new one, whose name is text and no HTML', 'Erin &lt;&amp;&gt; Co'],
    ])('%s, %s', async (person, _, name) => {
      await signIn(person);
      expect(await whoIsSignedIn()).toBe(name);
      const isNew = person !== 'alice';
      const accountOf = async () => {
        const { url, finish } = await authorize();
        return (await finish(await allow(await browser.get(url)))).claims()?.sub;
      };
      const account = await accountOf();
      expect(account === person).toBe(!isNew);
      browser = new TravellingBrowser([hostUrl, providerUrl]);
      await signIn(person);
      expect(await accountOf()).toBe(account);
    });

    test('and never that of whom the provider gave the address to before', async () => {
      await signIn('alice');
      const identities = host.oauth2.knex('host_identities');
      expect(await identities.clone().where({ account_id: 'alice' }).update({ key: 'somebody else there' })).toBe(1);
      browser = new TravellingBrowser([hostUrl, providerUrl]);
      await signIn('alice');
      expect(await whoIsSignedIn()).toBe('Alice Liddell');
      expect(await identities.clone().where({ account_id: 'alice' })).toMatchObject([{ key: 'somebody else there' }]);
      await identities.clone().delete();
    });

    test('also if the first sign-in happens in two tabs at once', async () => {
      const other = new TravellingBrowser([hostUrl, providerUrl]);
      await host.oauth2.knex('host_identities').delete();
      const answers = [await heldAnswer('erin'), await heldAnswer('erin', other)] as const;
      const visits = await Promise.all([browser.get(answers[0].href), other.get(answers[1].href)]);
      expect(visits.map(({ status }) => status)).toEqual([200, 200]);
      expect(await host.oauth2.knex('host_identities')).toHaveLength(1);
    });
  });

  test('a disabled account is told so, and is not signed in', async () => {
    expectPage(await signIn('carol'), 403, 'This account is disabled');
    expect(await whoIsSignedIn()).toBeUndefined();
  });

  test('who refuses at the provider gets a page from which to try again', async () => {
    await provider.oauth2.authorizationServer?.consents.withdraw('mallory', 'bookstore');
    const { url, finish } = await authorize();
    const refused = await atTheProvider(await choose(await browser.get(url)), 'mallory', 'deny');
    expectPage(refused, 403, 'says that you refused');
    expect(await whoIsSignedIn()).toBeUndefined();
    // The request of the application is still waiting.
    const atConsent = await atTheProvider(await choose(await browser.follow(refused, '/login')), 'mallory');
    await finish(await allow(atConsent));
  });

  test('while the provider is away there is a page, and afterwards the sign-in works', async () => {
    const answer = await heldAnswer('alice');
    atProvider.abort();
    try {
      const visit = await browser.get(answer.href);
      expectPage(visit, 503, 'cannot be reached');
      expect(visit.headers.get('retry-after')).toBe('10');
    } finally {
      await connectProvider();
    }
    expect(await whoIsSignedIn()).toBeUndefined();
    await signIn('alice');
    expect(await whoIsSignedIn()).toBe('Alice');
  });

  test('a host that starts while the provider is away finds it when it is back', async () => {
    const registration = { issuer: providerUrl, clientId: 'bookstore', clientSecret: 'x', redirectUri: APP_CALLBACK };
    const party = new example.RelyingParty(registration);
    atProvider.abort();
    try {
      await expect(party.begin(false)).rejects.toBeInstanceOf(example.ProviderUnavailable);
    } finally {
      await connectProvider();
    }
    expect((await party.begin(false)).url.origin).toBe(providerUrl);
  });

  describe('nobody is signed in by', () => {
    const OTHER_STATE = randomBytes(32).toString('base64url');
    test.each<[string, (answer: URLSearchParams) => void, string]>([
      ['an answer with another state', (answer) => answer.set('state', OTHER_STATE), 'has not begun this sign-in'],
      ['an answer without a state', (answer) => answer.delete('state'), 'has not begun this sign-in'],
      ['an answer with two states', (answer) => answer.append('state', OTHER_STATE), 'has not begun this sign-in'],
      ['an answer of another issuer', (answer) => answer.set('iss', 'https://op.example'), 'is not in order'],
      ['an answer without an issuer', (answer) => answer.delete('iss'), 'is not in order'],
      ['an answer with another code', (answer) => answer.set('code', 'x'.repeat(43)), 'is not in order'],
      ['an answer without a code', (answer) => answer.delete('code'), 'is not in order'],
    ])('%s', async (_, change, text) => {
      const answer = await heldAnswer('alice');
      change(answer.searchParams);
      expectPage(await browser.get(answer.href), 400, text);
      expect(await whoIsSignedIn()).toBeUndefined();
    });

    test("the answer to another browser's sign-in", async () => {
      const victim = new TravellingBrowser([hostUrl, providerUrl]);
      const answer = await heldAnswer('mallory');
      expectPage(await victim.get(answer.href), 400, 'has not begun this sign-in');
      expect(await whoIsSignedIn(victim)).toBeUndefined();
      await browser.get(answer.href);
      expect(await whoIsSignedIn()).toBe('Mallory');
    });

    test("the code of another browser's sign-in, in the answer to the own one: its verifier and nonce differ", async () => {
      const victim = new TravellingBrowser([hostUrl, providerUrl]);
      const stolen = await heldAnswer('alice', victim);
      const answer = await heldAnswer('mallory');
      answer.searchParams.set('code', stolen.searchParams.get('code') as string);
      expectPage(await browser.get(answer.href), 400, 'is not in order');
      expect(await whoIsSignedIn()).toBeUndefined();
    });

    test('an answer that was used', async () => {
      const answer = await heldAnswer('alice');
      await browser.get(answer.href);
      expect(await whoIsSignedIn()).toBe('Alice');
      expectPage(await browser.get(answer.href), 400, 'has finished it already');
    });

    test('an attempt that the browser has written itself', async () => {
      const state = OTHER_STATE;
      const attempt = { state, nonce: 'x', verifier: 'x'.repeat(43), beganAtMilliseconds: Date.now(), next: '/' };
      browser.at(hostUrl).plant(`federation.${state}`, Buffer.from(JSON.stringify(attempt)).toString('base64url'));
      const visit = await browser.get(`${hostUrl}/login/callback?state=${state}&code=x`);
      expectPage(visit, 400, 'has not begun this sign-in');
    });
  });

  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/.//evil.example', 'javascript:alert(1)'])(
    'after the sign-in the browser stays here, whatever the address said: %s',
    async (next) => {
      const visit = await signIn('alice', next);
      expect(visit).toMatchObject({ status: 200, url: `${hostUrl}/` });
      expect(visit.body).toContain('Signed in as Alice');
    },
  );

  test('what went wrong is in the log, without code, state or secret', async () => {
    const answer = await heldAnswer('alice');
    answer.searchParams.set('iss', 'https://op.example');
    await browser.get(answer.href);
    const lines = logged.mock.calls.map(([line]) => String(line));
    expect(lines).toEqual([expect.stringContaining('Sign-in through Another provider failed')]);
    for (const name of ['code', 'state']) expect(lines[0]).not.toContain(answer.searchParams.get(name));
  });

  test('who signs out is not signed in here again without asking', async () => {
    await signIn('alice');
    const { url, finish } = await authorize();
    await finish(await allow(await browser.get(url)));
    const home = await browser.get(`${hostUrl}/`);
    await browser.at(hostUrl).send({ action: '/sign-out', fields: {}, buttons: [] });
    expect(home.body).toContain('action="/sign-out"');
    expect(await whoIsSignedIn()).toBeUndefined();
    expect(new URL((await browser.get(url)).url).pathname).toBe('/login');
  });

  test('the example starts both servers, and ends when it is told to', async () => {
    const place = await mkdtemp(join(tmpdir(), 'oauth2-test-federation-main-'));
    const logFile = join(place, 'output');
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, PORT: '0', PROVIDER_PORT: '0', DATA_FOLDER: place };
    const child = await startLeashed(process.execPath, [resolve('examples/dist/federation/main.js')], { env, logFile });
    try {
      let url: string | undefined;
      for (const until = Date.now() + START_CAP_MILLISECONDS; url === undefined && Date.now() < until; ) {
        if (!child.running()) break;
        await sleep(20);
        url = /^The bookstore is at (\S+)\n/m.exec(await readFile(logFile, 'utf8'))?.[1];
      }
      expect(url).toBeDefined();
      expect(await (await fetch(`${url}/login`)).text()).toContain('Continue with Another provider');
    } finally {
      await child.end();
      await rm(place, { recursive: true, force: true });
    }
    expect(child.process.exitCode).toBe(0);
  });
});
