import { randomBytes } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { Redis } from 'ioredis';
import { ConfigurationError } from '../../../src/core/errors.js';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import {
  bearer,
  createOAuth2,
  databaseTokens,
  introspectedTokens,
  jwtTokens,
  session,
} from '../../../src/public/index.js';
import { createTokenCache } from '../../../src/resource-server/cache/index.js';
import { createThrottle, leasedEngine, memoryEngine, redisEngine } from '../../../src/throttling/index.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, printed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostileValue } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

const SECRET = randomBytes(24).toString('base64url');

/** Values that hold the secret, in the shapes in which it may come to stand at a wrong place. */
const holding: Arbitrary<unknown> = fc.constantFrom<unknown>(
  SECRET,
  [SECRET],
  { password: SECRET },
  { [SECRET]: 1 },
  new Map([[SECRET, SECRET]]),
  new Set([SECRET]),
  Buffer.from(SECRET),
  new Error(SECRET),
  Symbol(SECRET),
  `mysql://root:${SECRET}@127.0.0.1:1/shop`,
  new Proxy({}, { get: () => SECRET, ownKeys: () => [SECRET] }),
  new Proxy(
    {},
    {
      // What every object has is left, so that a failure can be printed.
      get: (target, name) => {
        if (name in target || typeof name === 'symbol') return Reflect.get(target, name);
        throw new Error(SECRET);
      },
    },
  ),
  {
    get database() {
      throw new Error(SECRET);
    },
  },
);
const value = fc.oneof({ weight: 3, arbitrary: hostileValue }, { weight: 1, arbitrary: holding });

/** Options of which some are hostile; now and then it is no object at all. */
function options(names: readonly string[], good: object): Arbitrary<unknown> {
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '', ' ', 'typo', SECRET) },
  );
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .array(fc.tuple(name, value), { minLength: 1, maxLength: 3 })
        .map((entries) => ({ ...good, ...Object.fromEntries(entries) })),
    },
    { weight: 1, arbitrary: value },
  );
}

type Make = (given: never) => unknown;
/** Without names of its own, a group has those that are read of it: so a new option cannot be left out. */
type Target = readonly [group: string, make: Make, good?: object, names?: readonly string[]];

const BASE = { database: ':memory:', scopes: { read: 'Read' }, logger: silentLogger };
const SERVER = { issuer: 'https://auth.example.com', encryptionKeys: [randomBytes(32)] };
const JWT = { issuer: 'https://issuer.example.com', audience: 'https://api.example.com' };
const INTROSPECTED = { issuer: 'https://issuer.example.com', clientId: 'api', clientSecret: 'of this test' };

/** Opens no connection: the client that an engine makes of it waits for a command, and none is sent. */
const REDIS = {
  isCluster: false,
  options: {},
  duplicate: () => new Redis({ lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null }),
  defineCommand: () => undefined,
};

const application =
  (name: string, others: object = {}): Make =>
  (given) =>
    createOAuth2({ ...BASE, ...others, [name]: given } as never).close();
const throttling =
  (name: string): Make =>
  (given) =>
    createOAuth2({ ...BASE, throttling: { [name]: given } } as never).close();
const verifier =
  (tokens: (given: never) => unknown): Make =>
  (given) =>
    createOAuth2({ ...BASE, verifiers: [tokens(given)] } as never).close();
const server = (given: unknown) =>
  createOAuth2({ ...BASE, authorizationServer: authorizationServer(given as never) } as never).close();
const serverWith =
  (name: string): Make =>
  (given) =>
    server({ ...SERVER, [name]: given });

const TARGETS: readonly Target[] = [
  ['createOAuth2', (given) => createOAuth2(given).close(), BASE],
  ['createOAuth2 throttling', application('throttling')],
  ['createOAuth2 throttling.policies', throttling('policies'), {}, ['user', 'anon', 'a b', 'x"']],
  [
    'createOAuth2 throttling.policies.user',
    (given) => createOAuth2({ ...BASE, throttling: { policies: { user: given } } } as never).close(),
    { rate: '100/hour' },
  ],
  ['createOAuth2 throttling.failedAuthentication', throttling('failedAuthentication')],
  ['createOAuth2 throttling.fields', throttling('fields')],
  ['createOAuth2 cache', application('cache')],
  ['createOAuth2 opaqueTokens', application('opaqueTokens')],
  ['createOAuth2 dpop', application('dpop'), { publicUrl: 'https://api.example.com' }],
  [
    'createOAuth2 clientCertificates',
    application('clientCertificates', { trustedProxies: ['loopback'] }),
    { header: 'Client-Cert' },
  ],
  ['createOAuth2 resourceMetadata', application('resourceMetadata', { resource: 'https://api.example.com' })],
  ['createOAuth2 openApi', application('openApi'), { info: { title: 'Shop', version: '1' } }],
  ['authorizationServer', server, SERVER],
  ['authorizationServer dynamicRegistration', serverWith('dynamicRegistration')],
  ['authorizationServer clientMetadataDocuments', serverWith('clientMetadataDocuments')],
  ['authorizationServer throttling', serverWith('throttling')],
  ['authorizationServer pages', serverWith('pages')],
  ['authorizationServer login', serverWith('login'), { url: () => '/', userId: () => undefined }],
  ['authorizationServer acr', serverWith('acr'), { values: ['urn:example:password'], of: () => undefined }],
  ['authorizationServer claims', serverWith('claims'), { of: () => ({}) }],
  [
    'authorizationServer resources',
    (given) => server({ ...SERVER, resources: { 'https://api.example.com': given } }),
    { scopes: ['read'] },
  ],
  ['jwtTokens', verifier(jwtTokens), JWT],
  ['introspectedTokens', verifier(introspectedTokens), INTROSPECTED],
  [
    'introspectedTokens signedAnswers',
    verifier((given) => introspectedTokens({ ...INTROSPECTED, signedAnswers: given })),
  ],
  ['databaseTokens', verifier(databaseTokens)],
  ['bearer', bearer],
  ['session', session, { userId: () => undefined, csrfToken: () => undefined }],
  ['memoryEngine', memoryEngine],
  ['leasedEngine', leasedEngine, { redis: REDIS }],
  ['redisEngine', redisEngine, { redis: REDIS }],
  ['createThrottle', createThrottle, { engine: memoryEngine() }],
  ['createTokenCache', createTokenCache],
];

async function closed(made: unknown): Promise<void> {
  await ((await made) as { close?(): Promise<void> } | undefined)?.close?.();
}

/** The names of the options of a group: what is read of its object. */
async function namesReadBy(make: Make, good: object): Promise<readonly string[]> {
  const names = new Set<string>();
  const given = new Proxy(good, {
    get(target, name) {
      if (typeof name === 'string') names.add(name);
      return Reflect.get(target, name);
    },
  });
  await closed(make(given as never));
  return [...names];
}

test.each(TARGETS)(
  '[RS-69] %s takes what it is given, or says which option is wrong, and never what was given',
  async (_group, make, good = {}, known = undefined) => {
    const observed = new Observed();
    const secrets = new Secrets([SECRET]);
    // Fails if what is good is refused, and then it would tell nothing that the rest is.
    const names = known ?? (await namesReadBy(make, good));
    expect(names.length).toBeGreaterThan(0);
    observed.start();
    await forInputsAsync(
      fc.asyncProperty(options(names, good), async (one) => {
        try {
          await closed(make(one as never));
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw new Error(`No error of an option: ${printed(error)}`);
          secrets.expectNone(printed(error), 'the error');
        }
      }),
      1 / TARGETS.length,
    );
    observed.stop();
    expect(observed.uncaught).toEqual([]);
  },
);
