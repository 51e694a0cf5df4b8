/** A process with a shared token cache, told by its parent what to do; the parent is its database. */
import { Cluster, Redis } from 'ioredis';
import { INVALID, type Verification, verifiedToken } from '../../../src/core/verified-token.js';
import { sharedTokenCache } from '../../../src/resource-server/cache/index.js';
import {
  AUTHENTICATOR,
  type Call,
  type DatabaseCalls,
  type Reply,
  type Source,
  type TokenRow,
  type WorkerCalls,
  type WorkerSettings,
} from './worker-protocol.js';

const { quiet, ...settings } = JSON.parse(process.argv[2] as string) as WorkerSettings;
if (quiet === true) console.warn = () => {};

let calls = 0;
const replies = new Map<number, (result: unknown) => void>();

function askParent<Name extends keyof DatabaseCalls>(
  name: Name,
  ...parameters: Parameters<DatabaseCalls[Name]>
): Promise<ReturnType<DatabaseCalls[Name]>> {
  calls += 1;
  const call = calls;
  process.send?.({ call, name, parameters } satisfies Call);
  return new Promise((resolve) => {
    replies.set(call, resolve as (result: unknown) => void);
  });
}

function client(): string | Redis | Cluster {
  const { redis } = settings;
  if ('url' in redis) return redis.url;
  if ('options' in redis) return new Redis({ ...redis.options, lazyConnect: true });
  return new Cluster([...redis.clusterNodes], { lazyConnect: true });
}

const cache = sharedTokenCache({
  deadlineMilliseconds: 1_000,
  ...settings,
  redis: client(),
  authenticator: AUTHENTICATOR,
  loadUser: async (userId) => (await askParent('readUser', userId)) ?? undefined,
});

let gate: { readonly key: string; readonly opened: Promise<void>; open(): void } | undefined;
let waiting = 0;

async function lookUp(key: string): Promise<Verification> {
  const row = await askParent('readToken', key);
  if (gate?.key === key) {
    waiting += 1;
    await gate.opened;
    waiting -= 1;
  }
  return row === null ? INVALID : verification(row);
}

function verification({ key, userId, clientId, expiresAtMilliseconds }: TokenRow): Verification {
  return {
    status: 'active',
    token: verifiedToken({
      key,
      id: 1,
      clientId,
      applicationName: clientId,
      userId,
      scopes: ['read', 'write'],
      audience: undefined,
      issuedAtMilliseconds: 0,
      expiresAtMilliseconds,
    }),
    user: userId === undefined ? undefined : { id: userId },
  };
}

type Results = { [Name in keyof WorkerCalls]: (...parameters: Parameters<WorkerCalls[Name]>) => unknown };

const perform: Results = {
  async ask(key) {
    let source: Source = 'memory';
    let answer = cache.peek(key);
    if (answer === undefined) {
      source = 'redis';
      answer = await cache.resolve(key, () => {
        source = 'database';
        return lookUp(key);
      });
    }
    const user = answer.status === 'active' ? (answer.user as { id: string } | undefined) : undefined;
    return { status: answer.status, source, userId: user?.id };
  },
  invalidate: (invalidation, keys) =>
    cache.invalidate(invalidation, keys).then(
      () => undefined,
      (error: Error) => error.name,
    ),
  forgetMiss: (key) => cache.forgetMiss(key),
  closeGate(key) {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    gate = { key, opened, open };
  },
  openGate() {
    gate?.open();
    gate = undefined;
  },
  waiting: () => waiting,
  async close() {
    await cache.close();
    // Nothing may be left that keeps the process alive.
    setImmediate(() => process.disconnect());
  },
};

process.on('message', async (message: Call | Reply) => {
  if ('reply' in message) {
    replies.get(message.reply)?.(message.result);
    replies.delete(message.reply);
    return;
  }
  const { call, name, parameters } = message;
  try {
    const result = await (perform[name as keyof WorkerCalls] as (...all: unknown[]) => unknown)(...parameters);
    process.send?.({ reply: call, result } satisfies Reply);
  } catch (error) {
    process.send?.({ reply: call, error: String(error) } satisfies Reply);
  }
});
