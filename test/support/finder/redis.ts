import { Redis } from 'ioredis';
import { redisServerProgram, startRedis } from '../redis-process.js';
import { findProgram } from './programs.js';
import {
  portFrom,
  printableUrl,
  reasonOf,
  type Search,
  type ServiceKind,
  UnusableServiceError,
  type UsableService,
} from './service.js';

/** Redis. Its program is needed in any case: Sentinel, Cluster and restart tests start their own. */
export const redis: ServiceKind = {
  name: 'Redis',
  variable: 'TEST_REDIS_URL',
  namedBy: ['TEST_REDIS_URL', 'REDIS_URL'],
  debianPackage: 'redis-server',
  look,
  hasPrograms: () => findProgram(redisServerProgram()) !== undefined,
  start,
};

async function look(): Promise<Search> {
  for (const variable of ['TEST_REDIS_URL', 'REDIS_URL'] as const) {
    const given = process.env[variable];
    if (given) return { service: await named(variable, given) };
  }
  const port = portFrom('TEST_REDIS_PORT', 6379);
  const url = `redis://127.0.0.1:${port}`;
  try {
    return { service: { url, version: await probe(url), how: 'found on its default port' } };
  } catch (error) {
    const absent = (error as { code?: string }).code === 'ECONNREFUSED';
    const where = `127.0.0.1:${port}`;
    return { reason: absent ? `nothing listens on ${where}` : `${where} cannot be used (${reasonOf(error)})` };
  }
}

async function named(variable: string, given: string): Promise<UsableService> {
  if (!/^rediss?:\/\//.test(given)) {
    throw new UnusableServiceError(`${variable} is not a URL of the form redis://host:port; correct it or unset it.`);
  }
  try {
    return { url: given, version: await probe(given), how: `named by ${variable}` };
  } catch (error) {
    throw new UnusableServiceError(
      `${variable} (${printableUrl(given)}) cannot be used: ${reasonOf(error)}. Correct ${variable} or unset it.`,
    );
  }
}

/** Asks a server for its version, and whether it lets us write. */
async function probe(url: string): Promise<string> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What goes wrong with the connection itself is told here and not by the promise of a command.
  let failure: unknown;
  client.on('error', (error) => {
    failure = error;
  });
  try {
    await client.connect();
    await client.set('oauth2-test:probe', '1', 'EX', 5);
    const server = await client.info('server');
    return /redis_version:(\S+)/.exec(server)?.[1] ?? 'of an unknown version';
  } catch (error) {
    throw failure ?? error;
  } finally {
    // On a connection that has ended already, it would hold the process for two seconds more.
    if (client.status !== 'end') client.disconnect();
  }
}

async function start(): Promise<UsableService> {
  const program = findProgram(redisServerProgram());
  const server = await startRedis();
  const how = `started for this run from ${program}`;
  return { url: server.url, version: await probe(server.url), how, stop: () => server.stop() };
}
