/**
 * What forged opaque tokens cost: how many bytes go to the database and how many commands to Redis meanwhile, and the CPU time
 * of the process for each. What comes by itself, such as the proof each second that the channel of the cache works, does not
 * count. Neither does what failures cost that are counted in Redis: the budget of failed authentications is off.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createOAuth2, InvalidTokenError } from 'routing-controllers-oauth2';
import { controllerOf } from './controller.mjs';

const REQUESTS = Number(process.env.BENCH_FORGED ?? 2_000);
const VERIFIED = 10 * REQUESTS;
const BY_ITSELF = /^publish |:token-marks /i;

/** @param redis a connection of ioredis, beside those of the application */
export async function countForgedTokens({ database, redis, redisUrl, keyPrefix }) {
  const counted = await countingProxy(new URL(database));
  const oauth2 = createOAuth2({
    database: counted.url,
    redis: redisUrl,
    keyPrefix,
    throttling: { failedAuthentication: null },
  });
  await oauth2.ready();
  const server = oauth2.createKoaServer({ controllers: [controllerOf({ scope: 'api' })] }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/hello`;
  const monitor = await redis.monitor();
  const commands = [];
  monitor.on('monitor', (_time, args) => {
    const line = args.join(' ');
    if (line.includes(keyPrefix) && !BY_ITSELF.test(line)) commands.push(line);
  });
  // The first request of each kind is not what is measured.
  for (const token of forgeries(10)) await expectRefused(url, token);
  const [bytesBefore, commandsBefore] = [counted.bytes(), commands.length];
  for (const token of forgeries(REQUESTS)) await expectRefused(url, token);
  const cpuMicroseconds = await verifyingMicroseconds(oauth2);
  await heardOf(redis, monitor, `${keyPrefix}last`);
  const result = {
    requests: REQUESTS + VERIFIED,
    databaseBytes: counted.bytes() - bytesBefore,
    redisCommands: commands.filter((line) => !line.includes(`${keyPrefix}last`)).length - commandsBefore,
    cpuMicroseconds,
  };
  monitor.disconnect();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await oauth2.close();
  await counted.close();
  return { ...result, reached: result.databaseBytes === 0 && result.redisCommands === 0 };
}

/** With and without the prefix, with right and wrong lengths. */
function forgeries(count) {
  return Array.from({ length: count }, (_, index) => {
    const random = randomBytes(39).toString('base64url').slice(0, 51);
    return [`rco_${random}`, random.slice(0, 43), `rco_${random.slice(0, 43)}`, `x.${random}`][index % 4];
  });
}

async function expectRefused(url, token) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  if (response.status !== 401) throw new Error(`A forged token was answered with ${response.status}.`);
}

async function verifyingMicroseconds({ tokens }) {
  const forged = forgeries(VERIFIED);
  const before = process.cpuUsage();
  for (const token of forged) {
    await tokens.verify(token).catch((error) => {
      if (!(error instanceof InvalidTokenError)) throw error;
    });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / VERIFIED;
}

/** Resolves when the monitor has told of a command that is sent now, and so of all before it. */
async function heardOf(redis, monitor, key) {
  const heard = new Promise((resolve) => {
    monitor.on('monitor', (_time, args) => {
      if (args.includes(key)) resolve();
    });
  });
  await redis.get(key);
  await heard;
}

/** Counts what is sent to the database. */
async function countingProxy(target) {
  let bytes = 0;
  const sockets = new Set();
  const proxy = createServer((client) => {
    const upstream = connect(Number(target.port || 3306), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (data) => {
      bytes += data.length;
    });
    client.pipe(upstream);
    upstream.pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(proxy.address().port);
  return {
    url: url.href,
    bytes: () => bytes,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => proxy.close(closed));
    },
  };
}
