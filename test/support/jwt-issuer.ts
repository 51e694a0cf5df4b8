import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { KEEP_ALIVE_MILLISECONDS } from './http.js';

/** A key pair of an issuer. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** What the issuer publishes; a test changes it, or answers itself. */
export interface Published {
  metadata: unknown;
  jwks: unknown;
  /** Answers in its place; `undefined`: it answers as it should. */
  answer: RequestListener | undefined;
}

/** An issuer of JWT access tokens (RFC 9068), on a port of its own. */
export interface JwtIssuer {
  readonly url: string;
  readonly published: Published;
  /** How often its keys were asked for. */
  readonly keyRequests: number;
  readonly key: IssuerKey;
  /** A good token with what a test changes about it; `undefined` removes a claim or a header parameter. */
  token(change?: TokenChange): Promise<string>;
  /** Publishes a new key beside those before. */
  publish(): Promise<IssuerKey>;
  /** Signs with a key from now on. */
  use(key: IssuerKey): void;
  /** Nobody listens on its port any more, until `restart`. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export interface TokenChange {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: IssuerKey;
}

let counter = 0;

export async function newIssuerKey(alg = 'ES256', kid = `key-${++counter}`): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Claims as RFC 9068 §2.2 wants them, of now. */
export function goodClaims(issuer: string, audience: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: '5',
    client_id: 'app',
    iat: now,
    exp: now + 300,
    jti: `jti-${++counter}`,
    scope: 'read',
  };
}

/** Signs what a test wants signed. */
export async function signJwt(
  claims: Readonly<Record<string, unknown>>,
  key: IssuerKey,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const protectedHeader = { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header };
  return new SignJWT({ ...claims }).setProtectedHeader(protectedHeader as { alg: string }).sign(key.privateKey);
}

/** Starts an issuer whose tokens are for `audience`. */
export async function startJwtIssuer(audience: string): Promise<JwtIssuer & { close(): Promise<void> }> {
  let key = await newIssuerKey();
  let keyRequests = 0;
  const published: Published = { metadata: undefined, jwks: undefined, answer: undefined };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, (request, response) => {
    const isKeys = request.url === '/keys';
    if (isKeys) keyRequests += 1;
    if (published.answer !== undefined) return void published.answer(request, response);
    const document = isKeys
      ? published.jwks
      : request.url === '/.well-known/openid-configuration'
        ? published.metadata
        : undefined;
    response.statusCode = document === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(document ?? { error: 'not_found' }));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  published.metadata = { issuer: url, jwks_uri: `${url}/keys` };
  published.jwks = { keys: [key.publicJwk] };
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return {
    url,
    published,
    get keyRequests() {
      return keyRequests;
    },
    get key() {
      return key;
    },
    token: async ({ claims = {}, header = {}, key: by = key } = {}) =>
      signJwt(defined({ ...goodClaims(url, audience), ...claims }), by, header),
    async publish() {
      const next = await newIssuerKey();
      const { keys } = published.jwks as { keys: JWK[] };
      published.jwks = { keys: [...keys, next.publicJwk] };
      return next;
    },
    use(next) {
      key = next;
    },
    stop,
    restart: () => listen(port),
    close: async () => {
      if (server.listening) await stop();
    },
  };
}

function defined(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
