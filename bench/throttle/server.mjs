/** A guarded action with a leased throttle, or the same action without a guard: `node server.mjs '{"mode": …}'`. */
import { createServer } from 'node:http';
import { createKoaServer } from 'routing-controllers';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { leasedEngine } from 'routing-controllers-oauth2/throttling';
import { controllerOf } from '../lib/controller.mjs';

const { mode, database, redis, keyPrefix } = JSON.parse(process.argv[2]);

function guarded() {
  // Two servers share one core here, so a deadline for a server with a core of its own would distort the result.
  const deadlineMilliseconds = 1000;
  const engine = leasedEngine({ redis, keyPrefix, deadlineMilliseconds });
  const policies = { user: '1000000000/hour' };
  const throttling = { policies, failedAuthentication: null, engine, deadlineMilliseconds };
  const oauth2 = createOAuth2({ database, throttling });
  const koa = oauth2.createKoaServer({ controllers: [controllerOf({ scope: 'api', throttles: ['user'] })] });
  return { koa, ready: () => oauth2.ready(), close: () => oauth2.close() };
}

const unguarded = () => ({ koa: createKoaServer({ controllers: [controllerOf()] }), ready() {}, close() {} });

const { koa, ready, close } = mode === 'guarded' ? guarded() : unguarded();
await ready();
const server = createServer({ keepAliveTimeout: 600_000 }, koa.callback());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
// Ends with its parent.
process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message !== 'close') return;
  server.closeAllConnections();
  server.close();
  await close();
  process.disconnect();
});
