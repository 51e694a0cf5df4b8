import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { ConsentRepository } from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newApplication, openFixture } from './fixture.js';

describe.each(databaseKinds())('the consent repository on %s', (kind) => {
  let fixture: Fixture;
  let consents: ConsentRepository;
  let now = 1_000;

  beforeAll(async () => {
    fixture = await openFixture(kind);
    consents = new ConsentRepository(fixture.models, {
      clock: { nowMilliseconds: () => now, monotonicMilliseconds: () => now },
    });
  });

  afterAll(() => fixture.close());

  test('what is allowed adds up, each scope once, in its order', async () => {
    const { id } = await newApplication(fixture);
    expect(await consents.find('alice', id)).toEqual([]);
    expect(await consents.remember('alice', id, ['read', 'write'])).toEqual(['read', 'write']);
    now = 2_000;
    expect(await consents.remember('alice', id, ['write', 'admin', 'read'])).toEqual(['read', 'write', 'admin']);
    expect(await consents.find('alice', id)).toEqual(['read', 'write', 'admin']);
    const [granted] = await consents.list('alice');
    expect(granted).toMatchObject({ createdAtMilliseconds: 1_000, updatedAtMilliseconds: 2_000 });
  });

  test('a consent without scopes is remembered too', async () => {
    const { id } = await newApplication(fixture);
    expect(await consents.remember('sparse', id, [])).toEqual([]);
    expect(await consents.list('sparse')).toMatchObject([{ scopes: [] }]);
    expect(await consents.withdraw('sparse', id)).toBe(true);
  });

  test('of 50 concurrent calls no scope is lost, and there is one row', async () => {
    const { id } = await newApplication(fixture);
    const scopes = Array.from({ length: 50 }, (_, index) => `scope-${index}`);
    await Promise.all(scopes.map((scope) => consents.remember('crowd', id, [scope])));
    expect([...(await consents.find('crowd', id))].sort()).toEqual([...scopes].sort());
    expect(await fixture.models.Consent.query().where('user_id', 'crowd').resultSize()).toBe(1);
  });

  test('of 50 concurrent withdrawals exactly one did it, and what is allowed afterwards starts again', async () => {
    const { id } = await newApplication(fixture);
    await consents.remember('carol', id, ['read']);
    const withdrawn = await Promise.all(Array.from({ length: 50 }, () => consents.withdraw('carol', id)));
    expect(withdrawn.filter((didIt) => didIt)).toHaveLength(1);
    expect(await consents.find('carol', id)).toEqual([]);
    expect(await consents.remember('carol', id, ['write'])).toEqual(['write']);
  });

  test('each user has his own, with his applications, in the order in which they were allowed', async () => {
    const first = await newApplication(fixture, 'first');
    const second = await newApplication(fixture, 'second');
    await consents.remember('bob', second.id, ['write']);
    await consents.remember('bob', first.id, ['read']);
    await consents.remember('Bob', first.id, ['admin']);
    const granted = (await consents.list('bob')).map(({ application, scopes }) => [application.name, scopes]);
    expect(granted).toEqual([
      ['second', ['write']],
      ['first', ['read']],
    ]);
    expect(await consents.withdraw('bob', first.id)).toBe(true);
    expect(await consents.find('Bob', first.id)).toEqual(['admin']);
    expect(await consents.list('nobody')).toEqual([]);
    expect(await consents.withdraw('nobody', first.id)).toBe(false);
  });

  test('a user whose id only ends in a space is another one', async () => {
    const { id } = await newApplication(fixture);
    await consents.remember('dora', id, ['read']);
    expect([
      await consents.find('dora ', id),
      await consents.list('dora '),
      await consents.withdraw('dora ', id),
    ]).toEqual([[], [], false]);
  });

  test('a deleted application takes what it was allowed with it', async () => {
    const application = await newApplication(fixture);
    await consents.remember('erin', application.id, ['read']);
    await fixture.applications.delete(application.clientId);
    expect(await consents.list('erin')).toEqual([]);
  });

  test('what is no user or no scope is refused', async () => {
    const { id } = await newApplication(fixture);
    expect(() => consents.remember('', id, ['read'])).toThrow(TypeError);
    expect(() => consents.remember('x', id, ['a"b'])).toThrow(ConfigurationError);
    expect(() => consents.list(5 as unknown as string)).toThrow(TypeError);
  });
});
