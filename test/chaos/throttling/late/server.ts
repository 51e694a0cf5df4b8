/** A process that serves a throttled action, with its Redis wherever it is told. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { createOAuth2, Throttle } from '../../../../src/public/index.js';
import { rateLimiterFlexibleEngine, redisEngine, type ThrottleEngine } from '../../../../src/throttling/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../../support/http.js';
import type { Order, Report, ServerSettings } from './protocol.js';

const settings = JSON.parse(process.argv[2] as string) as ServerSettings;
const tell = (report: Report) => process.send?.(report);

@JsonController()
class Actions {
  @Authorized()
  @Throttle('token')
  @Get('/throttled')
  throttled() {
    const end = performance.now() + settings.workMilliseconds;
    while (performance.now() < end);
    return {};
  }
}

const write = (line: string) => tell({ kind: 'log', line });
const { redis, keyPrefix, deadlineMilliseconds } = settings;
const oauth2 = createOAuth2({
  database: settings.database,
  redis,
  keyPrefix,
  throttling: {
    policies: { token: settings.rate ?? '200/hour' },
    engine: engineOf(settings.engine),
    whenStoreFails: settings.whenStoreFails,
    deadlineMilliseconds,
    failedAuthentication: '100000/m',
  },
  logger: { info: write, warn: write, error: write },
});

function engineOf(name: ServerSettings['engine']): ThrottleEngine | undefined {
  if (name === 'redis') return redisEngine({ redis, keyPrefix: `${keyPrefix}throttle:`, deadlineMilliseconds });
  if (name === 'leased') return undefined;
  const storeClient = new Redis(redis);
  storeClient.on('error', () => {});
  const engine = rateLimiterFlexibleEngine(
    (points, duration, prefix) => new RateLimiterRedis({ storeClient, points, duration, keyPrefix: prefix }),
    { keyPrefix: `${keyPrefix}throttle` },
  );
  return Object.assign(engine, { close: async () => storeClient.disconnect() });
}

process.on('message', async (order: Order) => {
  if (order.kind === 'issue') {
    const tokens: string[] = [];
    for (let more = 0; more < order.count; more++) {
      tokens.push((await oauth2.tokens.issue({ application: 'late', scope: '' })).access_token);
    }
    tell({ kind: 'issued', tokens });
  }
  if (order.kind === 'close') {
    server.closeAllConnections();
    server.close();
    await oauth2.close();
    process.exit(0);
  }
});

await oauth2.migrate();
await oauth2.applications
  .create({ name: 'Late', clientId: 'late', grantTypes: ['client_credentials'] })
  .catch(() => undefined);
await oauth2.ready();
const koa = oauth2.createKoaServer({ controllers: [Actions] });
koa.silent = true;
const server = koa.listen(0, '127.0.0.1', () => {
  tell({ kind: 'listening', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/throttled` });
});
server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
