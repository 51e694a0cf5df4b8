import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { answering, type DocumentServer, metadataOf, startDocumentServer } from '../../support/document-server.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const DAY_SECONDS = 86_400;

// The documents are there before the options of the server that reads them.
const documents: DocumentServer = await startDocumentServer();
afterAll(() => documents.close());
const OPTIONS = {
  scopes: ['openid', 'offline_access', 'read', 'write'],
  networks: ['loopback'],
  ca: documents.ca,
};
const agentAt = (url: string): TestClient => ({ clientId: url, clientSecret: '' });

describe.each(STACKS)('applications that are the URL of their metadata document, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      throttling: { authorize: null, token: null, metadataDocuments: null, metadataDocumentsOfHost: null },
      clientMetadataDocuments: OPTIONS,
    },
  });
  const rowOf = (url: string) => suite.server.oauth2.applications.findByClientId(url);
  /** The error page that a request ends at. */
  async function refusal(url: string): Promise<string> {
    const visit = await suite.ask(agentAt(url));
    expect([visit.status, visit.headers.get('location')]).toEqual([400, null]);
    expect(visit.body).toContain('invalid_client');
    return visit.body;
  }

  test('[AS-67 §3] one signs a user in without being registered; its document is read once, and its host is shown', async () => {
    const url = documents.document();
    const { host } = new URL(url);
    const agent = suite.agent();
    const request = authorization(agentAt(url), { scope: 'read offline_access' });
    const login = await agent.get(`/oauth2/authorize?${request.query}`);
    expect(login.body).toContain(`<bdi class="value">${host}</bdi>`);
    const consent = await agent.submit(login, { username: 'alice', password: 'ecila' });
    expect(consent.body).toContain('<bdi class="value">An agent</bdi>');
    expect(consent.body).toContain(`It is identified by <bdi class="value">${host}</bdi>`);
    // Where the answer goes.
    expect(consent.body).toContain('<bdi class="value">app.example.com</bdi>');
    const code = responseOf(await agent.submit(consent, { decision: 'allow' })).get('code') ?? '';
    const answer = await suite.exchange(agentAt(url), { code, verifier: request.verifier });
    expect(answer.body).toMatchObject({ scope: 'read offline_access', refresh_token: expect.any(String) });
    const refreshed = await suite.refresh(agentAt(url), String(answer.body.refresh_token));
    expect(refreshed.status).toBe(200);
    expect(documents.requestsOf(url)).toBe(1);

    // From here on it is an application like any other.
    const stored = await rowOf(url);
    expect(stored).toMatchObject({ name: 'An agent', clientType: 'public', registeredBy: 'document' });
    const introspecting = await suite.server.register({ mayIntrospect: true });
    const token = String(refreshed.body.access_token);
    expect((await suite.introspect(introspecting, token)).body).toMatchObject({ active: true, client_id: url });
    const consents = (await agent.get('/oauth2/authorized-applications')).body;
    expect(consents).toContain('An agent');
    expect(consents).toContain(host);
    const page = await agent.get(`/oauth2/authorized-applications/${encodeURIComponent(url)}/withdraw`);
    expect(page.body).toContain('An agent');
    expect((await suite.revoke(agentAt(url), token)).status).toBe(200);
    expect(await suite.isActive(introspecting, token)).toBe(false);
    expect(documents.requestsOf(url)).toBe(1);
  });

  test('[AS-67 §6] consent is remembered for an answer to the host of the document; for another the user is asked again', async () => {
    const own = `${documents.origin}/callback`;
    const url = documents.document({ redirect_uris: [own, REDIRECT_URI] });
    const agent = suite.agent();
    const ask = (redirect_uri: string, more = {}) => authorization(agentAt(url), { redirect_uri, ...more });
    expect(responseOf(await authorize(agent, ask(own))).get('code')).not.toBeNull();
    expect(responseOf(await agent.get(`/oauth2/authorize?${ask(own).query}`)).get('code')).not.toBeNull();
    const elsewhere = await agent.get(`/oauth2/authorize?${ask(REDIRECT_URI).query}`);
    expect(elsewhere.body).toContain('name="decision"');
    expect(elsewhere.body).toContain('<bdi class="value">app.example.com</bdi>');
    const silent = await agent.get(`/oauth2/authorize?${ask(REDIRECT_URI, { prompt: 'none' }).query}`);
    expect(responseOf(silent).get('error')).toBe('consent_required');
  });

  test('[AS-67 §3] pushed requests and devices begin with a document too', async () => {
    const pushing = documents.document();
    const request = authorization(agentAt(pushing));
    const pushed = await suite.post('/oauth2/par', Object.fromEntries(request.query));
    expect(pushed.status).toBe(201);
    const device = documents.document({ grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] });
    const asked = await suite.post('/oauth2/device_authorization', { client_id: device, scope: 'read' });
    expect([asked.status, asked.body.user_code]).toEqual([200, expect.any(String)]);
    const agent = suite.agent();
    const entered = await agent.get(`/oauth2/device?user_code=${asked.body.user_code}`);
    const page = entered.body.includes('name="password"')
      ? await agent.submit(entered, { username: 'alice', password: 'ecila' })
      : entered;
    const confirm =
      page.body.includes('name="user_code"') && !page.body.includes('name="confirm"')
        ? await agent.submit(page, { user_code: String(asked.body.user_code) })
        : page;
    expect(confirm.body).toContain(`It is identified by <bdi class="value">${new URL(device).host}</bdi>`);
  });

  test('[AS-67] a document gives no more than is listed: scopes and grant types beyond are left out, trust is never given', async () => {
    const url = documents.document({
      scope: 'read api introspection admin',
      grant_types: ['authorization_code', 'client_credentials', 'password', 'implicit'],
      may_introspect: true,
      skip_authorization: true,
      application: { mayIntrospect: true, isTrusted: true },
      registered_by: 'host',
      software_statement: 'x.y.z',
    });
    expect(responseOf(await authorize(suite.agent(), authorization(agentAt(url)))).get('code')).not.toBeNull();
    expect(await rowOf(url)).toMatchObject({
      scope: 'read',
      grantTypes: 'authorization_code',
      mayIntrospect: false,
      skipAuthorization: false,
      registeredBy: 'document',
      userId: null,
      clientSecretHash: null,
    });
    const more = await suite.ask(agentAt(url), { scope: 'read api' });
    expect([more.status, more.body]).toEqual([400, expect.stringContaining('invalid_scope')]);
  });

  const LYING: readonly (readonly [string, (url: string) => Readonly<Record<string, unknown>>, RegExp])[] = [
    ['names another identifier', (url) => metadataOf(`${url}x`), /client_id/],
    ['names none', () => ({ redirect_uris: [REDIRECT_URI] }), /client_id/],
    ['holds a secret', (url) => metadataOf(url, { client_secret: 'x'.repeat(40) }), /client_secret/],
    [
      'wants to use a secret',
      (url) => metadataOf(url, { token_endpoint_auth_method: 'client_secret_post' }),
      /token_endpoint_auth_method/,
    ],
    ['wants keys, and has none', (url) => metadataOf(url, { token_endpoint_auth_method: 'private_key_jwt' }), /jwks/],
    ['has no redirect URI', (url) => metadataOf(url, { redirect_uris: undefined }), /redirect_uris/],
    [
      'has a redirect URI by http',
      (url) => metadataOf(url, { redirect_uris: ['http://app.example.com/'] }),
      /redirect_uris/,
    ],
    ['has a redirect URI of another type', (url) => metadataOf(url, { redirect_uris: [5] }), /redirect_uris/],
    [
      'has a redirect URI that runs a script',
      (url) => metadataOf(url, { redirect_uris: ['javascript:alert(1)'] }),
      /redirect_uris/,
    ],
    [
      'has no grant type that is listed',
      (url) => metadataOf(url, { grant_types: ['client_credentials'] }),
      /grant_types/,
    ],
    [
      'has a name that turns the text around',
      (url) => metadataOf(url, { client_name: 'An \u202eagent' }),
      /client_name/,
    ],
    [
      'relies on what is not done here',
      (url) => metadataOf(url, { userinfo_signed_response_alg: 'RS256' }),
      /userinfo_signed_response_alg/,
    ],
  ];
  test.each(LYING)('[AS-67 §4] a document that %s is refused, and nothing is stored', async (_what, made, why) => {
    const url = documents.serve(() => {});
    documents.change(url, answering(made(url)));
    expect(await refusal(url)).toMatch(why);
    expect(await rowOf(url)).toBeUndefined();
    const pushed = await suite.post('/oauth2/par', Object.fromEntries(authorization(agentAt(url)).query));
    expectError(pushed, 400, 'invalid_client');
    // A failure is remembered.
    expect(documents.requestsOf(url)).toBe(1);
  });

  const UNREADABLE: readonly (readonly [string, Parameters<DocumentServer['serve']>[0]])[] = [
    ['is not there', (_request, response) => void response.writeHead(404).end()],
    ['is down', (_request, response) => void response.writeHead(503).end('{}')],
    ['is never sent', () => {}],
    [
      'never ends',
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
    [
      'is cut off',
      (request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{');
        setImmediate(() => request.socket.destroy());
      },
    ],
    ['is no JSON', answering('{"client_id": ')],
    ['is elsewhere', (_request, response) => void response.writeHead(302, { location: documents.document() }).end()],
    [
      'is elsewhere for good',
      (_request, response) => void response.writeHead(308, { location: documents.document() }).end(),
    ],
  ];
  test('[AS-67 §3] a document that cannot be read is refused within the deadline, whatever the reason, in the same words', async () => {
    const huge = documents.serve(() => {});
    documents.change(huge, answering(metadataOf(huge, { padding: 'x'.repeat(5 * 1024) })));
    const urls = [huge, ...UNREADABLE.map(([, serving]) => documents.serve(serving))];
    const pages = await Promise.all(urls.map(refusal));
    for (const page of pages) expect(page).toContain('the metadata document could not be read');
    expect(await Promise.all(urls.map(rowOf))).toEqual(urls.map(() => undefined));
    const answers = await Promise.all(
      urls.map((url) => suite.token({ grant_type: 'authorization_code', code: 'x', client_id: url })),
    );
    for (const answer of answers) expectError(answer, 400, 'invalid_client');
  }, 30_000);

  test.each(['text/plain', 'text/html', 'application/javascript', 'application/jsonp', 'image/svg+xml', ''])(
    '[AS-67 §3] a document of the type "%s" may be what a stranger has uploaded, and is refused',
    async (type) => {
      const url = documents.serve(() => {});
      documents.change(url, answering(metadataOf(url), { 'content-type': type }));
      expect(await refusal(url)).toContain('application/json');
    },
  );

  test.each(['application/json; charset=utf-8', 'application/client-metadata+json'])(
    '[AS-67 §3] a document of the type %s is one',
    async (type) => {
      const url = documents.serve(() => {});
      documents.change(url, answering(metadataOf(url), { 'content-type': type }));
      expect(responseOf(await authorize(suite.agent(), authorization(agentAt(url)))).get('code')).not.toBeNull();
    },
  );

  test('[AS-67 §3] identifiers that are not the one form of a URL are refused, and nothing is fetched', async () => {
    const { origin } = documents;
    const before = documents.connections();
    const { port } = new URL(origin);
    const forms = [
      origin,
      `${origin}/`,
      `${origin}/agents/../agents/1.json`,
      `${origin}/%2e%2e/agents/1.json`,
      `${origin}/agents/1.json#x`,
      `https://user@localhost:${port}/agents/1.json`,
      `https://user:password@localhost:${port}/agents/1.json`,
      `https://LOCALHOST:${port}/agents/1.json`,
      `https://localhost.:${port}/agents/1.json`,
      `https://127.0.0.1:${port}/agents/1.json`,
      `https://2130706433:${port}/agents/1.json`,
      `https://0x7f.1:${port}/agents/1.json`,
      `https://[::1]:${port}/agents/1.json`,
      `https://[::ffff:127.0.0.1]:${port}/agents/1.json`,
      `https:\\\\localhost:${port}\\agents\\1.json`,
      `https://localhost:${port}/agents/1.json `,
      `https://localhost:443/agents/1.json`,
      `https://localhost:${port}/agents/ö.json`,
      `${origin}/${'x'.repeat(255 - origin.length)}`,
      `http://localhost:${port}/agents/1.json`,
      `HTTPS://localhost:${port}/agents/1.json`,
      'https://',
      'https://?',
      'https://:443/x',
    ];
    for (const url of forms) {
      const visit = await suite.ask(agentAt(url));
      expect([url, visit.status, /invalid_client|invalid_request/.test(visit.body)]).toEqual([url, 400, true]);
    }
    expect(documents.connections()).toBe(before);
  });

  test('[AS-67 §3] of requests at once, one reads the document', async () => {
    const url = documents.serve(() => {});
    documents.change(url, (request, response) => {
      setTimeout(() => answering(metadataOf(url))(request, response), 50);
    });
    const visits = await Promise.all(Array.from({ length: 8 }, () => suite.ask(agentAt(url))));
    expect(visits.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(documents.requestsOf(url)).toBe(1);
  });

  test('[AS-67] what a document says now holds after its lifetime, also for who was trusted; what it says again changes nothing', async () => {
    const url = documents.document({}, { 'cache-control': 'public, max-age=600' });
    await suite.ask(agentAt(url));
    const { applications } = suite.server.oauth2;
    await applications.update(url, { skipAuthorization: true, mayIntrospect: true });
    const trusted = await rowOf(url);
    const moved = ['https://app.example.com/moved'];
    const asks = (redirect_uri: string) => suite.ask(agentAt(url), { redirect_uri });
    try {
      suite.clock.offsetSeconds = 601;
      await suite.ask(agentAt(url));
      expect(documents.requestsOf(url)).toBe(2);
      expect((await rowOf(url))?.updatedAtMilliseconds).toBe(trusted?.updatedAtMilliseconds);
      documents.change(url, answering(metadataOf(url, { redirect_uris: moved, client_name: 'Moved' })));
      suite.clock.offsetSeconds = 1000;
      expect((await asks(moved[0] as string)).status).toBe(400);
      expect(documents.requestsOf(url)).toBe(2);
      suite.clock.offsetSeconds = 1202;
      expect((await asks(moved[0] as string)).body).toContain('name="password"');
      expect((await asks(REDIRECT_URI)).status).toBe(400);
      expect(documents.requestsOf(url)).toBe(3);
      // As for every owner's edit: staff trusted what it had seen.
      const changed = await rowOf(url);
      expect(changed).toMatchObject({ name: 'Moved', skipAuthorization: false, mayIntrospect: false });
      expect(changed?.trustClearedAtMilliseconds).toEqual(expect.any(Number));
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-67] a redirect URI that its document drops under a running flow gets no code', async () => {
    const url = documents.document();
    const agent = suite.agent();
    const request = authorization(agentAt(url));
    const login = await agent.get(`/oauth2/authorize?${request.query}`);
    documents.change(url, answering(metadataOf(url, { redirect_uris: ['https://other.example.com/'] })));
    try {
      suite.clock.offsetSeconds = 301;
      // Another request has the document read again.
      await suite.ask(agentAt(url));
      expect(documents.requestsOf(url)).toBe(2);
      const consent = await agent.submit(login, { username: 'alice', password: 'ecila' });
      const end = consent.body.includes('name="decision"')
        ? await agent.submit(consent, { decision: 'allow' })
        : consent;
      expect(end.status).toBe(400);
      expect(end.headers.get('location')).toBeNull();
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-67] while its host is down, an application goes on with what it has, and begins nothing', async () => {
    const url = documents.document();
    const tokens = await suite.tokens(agentAt(url), { scope: 'read offline_access' });
    documents.change(url, (_request, response) => void response.writeHead(503).end());
    try {
      suite.clock.offsetSeconds = DAY_SECONDS + 1;
      const [page, refreshed] = await Promise.all([refusal(url), suite.refresh(agentAt(url), tokens.refresh_token)]);
      expect(page).toContain('could not be read');
      expect(refreshed.status).toBe(200);
      documents.change(url, answering(metadataOf(url)));
      suite.clock.offsetSeconds += 31;
      expect((await suite.ask(agentAt(url))).status).toBe(200);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  }, 20_000);

  test('[AS-67] a week after its lifetime an application whose document cannot be read goes on no more', async () => {
    const url = documents.document();
    const tokens = await suite.tokens(agentAt(url), { scope: 'read offline_access' });
    documents.change(url, (_request, response) => void response.writeHead(503).end());
    try {
      suite.clock.offsetSeconds = 7 * DAY_SECONDS;
      const refreshed = await suite.refresh(agentAt(url), tokens.refresh_token);
      expect(refreshed.status).toBe(200);
      suite.clock.offsetSeconds += 301;
      const ended = await suite.refresh(agentAt(url), String(refreshed.body.refresh_token));
      expectError(ended, 400, 'invalid_client');
      // What it was given is kept for when its document is back.
      documents.change(url, answering(metadataOf(url)));
      suite.clock.offsetSeconds += 31;
      expect((await suite.refresh(agentAt(url), String(refreshed.body.refresh_token))).status).toBe(200);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  }, 20_000);

  test('[AS-67] one that staff has disabled stays disabled, and its document is read no more', async () => {
    const url = documents.document();
    const tokens = await suite.tokens(agentAt(url), { scope: 'read offline_access' });
    await suite.server.oauth2.applications.disable(url);
    try {
      suite.clock.offsetSeconds = DAY_SECONDS + 1;
      documents.change(url, answering(metadataOf(url, { client_name: 'Another' })));
      await refusal(url);
      expect((await suite.refresh(agentAt(url), tokens.refresh_token)).body.error).toBe('invalid_client');
      expect([documents.requestsOf(url), await rowOf(url)]).toEqual([1, expect.objectContaining({ name: 'An agent' })]);
      expect((await rowOf(url))?.isDisabled()).toBe(true);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-67] an application that is registered under such an identifier belongs to who registered it: no document takes it over', async () => {
    const url = documents.document({ redirect_uris: ['https://evil.example/'] });
    const { applications } = suite.server.oauth2;
    const { clientSecret = '' } = await applications.create({ name: 'Ours', clientId: url, ...FOR_USERS });
    const visit = await suite.ask({ clientId: url, clientSecret }, { redirect_uri: 'https://evil.example/' });
    expect(visit.status).toBe(400);
    expect((await suite.tokens({ clientId: url, clientSecret })).scope).toBe('read');
    expect([documents.requestsOf(url), (await rowOf(url))?.redirectUris]).toEqual([0, REDIRECT_URI]);
    // Staff vouches for one by taking over its registration: then its document has no say either.
    const other = documents.document();
    await suite.ask(agentAt(other));
    await applications.update(other, { registeredBy: 'host' });
    documents.change(other, answering(metadataOf(other, { client_name: 'Evil' })));
    suite.clock.offsetSeconds = DAY_SECONDS + 1;
    expect((await suite.ask(agentAt(other))).status).toBe(200);
    suite.clock.offsetSeconds = 0;
    expect([documents.requestsOf(other), (await rowOf(other))?.name]).toEqual([1, 'An agent']);
  });

  test('[AS-67 §4.1] one with keys in its document authenticates by them, and by the new ones when they change', async () => {
    const pair = async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256');
      return { privateKey, jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: randomUUID() }] } };
    };
    const [first, second] = [await pair(), await pair()];
    const method = { token_endpoint_auth_method: 'private_key_jwt' };
    const url = documents.document({ ...method, jwks: first.jwks });
    const assertion = async ({ privateKey, jwks }: typeof first) => ({
      client_assertion_type: ASSERTION,
      client_assertion: await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: String(jwks.keys[0]?.kid) })
        .setIssuer(url)
        .setSubject(url)
        .setAudience(suite.url)
        .setIssuedAt(Math.floor(suite.clock.nowMilliseconds() / 1000))
        .setExpirationTime(Math.floor(suite.clock.nowMilliseconds() / 1000) + 60)
        .sign(privateKey),
    });
    const code = await suite.code(agentAt(url), { scope: 'read offline_access' });
    expectError(await suite.exchange(agentAt(url), code), 401, 'invalid_client');
    const answer = await suite.exchange(agentAt(url), code, await assertion(first));
    expect(answer.status).toBe(200);
    documents.change(url, answering(metadataOf(url, { ...method, jwks: second.jwks })));
    try {
      suite.clock.offsetSeconds = 301;
      const refresh = String(answer.body.refresh_token);
      // A client that only refreshes has its new keys read as well.
      const old = await suite.refresh(agentAt(url), refresh, await assertion(first));
      expectError(old, 401, 'invalid_client');
      expect((await suite.refresh(agentAt(url), refresh, await assertion(second))).status).toBe(200);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-43 AS-67 §5] the metadata of the server say that it is supported', async () => {
    const { body } = await suite.send('/.well-known/oauth-authorization-server');
    expect(body.client_id_metadata_document_supported).toBe(true);
  });
});
