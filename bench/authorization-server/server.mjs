/**
 * One server of the benchmark in a process of its own; talks to its parent by IPC:
 * `node bench/authorization-server/server.mjs '{"mode": …}'`.
 */
import { generateKeyPairSync } from 'node:crypto';
import Koa from 'koa';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
import { serveMeasured } from '../lib/measured.mjs';
import { bareOidcProvider } from './bare-oidc-provider.mjs';

const settings = JSON.parse(process.argv[2]);
/** Counted, but never reached. */
const UNREACHED = '1000000000/hour';
const CLIENT = { clientId: 'bench', clientSecret: 'bench-secret-of-the-bare-provider-0123456789' };
const ISSUER = 'http://127.0.0.1';

async function ours() {
  const oauth2 = createOAuth2({
    database: settings.database,
    scopes: { api: 'Use the API' },
    authorizationServer: authorizationServer({
      issuer: ISSUER,
      encryptionKeys: [settings.encryptionKey],
      throttling: { token: UNREACHED, introspection: UNREACHED },
    }),
  });
  const koa = new Koa();
  koa.use(oauth2.authorizationServer.middleware());
  return { handler: koa.callback(), close: () => oauth2.close(), client: settings.client };
}

async function bare() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] };
  const provider = await bareOidcProvider(settings.database, { ...CLIENT, scope: 'api', issuer: ISSUER, jwks });
  return { ...provider, client: CLIENT };
}

const { handler, close, client } = await { ours, bare }[settings.mode]();
serveMeasured(handler, close, { client });
