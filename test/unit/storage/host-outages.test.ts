import { describe, expect, test } from '@jest/globals';
import { InvalidTokenError, TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { hostError, tellingOutages } from '../../../src/storage/host-outages.js';

function error(properties: Record<string, unknown>, cause?: unknown): Error {
  return Object.assign(new Error(String(properties.message ?? 'x'), { cause }), properties);
}

const refused = () => error({ code: 'ECONNREFUSED', syscall: 'connect' });

describe('[ALL-64] an error of the user store is an outage', () => {
  const outages: readonly (readonly [string, unknown])[] = [
    ['of the operating system', refused()],
    ['of fetch, by its cause', new TypeError('fetch failed', { cause: error({ code: 'UND_ERR_CONNECT_TIMEOUT' }) })],
    ['of fetch, by its causes', new TypeError('fetch failed', { cause: new AggregateError([refused()]) })],
    ['that the host wrapped twice', error({}, error({}, error({}, refused())))],
    ['of a time limit', AbortSignal.timeout(0).reason ?? error({ name: 'TimeoutError' })],
    ['of a request that was given up', new DOMException('This operation was aborted', 'AbortError')],
    ['of another driver of SQL', error({ name: 'SequelizeConnectionError', parent: refused() })],
    ['of an object mapper', error({ code: 'P1001' })],
    [
      'of an object mapper that wraps the driver',
      error({ name: 'QueryFailedError', driverError: error({ code: '57P01' }) }),
    ],
    ['of a document database', error({ name: 'MongoServerSelectionError' })],
    ['of Redis', error({ name: 'MaxRetriesPerRequestError' })],
    ['of Redis that loads', error({ name: 'ReplyError', message: 'LOADING Redis is loading the dataset in memory' })],
    ['of an HTTP client that was told 503', error({ code: 'ERR_BAD_RESPONSE', response: { status: 503 } })],
    ['of the host itself, that says 503', error({ status: 503 })],
    ['of a pool', error({ message: 'timeout exceeded when trying to connect' })],
    ['of a database that is read-only', error({ code: '25006' })],
  ];

  test.each(outages)('%s', (_, thrown) => {
    const told = hostError(thrown, 'The user store');
    expect(told).toBeInstanceOf(TemporarilyUnavailableError);
    expect((told as TemporarilyUnavailableError).details).toMatchObject({
      retryAfterSeconds: 1,
      cause: thrown,
      detail: expect.stringMatching(/^The user store cannot answer: /),
    });
  });
});

describe('[ALL-64] an error of the user store is a fault', () => {
  const chain = error({});
  chain.cause = chain;
  const faults: readonly (readonly [string, unknown])[] = [
    ['of the code', new TypeError("Cannot read properties of undefined (reading 'id')")],
    ['of fetch, where the URL is wrong', new TypeError('fetch failed', { cause: new Error('unknown scheme') })],
    ['of a table that is not there', error({ code: '42P01' })],
    ['of a file that is not there', error({ code: 'ENOENT', syscall: 'open' })],
    ['of an HTTP client that was told 404', error({ code: 'ERR_BAD_REQUEST', response: { status: 404 } })],
    ['of the host itself, that says 404', error({ status: 404 })],
    ['that is its own cause', chain],
    ['that is no error', 'ECONNREFUSED'],
    ['that is nothing', undefined],
  ];

  test.each(faults)('%s', (_, thrown) => {
    expect(hostError(thrown, 'The user store')).toBe(thrown);
  });

  test('what is a refusal of this package already stays what it is', () => {
    const refusal = new InvalidTokenError();
    expect(hostError(refusal, 'The user store')).toBe(refusal);
  });
});

test('a function of the host that tells outages answers at once where the host does, and keeps its `this`', async () => {
  const host = {
    users: new Map([['5', 'alice']]),
    find: tellingOutages('find', function find(this: { users: Map<string, string> }, id: string) {
      return this.users.get(id);
    }),
  };
  expect(host.find('5')).toBe('alice');
  const later = tellingOutages('later', async (id: string) => `user ${id}`);
  expect(await later('5')).toBe('user 5');
  const throwing = tellingOutages('throwing', () => {
    throw refused();
  });
  expect(throwing).toThrow(TemporarilyUnavailableError);
  const rejecting = tellingOutages('rejecting', async () => {
    throw refused();
  });
  await expect(rejecting()).rejects.toThrow(TemporarilyUnavailableError);
});
