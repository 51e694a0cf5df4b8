import { randomBytes } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import { ConfigurationError } from '../../../src/core/errors.js';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { bearer, createOAuth2, session } from '../../../src/public/index.js';
import { createTokenCache } from '../../../src/resource-server/cache/index.js';
import { createThrottle, memoryEngine } from '../../../src/throttling/index.js';
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
  {
    get database() {
      throw new Error(SECRET);
    },
  },
);
const value = fc.oneof({ weight: 3, arbitrary: hostileValue }, { weight: 1, arbitrary: holding });

/** Options of which some are hostile; now and then it is no object at all. */
function options(names: readonly string[], good: object = {}): Arbitrary<unknown> {
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

type Target = readonly [name: string, given: Arbitrary<unknown>, make: (given: never) => unknown];
const BASE = { database: ':memory:', scopes: { read: 'Read' }, logger: silentLogger };
const SERVER = { issuer: 'https://auth.example.com', encryptionKeys: [randomBytes(32)] };
const POLICY = { rate: '100/hour' };
const server = (given: unknown) =>
  createOAuth2({ ...BASE, authorizationServer: authorizationServer(given as never) } as never).close();

const TARGETS: readonly Target[] = [
  [
    'createOAuth2',
    options(
      [
        'database',
        'redis',
        'keyPrefix',
        'models',
        'users',
        'scopes',
        'realm',
        'readScope',
        'writeScope',
        'errorBody',
        'errorResponseWithScopes',
        'authenticators',
        'verifiers',
        'trustedProxies',
        'accessTokenLifetimeSeconds',
        'resource',
        'requireAudience',
        'cache',
        'throttling',
        'authorizationServer',
        'opaqueTokens',
        'dpop',
        'clientCertificates',
        'logger',
        'clock',
        'random',
      ],
      BASE,
    ),
    (given) => createOAuth2(given).close(),
  ],
  [
    'createOAuth2 throttling',
    options([
      'policies',
      'engine',
      'whenStoreFails',
      'whenLedgerIsLost',
      'deadlineMilliseconds',
      'failedAuthentication',
      'fields',
      'global',
    ]),
    (given) => createOAuth2({ ...BASE, throttling: given } as never).close(),
  ],
  [
    'createOAuth2 throttling.policies',
    options(['user', 'anon', 'a b', 'x"']),
    (given) => createOAuth2({ ...BASE, throttling: { policies: given } } as never).close(),
  ],
  [
    'createOAuth2 throttling.policies.user',
    options(['rate', 'subject', 'cost', 'algorithm', 'name'], POLICY),
    (given) => createOAuth2({ ...BASE, throttling: { policies: { user: given } } } as never).close(),
  ],
  [
    'createOAuth2 cache',
    options([
      'maxEntries',
      'maxBytes',
      'revocationBoundSeconds',
      'negativeMaxAgeSeconds',
      'maxAgeSeconds',
      'authenticationKeys',
    ]),
    (given) => createOAuth2({ ...BASE, cache: given } as never).close(),
  ],
  [
    'authorizationServer',
    options(
      [
        'issuer',
        'prefix',
        'encryptionKeys',
        'authenticate',
        'login',
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
        'authorizationCodeLifetimeSeconds',
        'refreshTokenLifetimeSeconds',
        'devicePollingSeconds',
        'dynamicRegistration',
        'throttling',
        'pages',
        'texts',
      ],
      SERVER,
    ),
    server,
  ],
  [
    'authorizationServer dynamicRegistration',
    options(['initialAccessToken', 'scopes', 'allScopes', 'grantTypes']),
    (given) => server({ ...SERVER, dynamicRegistration: given }),
  ],
  ['bearer', options(['body', 'query']), (given) => bearer(given)],
  ['session', options(['userId', 'csrfToken', 'csrfHeader']), (given) => session(given)],
  ['memoryEngine', options(['maxKeys']), (given) => memoryEngine(given)],
  [
    'createThrottle',
    options(['policies', 'engine', 'whenStoreFails', 'trustedProxies']),
    (given) => createThrottle(given),
  ],
  ['createTokenCache', options(['maxEntries', 'redis', 'maxAgeSeconds', 'clock']), (given) => createTokenCache(given)],
];

test.each(TARGETS)(
  '[RS-69] %s takes what it is given, or says which option is wrong, and never what was given',
  async (_name, given, make) => {
    const observed = new Observed();
    const secrets = new Secrets([SECRET]);
    observed.start();
    await forInputsAsync(
      fc.asyncProperty(given, async (one) => {
        try {
          const made = await make(one as never);
          await (made as { close?(): Promise<void> } | undefined)?.close?.();
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
