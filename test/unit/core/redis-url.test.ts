import { expect, test } from '@jest/globals';
import { redisOption } from '../../../src/core/redis-client.js';
import { redisAddress } from '../../../src/core/redis-url.js';

test.each([
  ['redis://cache:6379?tls=true', 'write rediss://'],
  ['redis://cache:6379?ssl=true', 'write rediss://'],
  ['redis://cache:6379?ssl_cert_reqs=required', 'write rediss://'],
  ['redis://cache:6379?sslmode=verify-full', 'write rediss://'],
  ['rediss://cache:6379?rejectUnauthorized=false', 'which verifies the server'],
  ['rediss://cache:6379?ssl-mode=required', 'which verifies the server'],
  ['redis://cache:6379?ssl-ca=/ca.pem', 'redis:// is plain text; write rediss://'],
  ['rediss://cache:6379?ssl-ca=/there/is/none.pem', 'cannot be read'],
  ['rediss://cache:6379?ssl-ca=package.json', 'is no PEM file'],
  ['rediss://cache:6379?sentinels=sentinel&name=main', 'for Sentinel pass a client of ioredis'],
])('%s is refused: what it asks for of TLS would be without effect', (url, fix) => {
  expect(() => redisOption('redis', url)).toThrow(fix);
});

test.each(['redis://cache', 'rediss://:word@cache:6380/2', 'redis://cache?family=6&connectTimeout=500'])(
  '%s is a Redis URL',
  (url) => {
    expect(() => redisOption('redis', url)).not.toThrow();
  },
);

test('a client behind Sentinel with tls that ioredis would not use for the master is refused', () => {
  const sentinels = [{ host: 'localhost', port: 26_379 }];
  const client = (options: object) => ({
    options: { sentinels, name: 'main', ...options },
    duplicate: () => undefined,
    defineCommand: () => undefined,
  });
  const fix = 'set both tls and enableTLSForSentinelMode: true';
  expect(() => redisOption('redis', client({ tls: {} }))).toThrow(fix);
  expect(() => redisOption('redis', client({ enableTLSForSentinelMode: true }))).toThrow(fix);
  expect(() => redisOption('redis', client({ tls: {}, enableTLSForSentinelMode: true }))).not.toThrow();
  expect(() => redisOption('redis', client({}))).not.toThrow();
});

test.each(['rediss://localhost:6380', 'REDISS://localhost', { host: 'localhost', tls: {} }])(
  'a Cluster client one of whose nodes asks for TLS that ioredis would not use for all of them is refused: %j',
  (node) => {
    const client = (redisOptions?: object) => ({
      isCluster: true,
      startupNodes: ['redis://localhost:7000', node],
      options: { redisOptions },
      duplicate: () => undefined,
      defineCommand: () => undefined,
    });
    expect(() => redisOption('redis', client())).toThrow('redisOptions: { tls: {} }');
    expect(() => redisOption('redis', client({ password: 'word' }))).toThrow('redisOptions: { tls: {} }');
    expect(() => redisOption('redis', client({ tls: {} }))).not.toThrow();
  },
);

test.each([
  'cache:6379',
  'http://cache',
  'http://redis://cache',
  'redis:cache',
  'redis://',
  'redis://[',
  'at redis://cache',
  5,
  {},
  undefined,
])('%j is neither a Redis URL nor a client', (value) => {
  expect(() => redisOption('redis', value)).toThrow(
    /: give a Redis URL or a client of ioredis, e\.g\. 'redis:\/\/host:6379' or 'rediss:\/\/host:6379'\.$/,
  );
});

test('a client needs no options, and a node of a Cluster may be anything without TLS', () => {
  const client = { duplicate: () => undefined, defineCommand: () => undefined };
  expect(() => redisOption('redis', client)).not.toThrow();
  const nodes = ['redis://rediss:7000', null, { host: 'localhost' }, 7_000];
  expect(() => redisOption('redis', { ...client, startupNodes: nodes })).not.toThrow();
});

/** Files of this form, and nothing that TLS could use. */
const [CA, CLIENT] = ['test/fixtures/pem/ca.pem', 'test/fixtures/pem/client.pem'];
const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

test('the texts of the files that a URL names become options of TLS, and its other parameters stay', () => {
  const url = `rediss://cache:6380/2?ssl-ca=${CA}&family=6&sslCert=${CLIENT}&ssl_key=${CLIENT}`;
  const [ca, client] = [pem('ca=='), pem('client==')];
  expect(redisAddress('redis', url)).toEqual({
    url: 'rediss://cache:6380/2?family=6',
    tls: { ca, cert: client, key: client },
  });
  expect(redisAddress('redis', 'rediss://cache')).toEqual({ url: 'rediss://cache', tls: {} });
});

test('a URL in plain text stays as it is written', () => {
  const url = 'redis://cache?family=6';
  expect(redisAddress('redis', url)).toEqual({ url });
});

test.each([
  ['ssl-ca', 'sslrootcert'],
  ['ssl-key', 'sslKey'],
])('a URL that names the same thing as %s and as %s is refused', (one, other) => {
  const url = `rediss://cache?${one}=${CA}&${other}=${CLIENT}`;
  const message =
    'The option redis cannot be a URL of the scheme rediss: it names a certificate or key twice; name it once.';
  expect(() => redisAddress('redis', url)).toThrow(expect.objectContaining({ message }));
});
