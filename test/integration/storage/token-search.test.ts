import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import {
  type Application,
  cursorAfter,
  type TokenCursor,
  type TokenFilter,
  type TokenPage,
  TokenSearch,
} from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, openFixture, storeRefreshToken, storeToken } from './fixture.js';

/** A digest that begins with these hexadecimal digits. */
function digest(prefix: string): Buffer {
  return Buffer.from(prefix.padEnd(64, '5'), 'hex');
}

describe.each(databaseKinds())('the token search on %s', (kind) => {
  let fixture: Fixture;
  let search: TokenSearch;
  let shop: Application;
  let mail: Application;

  beforeAll(async () => {
    fixture = await openFixture(kind);
    search = new TokenSearch(fixture.models);
    const create = async (clientId: string) =>
      (await fixture.applications.create({ clientId, name: `the ${clientId}`, grantTypes: ['client_credentials'] }))
        .application;
    [shop, mail] = [await create('shop'), await create('mail')];
    await storeToken(fixture, {
      tokenHash: digest('abcd01'),
      applicationId: shop.id,
      userId: 'alice',
      createdAtMilliseconds: 1,
    });
    await storeToken(fixture, { tokenHash: digest('abcd0f'), applicationId: shop.id, createdAtMilliseconds: 2 });
    await storeToken(fixture, {
      tokenHash: digest('abce'),
      applicationId: mail.id,
      userId: 'alice',
      createdAtMilliseconds: 3,
    });
    await storeToken(fixture, { tokenHash: digest('ffff'), userId: 'alice ', createdAtMilliseconds: 4 });
    await storeRefreshToken(fixture, {
      tokenHash: digest('abcd00'),
      applicationId: shop.id,
      userId: 'alice',
      createdAtMilliseconds: 5,
    });
  });

  afterAll(() => fixture.close());

  async function found(filter: TokenFilter): Promise<string[]> {
    return (await search.search(filter)).map((token) => `${token.kind} ${token.hash.slice(0, 6)}`);
  }

  test('finds by application, by user and by the beginning of the digest, newest first, both kinds', async () => {
    expect(await found({ clientId: 'shop' })).toEqual(['refresh abcd00', 'access abcd0f', 'access abcd01']);
    expect(await found({ userId: 'alice' })).toEqual(['refresh abcd00', 'access abce55', 'access abcd01']);
    expect(await found({ hashPrefix: 'ABCD' })).toEqual(['refresh abcd00', 'access abcd0f', 'access abcd01']);
    expect(await found({ hashPrefix: 'abcd0f' })).toEqual(['access abcd0f']);
    // An odd number of digits is half a byte.
    expect(await found({ hashPrefix: 'abcd0' })).toHaveLength(3);
    expect(await found({ hashPrefix: digest('ffff').toString('hex') })).toEqual(['access ffff55']);
    expect(await found({ clientId: 'shop', userId: 'alice', kind: 'access' })).toEqual(['access abcd01']);
    expect(await found({ clientId: 'SHOP' })).toEqual([]);
    expect(await found({ clientId: 'nobody\0' })).toEqual([]);
    expect(await found({ hashPrefix: '0000' })).toEqual([]);
  });

  test('answers plain values, and nowhere a token', async () => {
    const token = 'the token itself';
    await storeToken(fixture, { tokenHash: sha256(token), applicationId: mail.id, userId: 'carol', scope: 'a b' });
    const [row, ...others] = await search.search({ userId: 'carol' });
    expect(others).toEqual([]);
    expect(row).toEqual({
      kind: 'access',
      id: expect.any(Number),
      hash: sha256(token).toString('hex'),
      clientId: 'mail',
      applicationName: 'the mail',
      userId: 'carol',
      scopes: ['a', 'b'],
      createdAtMilliseconds: expect.any(Number),
      expiresAtMilliseconds: expect.any(Number),
      revokedAtMilliseconds: null,
    });
    await fixture.tokens.revokeAccessToken(sha256(token));
    expect((await search.find('access', row?.id as number))?.revokedAtMilliseconds).toEqual(expect.any(Number));
    expect(await search.find('refresh', 4_711)).toBeUndefined();
    expect(await search.find('access', Number.NaN)).toBeUndefined();
  });

  test.each([
    [{ clientId: 'shop', kind: 'access' } as const, ['abcd0f', 'abcd01']],
    [{ clientId: 'shop' }, ['abcd00', 'abcd0f', 'abcd01']],
  ])('goes on page by page: %j', async (filter, hashes) => {
    expect(await allPages(filter, 1)).toEqual(hashes);
  });

  test('goes on page by page through both kinds, without loss and double, also where clocks went back', async () => {
    const columns = (number: number, createdAtMilliseconds: number) => ({
      tokenHash: digest(`ee${number}0`),
      userId: 'dora',
      createdAtMilliseconds,
    });
    for (const [number, createdAtMilliseconds] of [5, 9, 6, 7, 7].entries())
      await storeToken(fixture, columns(number, createdAtMilliseconds));
    for (const [number, createdAtMilliseconds] of [8, 4, 7, 10].entries()) {
      await storeRefreshToken(fixture, columns(number + 5, createdAtMilliseconds));
    }
    const all = (await search.search({ userId: 'dora' })).map(({ hash }) => hash.slice(0, 6));
    expect([...all].sort()).toEqual(Array.from({ length: 9 }, (_, number) => `ee${number}055`.slice(0, 6)));
    for (const limit of [1, 2, 3, 8, 9, 10])
      expect([limit, await allPages({ userId: 'dora' }, limit)]).toEqual([limit, all]);
  });

  /** The beginnings of the digests on all pages, one page after the other. */
  async function allPages(filter: TokenFilter, limit: number): Promise<string[]> {
    const hashes: string[] = [];
    let before: TokenCursor = {};
    for (;;) {
      const page = await search.search(filter, { limit, before });
      if (page.length === 0) return hashes;
      hashes.push(...page.map(({ hash }) => hash.slice(0, 6)));
      before = cursorAfter(page, before);
    }
  }

  test.each<[TokenFilter, TokenPage]>([
    [{}, {}],
    [{ hashPrefix: 'abc' }, {}],
    [{ hashPrefix: 'abcg' }, {}],
    [{ hashPrefix: 'a'.repeat(65) }, {}],
    [{ hashPrefix: 'abcd%' }, {}],
    [{ userId: '' }, {}],
    [{ userId: 'alice' }, { limit: 0 }],
    [{ userId: 'alice' }, { limit: 1_001 }],
    [{ userId: 'alice' }, { before: { access: 0.5 } }],
    [{ userId: 'alice' }, { before: { refresh: Number.NaN } }],
  ])('%j with the page %j is refused', async (filter, page) => {
    await expect(search.search(filter, page)).rejects.toThrow(TypeError);
  });
});
