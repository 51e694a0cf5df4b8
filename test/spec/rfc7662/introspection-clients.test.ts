import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { jwtVerify } from 'jose';
import { databaseTokens, introspectedTokens } from '../../../src/public/index.js';
import { foreignToken, useIntrospection } from '../../support/spec/introspecting-application.js';
import { goodAnswer, type IntrospectionCall, useScriptedEndpoint } from '../../support/spec/introspection-endpoint.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

describe('a caller who asks proves itself', () => {
  const endpoint = useScriptedEndpoint();
  const odd = { clientId: 'api:1 %ü', clientSecret: 'a:b+c d%&=ß' };
  const basic = useIntrospection(endpoint, { tokens: odd });
  const posting = useIntrospection(endpoint, { tokens: { ...odd, clientAuthentication: 'client_secret_post' } });

  test('[RS-13 RFC 6749 §2.3.1] Basic credentials are form-encoded before they are joined', async () => {
    endpoint.script = () => goodAnswer();
    expect((await basic.who(foreignToken())).status).toBe(200);
    const [{ headers, form }] = endpoint.calls as [IntrospectionCall];
    const joined = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    expect(joined).toMatch(/^[\w%+.-]+:[\w%+.-]+$/);
    const decoded = joined.split(':').map((part) => decodeURIComponent(part.replace(/\+/g, ' ')));
    expect(decoded).toEqual([odd.clientId, odd.clientSecret]);
    expect(form.has('client_secret')).toBe(false);
  });

  test('[RS-13 RFC 6749 §2.3.1] with client_secret_post they are in the body alone', async () => {
    endpoint.script = () => goodAnswer();
    expect((await posting.who(foreignToken())).status).toBe(200);
    const [{ headers, form }] = endpoint.calls as [IntrospectionCall];
    expect(headers.authorization).toBeUndefined();
    expect(form.get('client_id')).toBe(odd.clientId);
    expect(form.get('client_secret')).toBe(odd.clientSecret);
  });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

interface SigningCase {
  readonly name: string;
  readonly alg: 'RS256' | 'PS256' | 'ES256' | 'EdDSA';
  readonly privateKey: KeyObject | string | object;
  readonly publicKey: KeyObject;
}

const SIGNING: readonly SigningCase[] = [
  { name: 'EC as JWK', alg: 'ES256', privateKey: ec.privateKey.export({ format: 'jwk' }), publicKey: ec.publicKey },
  {
    name: 'RSA as PEM',
    alg: 'RS256',
    privateKey: rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }),
    publicKey: rsa.publicKey,
  },
  { name: 'RSA with PSS', alg: 'PS256', privateKey: rsa.privateKey, publicKey: rsa.publicKey },
  { name: 'Ed25519', alg: 'EdDSA', privateKey: ed.privateKey, publicKey: ed.publicKey },
];

describe.each(SIGNING)('a caller who asks proves itself by a key: $name', ({ alg, privateKey, publicKey }) => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, {
    tokens: {
      clientSecret: undefined,
      privateKey: privateKey as KeyObject,
      keyId: 'k1',
      ...(alg === 'PS256' && { signingAlgorithm: alg }),
    },
  });

  test('[RS-13 RFC 7523 §3] each call carries an assertion of its own, signed, short and for this server', async () => {
    endpoint.script = () => goodAnswer();
    for (let count = 0; count < 2; count += 1) expect((await application.who(foreignToken())).status).toBe(200);
    const ids = new Set<unknown>();
    for (const { form, headers } of endpoint.calls) {
      expect(headers.authorization).toBeUndefined();
      expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      const { payload, protectedHeader } = await jwtVerify(form.get('client_assertion') ?? '', publicKey, {
        algorithms: [alg],
        issuer: 'api',
        subject: 'api',
        audience: endpoint.url,
      });
      expect(protectedHeader.kid).toBe('k1');
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
      ids.add(payload.jti);
    }
    expect(ids.size).toBe(2);
  });
});

describe('the endpoint as the server itself says', () => {
  const endpoint = useScriptedEndpoint();
  const application = useIntrospection(endpoint, {
    verifiers: () => {
      return [introspectedTokens({ issuer: endpoint.origin, clientId: 'api', clientSecret: 'secret' })];
    },
  });
  const metadata = (changes: object = {}) => ({
    issuer: endpoint.origin,
    introspection_endpoint: `${endpoint.origin}/introspect`,
    ...changes,
  });

  test('[RS-13 RFC 8414 §3] metadata that are missing or wrong are 503, and asked for again', async () => {
    for (const [path, answer] of [
      ['/.well-known/oauth-authorization-server', metadata({ issuer: 'https://other.example' })],
      ['/.well-known/oauth-authorization-server', metadata({ issuer: `${endpoint.origin}/` })],
      ['/.well-known/openid-configuration', metadata({ introspection_endpoint: undefined })],
      ['/.well-known/openid-configuration', metadata({ introspection_endpoint: 'http://192.0.2.1/introspect' })],
      ['/none', {}],
    ] as const) {
      endpoint.script = (call, response) => (call.path === path ? answer : void response.writeHead(404).end());
      const reply = await application.who(foreignToken());
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
      expect(endpoint.asked).toEqual([]);
      endpoint.script = () => ({});
      application.clock.offsetSeconds += 31;
    }
  });

  test('[RS-13 RFC 8414 §3] they are read once, by all who need them first; the issuer is that of the option', async () => {
    application.clock.offsetSeconds += 31;
    endpoint.script = ({ path }, response) => {
      if (path === '/introspect') return goodAnswer({ iss: endpoint.origin });
      return path.endsWith('openid-configuration') ? metadata() : void response.writeHead(404).end();
    };
    expect((await application.who(foreignToken())).body).toMatchObject({ issuer: endpoint.origin });
    endpoint.calls.length = 0;
    for (let count = 0; count < 3; count += 1) expect((await application.who(foreignToken())).status).toBe(200);
    expect(endpoint.calls.map(({ path }) => path)).toEqual(Array(3).fill('/introspect'));
  });

  test('[RS-13] an answer that names another issuer is refused', async () => {
    endpoint.script = () => goodAnswer({ iss: 'https://other.example' });
    expectInvalidToken(await application.who(foreignToken()));
  });
});

function jwtOf(issuer: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signature = createHash('sha256').update(String(Math.random())).digest('base64url');
  return `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part({ iss: issuer, jti: signature.slice(0, 8) })}.${signature}`;
}

describe('which tokens are asked about', () => {
  const endpoint = useScriptedEndpoint();
  const tokens = () => ({ endpoint: endpoint.url, clientId: 'api', clientSecret: 'secret' });
  const opaque = useIntrospection(endpoint);
  const jwts = useIntrospection(endpoint, {
    verifiers: () => {
      return [introspectedTokens({ ...tokens(), issuer: 'https://as.example', accepts: 'jwt' }), databaseTokens()];
    },
  });
  const chosen = useIntrospection(endpoint, {
    verifiers: () => {
      return [
        introspectedTokens({ ...tokens(), accepts: ({ token }) => token.startsWith('foreign-') }),
        databaseTokens(),
      ];
    },
  });

  test('by default opaque ones: a JWT is refused and never sent anywhere', async () => {
    endpoint.script = () => goodAnswer();
    expect((await opaque.who(foreignToken())).status).toBe(200);
    expectInvalidToken(await opaque.who(jwtOf('https://as.example')));
    expect(endpoint.calls).toHaveLength(1);
  });

  test('by option the JWTs of the issuer, while the tokens of the database stay here', async () => {
    endpoint.script = () => goodAnswer();
    expect((await jwts.who(jwtOf('https://as.example'))).body).toMatchObject({ issuer: 'https://as.example' });
    const own = await jwts.issue('read', { user: 'alice' });
    expect((await jwts.who(own)).body).toMatchObject({ principal: 'user:alice', issuer: null });
    expectInvalidToken(await jwts.who(jwtOf('https://other.example')));
    expectInvalidToken(await jwts.who(foreignToken()));
    expect(endpoint.calls).toHaveLength(1);
  });

  test('by a function what it says; a token of ours is not told to anybody', async () => {
    endpoint.script = () => goodAnswer();
    expect((await chosen.who(foreignToken())).status).toBe(200);
    expect((await chosen.who(await chosen.issue('read'))).status).toBe(200);
    expect(endpoint.calls).toHaveLength(1);
  });
});
