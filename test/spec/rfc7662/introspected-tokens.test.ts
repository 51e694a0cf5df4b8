import { describe, expect, test } from '@jest/globals';
import { STACKS } from '../../support/bookstore.js';
import { foreignToken, useIntrospection } from '../../support/spec/introspecting-application.js';
import { goodAnswer, type IntrospectionCall, useScriptedEndpoint } from '../../support/spec/introspection-endpoint.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';
import { withinWindow } from '../../support/within-window.js';

describe.each(STACKS)('tokens that another server knows, on %s', (stack) => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, { stack, tokens: { cacheSeconds: 20 } });
  const mapped = useIntrospection(endpoint, {
    stack,
    tokens: { cacheSeconds: 20, user: (token) => (token.subject === '5' ? { id: 'alice', active: true } : undefined) },
  });

  test('[RS-13 RFC 7662 §2.1] a token is asked about by POST, with credentials, and admits if it is active', async () => {
    endpoint.script = () => goodAnswer({ acr: 'urn:mfa', department: 'x' });
    const token = foreignToken();
    const reply = await application.who(token);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      clientId: 'app',
      scopes: ['read'],
      acr: 'urn:mfa',
      claims: { department: 'x' },
    });
    const [call] = endpoint.calls as [IntrospectionCall];
    expect(Object.fromEntries(call.form)).toEqual({ token, token_type_hint: 'access_token' });
    expect(call.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('api:secret').toString('base64')}`,
      accept: 'application/json',
      'content-type': expect.stringContaining('application/x-www-form-urlencoded'),
    });
  });

  test('[RS-12 RFC 9068 §5] user 5 there is nobody here: no id, another principal, and no user of the host', async () => {
    endpoint.script = () => goodAnswer({ sub: '5' });
    const { body } = await application.who(foreignToken());
    const name = `user@${endpoint.url}|5`;
    expect(body).toMatchObject({
      principal: name,
      userId: null,
      issuer: endpoint.url,
      subject: '5',
      user: { kind: 'ForeignUser', text: name, issuer: endpoint.url, subject: '5' },
    });
    expect((body as { user: object }).user).not.toHaveProperty('id');
  });

  test('[RS-12] an application alone is not a user, though it is its own subject', async () => {
    endpoint.script = () => goodAnswer({ sub: 'app' });
    expect((await application.who(foreignToken())).body).toMatchObject({
      principal: `client@${endpoint.url}|app`,
      user: null,
      userId: null,
      subject: null,
    });
  });

  test('[RS-12 RS-17] the option user says whose of the host a token is; nobody, or one who may not act, is refused', async () => {
    endpoint.script = ({ form }) => goodAnswer({ sub: form.get('token')?.endsWith('5') ? '5' : '6' });
    expect((await mapped.who(`${foreignToken()}.5`)).body).toMatchObject({
      principal: 'user:alice',
      userId: 'alice',
      subject: '5',
      issuer: endpoint.url,
    });
    expectInvalidToken(await mapped.who(`${foreignToken()}.6`));
  });

  test('[RS-6 RS-13 RFC 7662 §2.2] a token that is not active is answered as any other that is not good', async () => {
    endpoint.script = () => ({ active: false });
    expectInvalidToken(await application.who(foreignToken()));
    endpoint.script = () => ({ ...goodAnswer(), active: false });
    expectInvalidToken(await application.who(foreignToken()));
  });

  test('[RS-13] an answer that speaks against its token refuses it, and the log says why', async () => {
    const now = Math.floor(Date.now() / 1000);
    const against: readonly (readonly [object, RegExp])[] = [
      [{ exp: now + 600, nbf: now + 60 }, /nbf is in the future/],
      [{ aud: 'https://other.example' }, /aud names a resource/],
      [{ token_type: 'refresh_token' }, /token_type is neither/],
      [{ token_type: undefined }, /token_type is missing/],
      [{ scope: ['read'] }, /scope is not a space-separated/],
      [{ exp: '9999999999' }, /exp is not a time/],
      [{ cnf: { kid: 'k' } }, /cnf contains a binding/],
    ];
    for (const [changes, reason] of against) {
      endpoint.script = () => goodAnswer(changes as Record<string, unknown>);
      expectInvalidToken(await application.who(foreignToken()));
      expect(application.log.join('\n')).toMatch(reason);
    }
  });

  test('[RS-6] a token past its end is said to be expired', async () => {
    endpoint.script = () => goodAnswer({ exp: Math.floor(Date.now() / 1000) - 1 });
    const reply = await application.who(foreignToken());
    expect([reply.status, reply.body]).toEqual([
      401,
      { error: 'invalid_token', error_description: 'The access token has expired.' },
    ]);
  });

  test('[RS-20 RFC 9449 §7.1] a token that is bound to a key or a certificate is no bearer token', async () => {
    for (const cnf of [{ jkt: 'a'.repeat(43) }, { 'x5t#S256': 'a'.repeat(43) }]) {
      endpoint.script = () => goodAnswer({ cnf });
      expectInvalidToken(await application.who(foreignToken()));
    }
  });

  test('[RS-7] scopes are those of the answer', async () => {
    endpoint.script = () => goodAnswer({ scope: 'write' });
    expect((await application.who(foreignToken())).status).toBe(403);
  });

  test('[RS-14] a valid token is asked about once', async () => {
    endpoint.script = () => goodAnswer();
    const token = foreignToken();
    for (let count = 0; count < 10; count += 1) expect((await application.who(token)).status).toBe(200);
    expect(endpoint.asked).toEqual([token]);
  });

  test('one call answers all who present one token at one time', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    endpoint.script = async () => {
      await gate;
      return goodAnswer();
    };
    const token = foreignToken();
    const pending = Array.from({ length: 50 }, () => application.who(token));
    while (endpoint.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    go();
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(endpoint.asked).toEqual([token]);
  });

  test('[RS-14] revoked there, a token is refused here once cacheSeconds are over, and not before', async () => {
    for (const app of [application, mapped]) {
      const token = foreignToken();
      endpoint.script = () => goodAnswer();
      expect((await app.who(token)).status).toBe(200);
      await app.untilShared(token);
      endpoint.script = () => ({ active: false });
      app.clock.offsetSeconds += 5;
      expect((await app.who(token)).status).toBe(200);
      app.clock.offsetSeconds += 5;
      expect((await app.who(token)).status).toBe(200);
      app.clock.offsetSeconds += 10;
      expectInvalidToken(await app.who(token));
      expect(endpoint.asked.filter((one) => one === token)).toHaveLength(2);
    }
  });

  test('[RS-14 RFC 7662 §4] no answer is used beyond the end of its token', async () => {
    const token = foreignToken();
    const now = Math.floor((Date.now() + application.clock.offsetSeconds * 1000) / 1000);
    endpoint.script = () => goodAnswer({ exp: now + 10, iat: now });
    expect((await application.who(token)).status).toBe(200);
    application.clock.offsetSeconds += 11;
    expect((await application.who(token)).status).toBe(401);
  });

  test('[RS-14] a token of which the answer names no end counts for cacheSeconds, and is asked about again', async () => {
    const token = foreignToken();
    endpoint.script = () => goodAnswer({ exp: undefined });
    expect((await application.who(token)).status).toBe(200);
    await application.untilShared(token);
    application.clock.offsetSeconds += 10;
    expect((await application.who(token)).status).toBe(200);
    expect(endpoint.asked).toHaveLength(1);
    application.clock.offsetSeconds += 11;
    endpoint.script = () => goodAnswer({ exp: undefined });
    expect((await application.who(token)).status).toBe(200);
    expect(endpoint.asked).toHaveLength(2);
  });

  test('[RS-15 RFC 7662 §4] a refusal is remembered for a second, so that a token that becomes good works then', async () => {
    endpoint.script = () => ({ active: false });
    const token = await withinWindow(1_000, async () => {
      endpoint.calls.length = 0;
      const refused = foreignToken();
      for (let count = 0; count < 5; count += 1) expectInvalidToken(await application.who(refused));
      return refused;
    });
    expect(endpoint.asked).toEqual([token]);
    endpoint.script = () => goodAnswer();
    application.clock.offsetSeconds += 1.1;
    expect((await application.who(token)).status).toBe(200);
  });

  test('[RS-37] no log line and no key in the answers holds a token or the secret', async () => {
    const token = foreignToken();
    endpoint.script = () => goodAnswer({ aud: 'https://other.example' });
    await application.who(token);
    endpoint.script = (_, response) => void response.writeHead(500).end('no');
    await application.who(foreignToken());
    expect(application.log.join('\n')).not.toMatch(/foreign-|secret/);
  });
});
