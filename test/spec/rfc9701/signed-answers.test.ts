import { describe, expect, test } from '@jest/globals';
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { introspectedTokens } from '../../../src/public/index.js';
import { foreignToken, useIntrospection } from '../../support/spec/introspecting-application.js';
import {
  goodAnswer,
  type IntrospectionCall,
  type Script,
  useScriptedEndpoint,
} from '../../support/spec/introspection-endpoint.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

const MEDIA_TYPE = 'application/token-introspection+jwt';
const TYP = 'token-introspection+jwt';

const key = await generateKeyPair('ES256', { extractable: true });
const other = await generateKeyPair('ES256', { extractable: true });
const rsa = await generateKeyPair('RS256', { extractable: true });
const now = () => Math.floor(Date.now() / 1000);

interface Signed {
  readonly header?: object;
  readonly claims?: object;
  readonly answer?: object | undefined;
  readonly signedBy?: typeof key.privateKey;
}

describe('answers that are signed', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, {
    verifiers: () => {
      const signedAnswers = { algorithms: ['ES256'] as const };
      return [introspectedTokens({ issuer: endpoint.origin, clientId: 'api', clientSecret: 'secret', signedAnswers })];
    },
  });

  async function signed({
    header,
    claims,
    answer = goodAnswer(),
    signedBy = key.privateKey,
  }: Signed = {}): Promise<string> {
    const payload = { iss: endpoint.origin, aud: 'api', iat: now(), token_introspection: answer, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: TYP, kid: 'k1', ...header }).sign(signedBy);
  }

  /** Serves metadata and keys, and to whoever asks about a token this text. */
  function answering(text: () => string | Promise<string>, type = MEDIA_TYPE): Script {
    return async ({ path }, response) => {
      if (path === '/jwks') {
        const keys = [
          { ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' },
          { ...(await exportJWK(rsa.publicKey)), kid: 'r1', alg: 'RS256', use: 'sig' },
        ];
        return { keys };
      }
      if (path !== '/introspect') {
        return {
          issuer: endpoint.origin,
          introspection_endpoint: endpoint.url,
          jwks_uri: `${endpoint.origin}/jwks`,
          introspection_signing_alg_values_supported: ['ES256', 'RS256', 'HS256', 'none'],
        };
      }
      response.writeHead(200, { 'content-type': type }).end(await text());
      return undefined;
    };
  }

  async function statusFor(text: () => string | Promise<string>, type?: string): Promise<number> {
    endpoint.script = answering(text, type);
    application.clock.offsetSeconds = 0;
    const { status } = await application.who(foreignToken());
    // So that no failure opens the breaker for the next case.
    endpoint.script = answering(() => signed());
    expect((await application.who(foreignToken())).status).toBe(200);
    return status;
  }

  test('[RS-13 RFC 9701 §4, §5] one is asked for, and what it says of the token counts', async () => {
    expect(await statusFor(() => signed())).toBe(200);
    const call = endpoint.calls.find(({ path }) => path === '/introspect') as IntrospectionCall;
    expect(call.headers.accept).toBe(MEDIA_TYPE);
    endpoint.script = answering(() => signed({ answer: { active: false } }));
    expectInvalidToken(await application.who(foreignToken()));
    endpoint.script = answering(() => signed({ answer: goodAnswer({ aud: 'https://other.example' }) }));
    expectInvalidToken(await application.who(foreignToken()));
  });

  test('[RS-13] its signature is checked: by another key, changed, or not there, it is not an answer', async () => {
    expect(await statusFor(() => signed({ signedBy: other.privateKey }))).toBe(503);
    expect(
      await statusFor(async () => {
        const [header, , signature] = (await signed({ answer: { active: false } })).split('.');
        const [, payload] = (await signed()).split('.');
        return `${header}.${payload}.${signature}`;
      }),
    ).toBe(503);
    expect(await statusFor(async () => (await signed()).replace(/\.[^.]*$/, '.'))).toBe(503);
    expect(await statusFor(async () => (await signed()).replace(/\.[^.]*$/, ''))).toBe(503);
  });

  test('[RS-13 RFC 8725 §3.1] of algorithms decides the option: no other, no HMAC by a public key, none', async () => {
    expect(await statusFor(() => signed({ header: { alg: 'RS256', kid: 'r1' }, signedBy: rsa.privateKey }))).toBe(503);
    const unsigned = async (alg: string) => {
      const [, payload] = (await signed()).split('.');
      return `${Buffer.from(JSON.stringify({ alg, typ: TYP })).toString('base64url')}.${payload}.`;
    };
    expect(await statusFor(() => unsigned('none'))).toBe(503);
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(key.publicKey)));
    expect(
      await statusFor(async () => {
        const payload = { iss: endpoint.origin, aud: 'api', iat: now(), token_introspection: goodAnswer() };
        return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: TYP }).sign(secret);
      }),
    ).toBe(503);
  });

  test('[RS-13 RFC 9701 §5, §8.1] type, issuer, audience and time are those of an answer to us, now', async () => {
    const wrong: readonly Signed[] = [
      { header: { typ: 'JWT' } },
      { header: { typ: 'at+jwt' } },
      { header: { typ: undefined } },
      { claims: { iss: 'https://other.example' } },
      { claims: { iss: undefined } },
      { claims: { aud: 'other' } },
      { claims: { aud: undefined } },
      { claims: { iat: undefined } },
      { claims: { iat: now() - 120 } },
      { claims: { iat: now() + 120 } },
      { claims: { exp: now() - 60 } },
      { claims: { token_introspection: undefined } },
      { claims: { token_introspection: JSON.stringify(goodAnswer()) } },
      { claims: { token_introspection: [goodAnswer()] } },
      { answer: { ...goodAnswer(), active: 'true' } },
    ];
    for (const one of wrong) expect([one, await statusFor(() => signed(one))]).toEqual([one, 503]);
    expect(await statusFor(() => signed({ header: { typ: `application/${TYP}` } }))).toBe(200);
    expect(await statusFor(() => signed({ claims: { aud: ['other', 'api'] } }))).toBe(200);
  });

  test('[RS-13 RFC 8259 §4] a signed answer that says a member twice is none', async () => {
    const twice = async () => {
      const good = JSON.stringify({ iss: endpoint.origin, aud: 'api', iat: now(), token_introspection: goodAnswer() });
      const payload = new TextEncoder().encode(good.replace('"active":true', '"active":false,"active":true'));
      return new CompactSign(payload).setProtectedHeader({ alg: 'ES256', typ: TYP, kid: 'k1' }).sign(key.privateKey);
    };
    expect(await statusFor(twice)).toBe(503);
  });

  test('[RS-13] a plain answer is none, nor a signed one under another name', async () => {
    expect(await statusFor(() => JSON.stringify(goodAnswer()), 'application/json')).toBe(503);
    expect(await statusFor(() => signed(), 'application/jwt')).toBe(503);
    expect(await statusFor(() => 'a.b.c')).toBe(503);
    expect(await statusFor(() => '')).toBe(503);
  });
});

describe('answers that are not to be signed', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint);

  test('[RS-13] one that nobody checks the signature of is not taken for a plain one', async () => {
    endpoint.script = async (_, response) => {
      const payload = { iss: endpoint.origin, aud: 'api', iat: now(), token_introspection: goodAnswer() };
      const text = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: TYP }).sign(other.privateKey);
      response.writeHead(200, { 'content-type': MEDIA_TYPE }).end(text);
    };
    expect((await application.who(foreignToken())).status).toBe(503);
  });
});
