import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { Mysql2Driver } from '../../../src/storage/statements/mysql2-driver.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newApplication, newToken, openFixture, storeToken } from './fixture.js';

describe.each(databaseKinds())('the token reader on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  test('a stored token is found by its digest, as a plain value with numbers, strings and truth values', async () => {
    const application = await newApplication(fixture, 'Bücher');
    const { hash } = newToken();
    const createdAtMilliseconds = 1_790_000_000_123;
    const stored = await storeToken(fixture, {
      tokenHash: hash,
      applicationId: application.id,
      userId: '5',
      scope: 'read write',
      audience: ['https://api.example'],
      createdAtMilliseconds,
      expiresAtMilliseconds: createdAtMilliseconds + 1,
    });
    expect(await fixture.reader.read(hash)).toEqual({
      id: stored.id,
      applicationId: application.id,
      clientId: application.clientId,
      applicationName: 'Bücher',
      applicationDisabled: false,
      userId: '5',
      scope: 'read write',
      audience: ['https://api.example'],
      confirmation: undefined,
      createdAtMilliseconds,
      expiresAtMilliseconds: createdAtMilliseconds + 1,
      revokedAtMilliseconds: null,
      coveredByRevocation: false,
    });
    expect(typeof stored.id).toBe('number');
  });

  test('a token without application, user and audience is read as such', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    expect(await fixture.reader.read(hash)).toMatchObject({
      applicationId: null,
      clientId: null,
      applicationName: null,
      applicationDisabled: false,
      userId: null,
      audience: undefined,
    });
  });

  test('a digest that differs in one bit, or only in trailing zero bytes, is another token', async () => {
    const hash = Buffer.concat([sha256('x').subarray(0, 31), Buffer.from([0])]);
    await storeToken(fixture, { tokenHash: hash });
    const oneBit = Buffer.from(hash);
    oneBit[0] = (oneBit[0] ?? 0) ^ 1;
    expect(await fixture.reader.read(hash)).toBeDefined();
    expect(await fixture.reader.read(oneBit)).toBeUndefined();
    expect(await fixture.reader.read(hash.subarray(0, 31))).toBeUndefined();
    expect(await fixture.reader.read(Buffer.concat([hash, Buffer.from([0])]))).toBeUndefined();
    expect(await fixture.reader.read(Buffer.alloc(0))).toBeUndefined();
  });

  test('a digest can be stored once', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    await expect(storeToken(fixture, { tokenHash: hash })).rejects.toMatchObject({
      message: expect.stringMatching(/unique|duplicate/i),
    });
  });

  test('revocation and a disabled application are read at once', async () => {
    const application = await newApplication(fixture);
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash, applicationId: application.id });
    await fixture.applications.disable(application.clientId);
    expect(await fixture.reader.read(hash)).toMatchObject({ applicationDisabled: true, revokedAtMilliseconds: null });
    await fixture.tokens.revokeAccessToken(hash);
    expect((await fixture.reader.read(hash))?.revokedAtMilliseconds).toEqual(expect.any(Number));
    await fixture.applications.delete(application.clientId);
    expect(await fixture.reader.read(hash)).toBeUndefined();
  });

  const [jkt, x5tS256] = ['a'.repeat(43), 'b'.repeat(43)];
  test.each<[string | null, unknown]>([
    [JSON.stringify({ jkt }), { jkt }],
    [JSON.stringify({ 'x5t#S256': x5tS256 }), { x5tS256 }],
    [JSON.stringify({ jkt, 'x5t#S256': x5tS256 }), { jkt, x5tS256 }],
    [JSON.stringify({ cnf: { jkt } }), { jkt }],
    [JSON.stringify({ jkt, cnf: { jkt } }), 'unreadable'],
    [JSON.stringify({ cnf: { jkt, kid: 'k' } }), 'unreadable'],
    [JSON.stringify({ cnf: { jwk: {} } }), 'unreadable'],
    ['{"jkt":"a"}', 'unreadable'],
    ['{"jkt":{}}', 'unreadable'],
    ['{"x5t#S256":5}', 'unreadable'],
    ['{"cnf":"a"}', 'unreadable'],
    ['{broken', 'unreadable'],
    ['[]', 'unreadable'],
    ['{"jkt":null}', undefined],
    ['{"cnf":null}', undefined],
    ['{}', undefined],
    [null, undefined],
  ])('the key or certificate that a token is bound to is read from %j', async (payload, confirmation) => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash, payload });
    expect((await fixture.reader.read(hash))?.confirmation).toEqual(confirmation);
  });

  test('many reads at once, more than the pool has connections, are all answered', async () => {
    const hashes = Array.from({ length: 200 }, () => newToken().hash);
    for (const tokenHash of hashes) await storeToken(fixture, { tokenHash });
    const rows = await Promise.all(hashes.map((hash) => fixture.reader.read(hash)));
    expect(new Set(rows.map((row) => row?.id)).size).toBe(200);
  });

  test.each([2, 5, 16, 17, 40])('each of %i tokens that are asked for at once gets its own answer', async (count) => {
    const hashes = Array.from({ length: count }, () => newToken().hash);
    for (const [index, tokenHash] of hashes.entries())
      await storeToken(fixture, { tokenHash, userId: `user ${index}` });
    // Between them: one that there is not, one that differs in a bit, and one twice.
    const [first] = hashes as [Buffer];
    const neighbour = Buffer.from(first);
    neighbour[31] = (neighbour[31] ?? 0) ^ 1;
    const asked = [newToken().hash, first, neighbour, ...hashes];
    const rows = await Promise.all(asked.map((hash) => fixture.reader.read(hash)));
    const own = hashes.map((_, index) => `user ${index}`);
    expect(rows.map((row) => row?.userId)).toEqual([undefined, 'user 0', undefined, ...own]);
  });

  test('a read waits for an open transaction, or does not see it, but never sees what may be undone', async () => {
    const { hash } = newToken();
    const now = Date.now();
    await fixture.reader.read(hash);
    let read: unknown;
    await expect(
      fixture.models.AccessToken.transaction(async (transaction) => {
        await fixture.tokens.insertAccessToken(
          { tokenHash: hash, scope: 'read', createdAtMilliseconds: now, expiresAtMilliseconds: now + 60_000 },
          transaction,
        );
        read = fixture.reader.read(hash);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    expect(await read).toBeUndefined();
  });
});

test('tokens that are asked for in one turn share statements, and those of another turn do not wait for them', async () => {
  const fixture = await openFixture('mariadb');
  const run = jest.spyOn(Mysql2Driver.prototype, 'run');
  try {
    const hashes = Array.from({ length: 32 }, () => newToken().hash);
    await Promise.all(hashes.map((hash) => fixture.reader.read(hash)));
    expect(run).toHaveBeenCalledTimes(2);
    await Promise.all([
      fixture.reader.read(newToken().hash),
      new Promise((resolve) => setImmediate(resolve)).then(() => fixture.reader.read(newToken().hash)),
    ]);
    expect(run).toHaveBeenCalledTimes(4);
  } finally {
    run.mockRestore();
    await fixture.close();
  }
});

test('if a statement for several tokens fails, each of them is told', async () => {
  const fixture = await openFixture('mariadb');
  try {
    await fixture.reader.read(newToken().hash);
    await fixture.database.knex.destroy();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => fixture.reader.read(newToken().hash)));
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason.status : answer))).toEqual(
      Array.from({ length: 20 }, () => 503),
    );
  } finally {
    await fixture.close();
  }
});

test('on SQLite a read is answered without a promise', async () => {
  const fixture = await openFixture('sqlite');
  try {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash, userId: 'alice' });
    await fixture.reader.read(hash);
    expect(fixture.reader.read(hash)).toMatchObject({ userId: 'alice' });
    expect(fixture.reader.read(newToken().hash)).toBeUndefined();
  } finally {
    await fixture.close();
  }
});
