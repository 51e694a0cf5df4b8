/** A process with an authorization server and a guarded action, on ports of its own. It ends with its parent. */
import 'reflect-metadata';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2 } from '../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import type { Serving, WorkerSettings } from './worker-protocol.js';

process.once('disconnect', () => process.exit());

const { databaseUrl, issuer, scopes, encryptionKey, redis } = JSON.parse(process.argv[2] as string) as WorkerSettings;

@JsonController('/guarded')
class Guarded {
  @Authorized(['read'])
  @Get('/')
  enter() {
    return { entered: true };
  }
}

/** Resolves to where it is served. */
async function serve(refreshGraceSeconds?: number): Promise<string> {
  const oauth2 = createOAuth2({
    database: databaseUrl,
    ...(redis !== undefined && { redis: redis.url, keyPrefix: redis.keyPrefix }),
    users: { findById: (id) => ({ id }), isActive: () => true },
    scopes,
    logger: silentLogger,
    throttling: { failedAuthentication: null },
    authorizationServer: authorizationServer({
      issuer,
      encryptionKeys: [encryptionKey],
      devicePollingSeconds: 0,
      refreshGraceSeconds,
      throttling: { token: null, device: null, introspection: null },
    }),
  });
  await oauth2.ready();
  const koa = oauth2.createKoaServer({ controllers: [Guarded] });
  koa.silent = true;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const [url, strictUrl] = [await serve(), await serve(0)];
process.send?.({ url, strictUrl } satisfies Serving);
