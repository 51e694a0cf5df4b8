import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { hash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as requestPlainly } from 'node:http';
import { createServer, type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, Controller, Get } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import {
  type ClientCertificateOptions,
  createOAuth2,
  type OAuth2,
  type OAuth2Options,
} from '../../../src/public/index.js';
import { newProofKey, proofOf } from '../../support/dpop.js';
import { KEEP_ALIVE_MILLISECONDS, serve } from '../../support/http.js';

@Controller()
class Things {
  @Get('/things')
  @Authorized('read')
  list() {
    return { listed: true };
  }
}

interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly thumbprint: string;
}

const folder = mkdtempSync(join(tmpdir(), 'oauth2-test-certificates-'));

function newCertificate(name: string): Certificate {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  const text = readFileSync(cert, 'utf8');
  return {
    key: readFileSync(key, 'utf8'),
    cert: text,
    thumbprint: hash('sha256', new X509Certificate(text).raw, 'base64url'),
  };
}

const ours = newCertificate('server');
const theirs = newCertificate('client');
const another = newCertificate('another');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An application with a token for each binding. */
class Site {
  readonly oauth2: OAuth2;
  readonly koa = new Koa();

  constructor(options: Partial<OAuth2Options>) {
    this.oauth2 = createOAuth2({ database: 'sqlite::memory:', logger: silentLogger, ...options });
  }

  async open(): Promise<this> {
    await this.oauth2.migrate();
    this.oauth2.useKoaServer(this.koa, { controllers: [Things] });
    return this;
  }

  /** As a server has bound it that stores tokens here, or an import. */
  async token(binding: object | undefined): Promise<string> {
    const { application } = await this.oauth2.applications.create({ name: 'Demo', grantTypes: ['client_credentials'] });
    const { access_token, model } = await this.oauth2.tokens.issue({ application, scope: 'read' });
    if (binding !== undefined) await model.$query().patch({ payload: JSON.stringify(binding) });
    return access_token;
  }
}

describe('certificate-bound tokens over TLS', () => {
  let site: Site;
  let port: number;
  let server: ReturnType<typeof createServer>;
  beforeAll(async () => {
    site = await new Site({ clientCertificates: true, dpop: { publicUrl: 'https://api.example.com' } }).open();
    server = createServer(
      { ...ours, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: KEEP_ALIVE_MILLISECONDS },
      site.koa.callback(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await site.oauth2.close();
  });

  const call = (
    token: string,
    by: Certificate | undefined,
    more: RequestOptions & { headers?: Record<string, string> } = {},
  ) =>
    new Promise<{ status: number | undefined; challenge: string | undefined }>((resolve, reject) => {
      const { headers, ...options } = more;
      const authorization = `Bearer ${token}`;
      request(
        {
          port,
          path: '/things',
          rejectUnauthorized: false,
          agent: false,
          ...(by && { key: by.key, cert: by.cert }),
          headers: { authorization, ...headers },
          ...options,
        },
        (response) => {
          response.resume();
          resolve({ status: response.statusCode, challenge: response.headers['www-authenticate'] });
        },
      )
        .on('error', reject)
        .end();
    });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '[RS-21 §3] the token is good for whoever has the certificate, over %s',
    async (version) => {
      const token = await site.token({ 'x5t#S256': theirs.thumbprint });
      const versions = { minVersion: version, maxVersion: version };
      expect((await call(token, theirs, versions)).status).toBe(200);
      for (const by of [another, undefined]) {
        const refused = await call(token, by, versions);
        expect(refused.status).toBe(401);
        expect(refused.challenge).toMatch(/^Bearer realm="api", error="invalid_token"/);
      }
    },
  );

  test('[RS-21 §3] a token that is cached is compared for each request', async () => {
    const token = await site.token({ 'x5t#S256': theirs.thumbprint });
    for (const [by, status] of [
      [theirs, 200],
      [another, 401],
      [theirs, 200],
      [undefined, 401],
    ] as const) {
      expect((await call(token, by)).status).toBe(status);
    }
  });

  test('a token that is bound to nothing is good with any certificate, and without', async () => {
    const token = await site.token(undefined);
    for (const by of [theirs, another, undefined]) expect((await call(token, by)).status).toBe(200);
  });

  test('[RS-21] a field is not believed where the connection has the certificate', async () => {
    const token = await site.token({ 'x5t#S256': theirs.thumbprint });
    const der = new X509Certificate(theirs.cert).raw.toString('base64');
    expect((await call(token, another, { headers: { 'client-cert': `:${der}:` } })).status).toBe(401);
  });

  test('[RS-21 RS-19] a token that is bound to a key and a certificate needs both', async () => {
    const key = await newProofKey();
    const token = await site.token({ 'x5t#S256': theirs.thumbprint, jkt: key.jkt });
    const url = 'https://api.example.com/things';
    const withProof = async (by: Certificate | undefined, of = key) => {
      const dpop = await proofOf(of, { method: 'GET', url, token });
      return (await call(token, by, { headers: { authorization: `DPoP ${token}`, dpop } })).status;
    };
    expect(await withProof(theirs)).toBe(200);
    expect(await withProof(another)).toBe(401);
    expect(await withProof(undefined)).toBe(401);
    expect(await withProof(theirs, await newProofKey())).toBe(401);
    expect((await call(token, theirs)).status).toBe(401);
  });
});

describe('certificate-bound tokens behind a proxy', () => {
  const der = new X509Certificate(theirs.cert).raw;
  const VALUES = {
    rfc9440: `:${der.toString('base64')}:`,
    nginx: encodeURIComponent(theirs.cert),
    envoy: `By=spiffe://proxy;Hash=${hash('sha256', der, 'hex')};Subject="CN=client"`,
  };

  async function ask(
    clientCertificates: ClientCertificateOptions,
    trustedProxies: string[],
    headers: Record<string, string | string[]>,
  ): Promise<number | undefined> {
    const site = await new Site({ clientCertificates, trustedProxies }).open();
    const served = await serve(site.koa);
    try {
      const token = await site.token({ 'x5t#S256': theirs.thumbprint });
      return await new Promise((resolve, reject) => {
        const sent = requestPlainly(
          `${served.url}/things`,
          { headers: { authorization: `Bearer ${token}`, ...headers } },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        sent.on('error', reject).end();
      });
    } finally {
      await served.close();
      await site.oauth2.close();
    }
  }

  test.each([
    [{ header: 'Client-Cert' }, 'client-cert', VALUES.rfc9440],
    [{ header: 'X-Forwarded-Client-Cert' }, 'x-forwarded-client-cert', VALUES.envoy],
    [{ header: 'X-SSL-Client-Cert' }, 'x-ssl-client-cert', VALUES.nginx],
    [{ header: 'X-Cert', format: 'rfc9440' }, 'x-cert', VALUES.rfc9440],
  ] as const)('[RS-21 RFC 9440 §2] the field of a trusted proxy counts: %j', async (options, name, value: string) => {
    expect(await ask(options, ['loopback'], { [name]: value })).toBe(200);
    expect(await ask(options, ['loopback'], { [name]: [value, value] })).toBe(401);
    expect(await ask(options, ['loopback'], { [name]: `${value}x` })).toBe(401);
    expect(await ask(options, ['loopback'], {})).toBe(401);
  });

  test('[RS-21] the field of anybody else is ignored', async () => {
    expect(await ask({ header: 'Client-Cert' }, ['192.0.2.0/24'], { 'client-cert': VALUES.rfc9440 })).toBe(401);
  });
});

describe('without client certificates', () => {
  test('[RS-21 §3] a token that is bound to one is refused', async () => {
    const site = await new Site({}).open();
    const served = await serve(site.koa);
    const token = await site.token({ 'x5t#S256': theirs.thumbprint });
    const der = new X509Certificate(theirs.cert).raw.toString('base64');
    const answer = await served.get('/things', {
      headers: { authorization: `Bearer ${token}`, 'client-cert': `:${der}:` },
    });
    expect(answer.status).toBe(401);
    await served.close();
    await site.oauth2.close();
  });

  test.each<[Partial<OAuth2Options>, string]>([
    [{ clientCertificates: { header: 'Client-Cert' } }, 'trustedProxies'],
    [{ clientCertificates: { header: 'Client-Cert' }, trustedProxies: 1 }, 'trustedProxies'],
    [{ clientCertificates: { header: 'Client Cert' }, trustedProxies: ['loopback'] }, 'clientCertificates.header'],
    [{ clientCertificates: { format: 'nginx' } }, 'clientCertificates.format'],
    [
      { clientCertificates: { header: 'a', format: 'pem' as never }, trustedProxies: ['loopback'] },
      'clientCertificates.format',
    ],
    [{ clientCertificates: { heder: 'a' } as never }, 'heder'],
    [{ clientCertificates: 'yes' as never }, 'clientCertificates'],
    [{ dpop: {} }, 'publicUrl'],
    [{ dpop: { publicUrl: 'api.example.com' } }, 'dpop.publicUrl'],
    [{ dpop: { publicUrl: 'https://api.example.com?a=1' } }, 'dpop.publicUrl'],
    [{ dpop: { publicUrl: 'https://api.example.com', algorithms: ['HS256'] } }, 'dpop.algorithms[0]'],
    [{ dpop: { publicUrl: 'https://api.example.com', algorithms: [] } }, 'dpop.algorithms'],
    [{ dpop: { publicUrl: 'https://api.example.com', maxAgeSeconds: 301 } }, 'dpop.maxAgeSeconds'],
    [{ dpop: { publicUrl: 'https://api.example.com', nonceKeys: ['short'] } }, 'dpop.nonceKeys[0]'],
    [{ dpop: 'on' as never }, 'dpop'],
  ])('%j is refused at start-up', (options, text) => {
    expect(() => new Site(options)).toThrow(text);
  });
});
