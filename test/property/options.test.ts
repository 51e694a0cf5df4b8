import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { run } from '../../src/cli/program.js';
import { authorizationServer } from '../../src/public/authorization-server.js';
import { bearer, createOAuth2, type OAuth2Options, session } from '../../src/public/index.js';
import { createTokenCache } from '../../src/resource-server/cache/index.js';
import {
  createThrottle,
  leasedEngine,
  memoryEngine,
  rateLimiterFlexibleEngine,
  redisEngine,
} from '../../src/throttling/index.js';

/** Nothing a person would choose for a name: what is in a message by chance is no finding. */
const secret = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_-]{16,48}$/).filter((text) => /\d[A-Za-z]*\d/.test(text)),
  fc.stringMatching(/^[a-z0-9]{4,8}[@/:#?&%!{}"' ]{1,3}[a-z]{1,6}[0-9]{3,6}[a-z]$/),
);

class Holder {
  constructor(readonly held: string) {}
  toJSON() {
    return this.held;
  }
  toString() {
    return this.held;
  }
  get url() {
    return `mysql://root:${this.held}@db.example/shop`;
  }
}

/** The shapes in which a secret comes to stand at a wrong place. */
const SHAPES: readonly ((secret: string) => unknown)[] = [
  (text) => text,
  (text) => `mysql://root:${text}@db.example:3306/shop`,
  (text) => `mysql://root:${encodeURIComponent(text)}@db.example`,
  (text) => `redis://:${text}@cache.example:6379/0`,
  (text) => `postgres://db.example?password=${encodeURIComponent(text)}&sslmode=require`,
  (text) => `https://api.example/?access_token=${text}#x`,
  (text) => [text],
  (text) => [`redis://${text}@cache.example`, { password: text }],
  (text) => ({ [text]: text }),
  (text) => ({ password: { value: [text] } }),
  (text) => new Map([[text, text]]),
  (text) => new Set([text]),
  (text) => new Holder(text),
  (text) => Symbol(text),
  (text) => new Error(`refused ${text}`),
  (text) => Object.assign(() => text, { token: text }),
  (text) => Buffer.from(text),
  (text) => new URL(`https://x.example/?token=${encodeURIComponent(text)}`),
  (text) => ({
    get password() {
      throw new Error(text);
    },
  }),
  (text) => {
    const cycle: Record<string, unknown> = { text };
    cycle.self = cycle;
    return cycle;
  },
  (text) => new Proxy({ text }, { get: (target, name) => (name === 'text' ? target.text : undefined) }),
];

type Make = (value: unknown) => unknown;

const KEYS = [Buffer.alloc(32, 1)];
const BASE = { database: 'sqlite::memory:', scopes: { read: 'Read' } };
const SERVER = { issuer: 'https://auth.example.com', encryptionKeys: KEYS };

/** Puts a value at a path of an object. */
function at(path: string, value: unknown, base: object = {}): Record<string, unknown> {
  const [name = '', ...rest] = path.split('.');
  const inner = (base as Record<string, unknown>)[name];
  const put = rest.length === 0 ? value : at(rest.join('.'), value, (inner as object | undefined) ?? {});
  return { ...base, [name]: put };
}

const application =
  (path: string): Make =>
  (value) =>
    createOAuth2(at(path, value, BASE) as unknown as OAuth2Options).close();
const server =
  (path: string): Make =>
  (value) =>
    createOAuth2({
      ...BASE,
      authorizationServer: authorizationServer(at(path, value, SERVER) as never),
    } as never).close();

const POLICY = ['rate', 'subject', 'cost', 'algorithm', 'name', 'other'].map(
  (name) => `throttling.policies.user.${name}`,
);
const OPTIONS = [
  ...['database', 'database.client', 'database.connection', 'redis', 'keyPrefix', 'models', 'models.Token'],
  ...['models.Application', 'users', 'scopes', 'scopes.read', 'realm', 'readScope', 'writeScope', 'errorBody'],
  ...['errorResponseWithScopes', 'authenticators', 'trustedProxies', 'accessTokenLifetimeSeconds', 'resource'],
  ...[
    'requireAudience',
    'cache',
    'throttling',
    'authorizationServer',
    'container',
    'logger',
    'clock',
    'random',
    'typo',
  ],
  ...['maxEntries', 'maxBytes', 'revocationBoundSeconds', 'negativeMaxAgeSeconds', 'typo'].map(
    (name) => `cache.${name}`,
  ),
  ...['policies', 'policies.user', 'engine', 'whenStoreFails', 'whenLedgerIsLost', 'deadlineMilliseconds', 'typo'].map(
    (name) => `throttling.${name}`,
  ),
  ...[
    'failedAuthentication',
    'failedAuthentication.rate',
    'failedAuthentication.exempt',
    'failedAuthentication.typo',
  ].map((name) => `throttling.${name}`),
  ...['fields', 'fields.version', 'fields.typo', 'global'].map((name) => `throttling.${name}`),
  ...POLICY,
];
const SERVER_OPTIONS = [
  ...['issuer', 'allowInsecureIssuer', 'prefix', 'encryptionKeys', 'authenticate', 'login', 'login.url', 'login.typo'],
  ...[
    'isStaff',
    'username',
    'claims',
    'defaultScopes',
    'ownerScopes',
    'ownerGrantTypes',
    'scopesOf',
    'mayGrant',
    'accessTokenLifetimeSeconds',
    'resources',
  ],
  ...['authorizationCodeLifetimeSeconds', 'refreshTokenLifetimeSeconds', 'refreshGraceSeconds', 'devicePollingSeconds'],
  ...[
    'resources.x',
    'dynamicRegistration',
    'dynamicRegistration.initialAccessToken',
    'dynamicRegistration.scopes',
    'dynamicRegistration.allScopes',
    'dynamicRegistration.grantTypes',
    'dynamicRegistration.typo',
  ],
  ...['throttling', 'throttling.token', 'throttling.typo', 'pages', 'texts', 'texts.login', 'typo'],
];

const ENTRIES: readonly (readonly [string, Make])[] = [
  ...OPTIONS.map((path) => [`createOAuth2 ${path}`, application(path)] as const),
  ...SERVER_OPTIONS.map((path) => [`authorizationServer ${path}`, server(path)] as const),
  ...['body', 'query', 'typo'].map((path) => [`bearer ${path}`, (value: unknown) => bearer(at(path, value))] as const),
  ...['userId', 'csrfToken', 'csrfHeader', 'typo'].map(
    (path) => [`session ${path}`, (value: unknown) => session(at(path, value) as never)] as const,
  ),
  ...['maxKeys', 'typo'].map(
    (path) => [`memoryEngine ${path}`, (value: unknown) => memoryEngine(at(path, value))] as const,
  ),
  ...['redis', 'keyPrefix', 'deadlineMilliseconds', 'maxKeys', 'whenLedgerIsLost', 'typo'].flatMap((path) => [
    [`leasedEngine ${path}`, (value: unknown) => leasedEngine(at(path, value, { redis: 'none' }) as never)] as const,
    [`redisEngine ${path}`, (value: unknown) => redisEngine(at(path, value, { redis: 'none' }) as never)] as const,
  ]),
  ['rateLimiterFlexibleEngine', (value) => rateLimiterFlexibleEngine(value as never)],
  ['createThrottle', (value) => createThrottle(value as never)],
  ['createTokenCache', (value) => createTokenCache(value as never)],
  ['authorizationServer', (value) => authorizationServer(value as never)],
  ['createOAuth2', (value) => createOAuth2(value as never)],
];

/** Everything of an error that could be printed, its causes and stacks too. */
function printed(error: unknown): string {
  const parts = [inspect(error, { depth: 8, showHidden: true }), String(error)];
  for (let one = error; one instanceof Error; one = one.cause) parts.push(one.stack ?? '', one.message);
  return parts.join('\n');
}

describe('[RS-69] no error of an option holds what was given', () => {
  test.each(ENTRIES)('%s', async (_name, make) => {
    await fc.assert(
      fc.asyncProperty(secret, fc.constantFrom(...SHAPES), async (text, shape) => {
        let value: unknown;
        try {
          value = shape(text);
        } catch {
          return; // no URL can be made of it
        }
        try {
          const made = await make(value);
          await (made as { close?(): Promise<void> } | undefined)?.close?.();
        } catch (error) {
          expect(printed(error)).not.toContain(text);
          expect(printed(error)).not.toContain(encodeURIComponent(text));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('[RS-69] no usage error of the command line holds what was given', () => {
  const COMMANDS: readonly (readonly string[])[] = [
    ['tokens', 'issue', '--client', 'c', '--scope', 'read', '--lifetime'],
    ['tokens', 'issue', '--client', 'c', '--resource', 'x', '--scope'],
    ['tokens', 'issue', '--resource'],
    ['tokens', 'clear-expired', '--batch-size'],
    ['tokens', 'revoke', 'x', '--key-prefix'],
    ['applications', 'create', '--name', 'x', '--grants'],
    ['applications', 'create', '--name', 'x', '--scopes'],
    ['applications', 'create', '--name', 'x', '--redirect-uris'],
    ['applications', 'create', '--name', 'x', '--secret-hash'],
    ['applications', 'list', '--redis'],
    ['applications', 'list', '--database'],
    ['routes'],
    ['tokens'],
    [],
  ];

  const wrappers: readonly ((secret: string) => string)[] = [
    (text) => text,
    (text) => `--password=${text}`,
    (text) => `--${text}`,
    (text) => `mysql://root:${text}@127.0.0.1:1/shop?typo=1`,
    (text) => `redis://:${text}@127.0.0.1:1`,
    (text) => `mongodb://root:${text}@db.example/shop`,
  ];

  test.each(COMMANDS)('%s', async (...command) => {
    await fc.assert(
      fc.asyncProperty(secret, fc.constantFrom(...wrappers), fc.boolean(), async (text, wrap, json) => {
        let said = '';
        const write = (words: string) => {
          said += words;
          return true;
        };
        const surroundings = { stdout: { write }, stderr: { write } as unknown as NodeJS.WriteStream, env: {} };
        await run([...command, wrap(text), ...(json ? ['--json'] : [])], surroundings);
        expect(said).not.toContain(text);
      }),
      { numRuns: 25 },
    );
  });

  test.each(['DATABASE_URL', 'REDIS_URL', 'OAUTH2_ENCRYPTION_KEYS'])('of the variable %s', async (variable) => {
    await fc.assert(
      fc.asyncProperty(secret, fc.constantFrom(...wrappers), async (text, wrap) => {
        let said = '';
        const write = (words: string) => {
          said += words;
          return true;
        };
        const env = { DATABASE_URL: 'sqlite::memory:', [variable]: wrap(text) };
        const surroundings = { stdout: { write }, stderr: { write } as unknown as NodeJS.WriteStream, env };
        await run(['keys', 'rotate'], surroundings);
        await run(['tokens', 'revoke', 'x'], surroundings);
        expect(said).not.toContain(text);
      }),
      { numRuns: 15 },
    );
  });
});
